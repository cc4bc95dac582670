//! What is wrong with the environment.

use graph_auth::BadOverride;

use crate::logs::BadLogs;

/// A setting that cannot be used. Its value is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSetting {
    /// Of the endpoints.
    #[error(transparent)]
    Endpoint(#[from] BadOverride),
    /// Of the logs.
    #[error(transparent)]
    Logs(#[from] BadLogs),
    /// Of the outgoing addresses.
    #[error("SOC_ANYWHERE_EGRESS_ADDRESSES: expected IP addresses separated by commas")]
    Egress,
    /// It is not set, and this function needs it.
    #[error("{0}: not set")]
    Missing(&'static str),
    /// Of the stack.
    #[error("SOC_ANYWHERE_STACK: expected at most 128 letters, digits and -")]
    Stack,
    /// Of how much an owner may.
    #[error("{0}: expected a whole number of at least 1")]
    Limit(&'static str),
    /// Of the retention.
    #[error("SOC_ANYWHERE_RETENTION_DAYS: expected 181 to 36500 days")]
    Retention,
}
