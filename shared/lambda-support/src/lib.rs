//! What a bootstrap needs: configuration, logs, and HTTP in JSON.
//!
//! Only bootstraps link this crate; a function's library takes ports.

mod config;
mod http_json;
mod logs;
mod panics;
mod problem;

pub use config::{BadSetting, Config};
pub use http_json::{answer, read_json};
pub use logs::{Format, Logs};
pub use panics::report_panics;
pub use problem::Problem;
