//! What a bootstrap needs: configuration, logs, metrics, HTTP in JSON, and AWS (feature `aws`).
//!
//! Only bootstraps link this crate; a function's library takes ports.

#[cfg(feature = "aws")]
mod aws;
mod aws_settings;
mod config;
mod logs;
pub mod metrics;
mod panics;

#[cfg(feature = "aws")]
pub use aws::{Aws, SecretsManager};
pub use aws_settings::{AwsSettings, Keys};
pub use config::{BadSetting, Config};
pub use http_api::{Problem, answer, read_json};
pub use logs::{Format, Logs};
pub use panics::report_panics;
