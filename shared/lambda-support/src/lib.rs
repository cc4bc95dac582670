//! What a bootstrap needs: configuration, logs, and HTTP in JSON.
//!
//! Only bootstraps link this crate; a function's library takes ports.

mod config;
mod logs;
mod panics;

pub use config::{BadSetting, Config};
pub use http_api::{Problem, answer, read_json};
pub use logs::{Format, Logs};
pub use panics::report_panics;
