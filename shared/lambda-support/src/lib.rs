//! What a bootstrap needs: configuration, logs, metrics, HTTP in JSON, who asks (feature `http`), and AWS
//! (feature `aws`).
//!
//! Only bootstraps link this crate; a function's library takes ports.

#[cfg(feature = "aws")]
mod aws;
mod aws_settings;
mod bad_setting;
#[cfg(feature = "http")]
mod callers;
mod config;
mod contained;
mod logs;
mod meanwhile;
pub mod metrics;
mod panics;
#[cfg(feature = "http")]
mod text;

#[cfg(feature = "aws")]
pub use aws::{Aws, DynamoAttempts, Invoker, NotInvoked, SecretsManager};
pub use aws_settings::{AwsSettings, Keys};
pub use bad_setting::BadSetting;
#[cfg(feature = "http")]
pub use callers::Callers;
pub use config::Config;
pub use contained::contained;
pub use http_api::{Problem, answer, read_json};
pub use logs::{Format, Logs};
pub use meanwhile::meanwhile;
#[cfg(feature = "aws")]
pub use meanwhile::warm_up;
pub use panics::report_panics;
#[cfg(feature = "http")]
pub use text::Text;
