//! What one sync did.

use graph_auth::Cause;
use graph_security::{Unreadable, Usage};
use incident_store::{ConnectionId, SyncStatus};
use serde::Serialize;

/// What one sync of one connection did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which connection.
    pub connection: ConnectionId,
    /// How it ended.
    pub outcome: Outcome,
    /// The incidents.
    pub incidents: StreamReport,
    /// The alerts.
    pub alerts: StreamReport,
    /// Pages read.
    pub pages: u32,
    /// Requests to Graph, and what they brought.
    #[serde(flatten)]
    pub usage: Usage,
    /// Now minus the instant up to which everything is read, in seconds; `None` before the first success.
    pub lag_seconds: Option<i64>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How the connection is doing after it.
    pub status: SyncStatus,
}

/// How a sync ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum Outcome {
    /// Everything there was to read is read.
    Complete,
    /// The new is read; history or something set aside is still to come.
    Progressing,
    /// Time, budget or a throttle ended it before all that is new was read; the next run goes on.
    Interrupted,
    /// It does not work; the cause says what to do.
    Failed {
        /// Why.
        #[serde(flatten)]
        cause: Cause,
        /// Codes and request ids for support.
        detail: String,
    },
    /// Another run has the connection.
    Busy,
    /// The connection is pending, paused or removed.
    Inactive,
}

/// What one sync did to one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamReport {
    /// Records in all pages read.
    pub seen: u64,
    /// New ones.
    pub created: u64,
    /// Changed ones.
    pub updated: u64,
    /// Ones that are as the store has them.
    pub unchanged: u64,
    /// Ones older than what the store has.
    pub older: u64,
    /// Rows that are no records, or whose instant cannot be read; the first hundred by name.
    pub unreadable: Vec<Unreadable>,
    /// How many unreadable rows in all.
    pub unreadable_total: u64,
}
