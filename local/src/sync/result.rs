//! What became of one connection, over all of its runs.

use graph_security::{ByKind, Usage};
use incident_store::health::{Fault, Health};
use incident_store::{Connection, ConnectionId, Progress, SyncStatus};
use serde::Serialize;
use sync_incidents::{Outcome, Report, StreamReport};

use crate::text::{is_simulated, label};

/// One item of `sync --json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncResult {
    connection: ConnectionId,
    name: Option<String>,
    simulated: bool,
    #[serde(flatten)]
    pub(super) ended: Ended,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<Fault>,
    runs: u32,
    #[serde(flatten)]
    pub(super) streams: ByKind<StreamReport>,
    pub(super) pages: u32,
    #[serde(flatten)]
    pub(super) usage: Usage,
    lag_seconds: Option<i64>,
    pub(super) duration_ms: u64,
    pub(super) status: SyncStatus,
    #[serde(skip)]
    pub(super) label: String,
    #[serde(skip)]
    of: Connection,
}

/// How it ended.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Ended {
    /// As its last run did.
    Ran(Outcome),
    /// It was not run: `skipped`.
    Skipped { result: &'static str, note: &'static str },
    /// This program or its store failed: `failed`, without a cause in the connection.
    Broken { result: &'static str, note: String },
}

impl SyncResult {
    pub(super) fn new(connection: &Connection) -> Self {
        Self {
            connection: connection.id,
            name: connection.settings.name.clone(),
            simulated: is_simulated(connection),
            ended: Ended::Ran(Outcome::Inactive),
            fault: None,
            runs: 0,
            streams: ByKind::default(),
            pages: 0,
            usage: Usage::default(),
            lag_seconds: None,
            duration_ms: 0,
            status: SyncStatus::default(),
            label: label(connection),
            of: connection.clone(),
        }
    }

    /// This program could not bring the sync to an end.
    pub(super) fn broken(&mut self, note: String) {
        self.ended = Ended::Broken { result: "failed", note };
    }

    /// A person ended the sync before its own end. What the run in progress has stored is not counted.
    pub(super) fn interrupted(&mut self) {
        self.fault = None;
        self.ended = Ended::Ran(Outcome::Interrupted);
    }

    pub(super) fn add(&mut self, report: Report) {
        self.runs += 1;
        let ByKind { incidents, alerts } = report.streams;
        add_stream(&mut self.streams.incidents, incidents);
        add_stream(&mut self.streams.alerts, alerts);
        self.pages += report.pages;
        self.usage.calls += report.usage.calls;
        self.usage.throttles += report.usage.throttles;
        self.usage.bytes += report.usage.bytes;
        self.lag_seconds = report.lag_seconds;
        self.duration_ms += report.duration_ms;
        self.status = report.status;
        let failed = matches!(report.outcome, Outcome::Failed { .. });
        self.fault = if failed { self.fault_now() } else { None };
        self.ended = Ended::Ran(report.outcome);
    }

    /// The fault that the last run has written down.
    fn fault_now(&self) -> Option<Fault> {
        let status = serde_json::to_string(&self.status).unwrap_or_default();
        let progress = Progress { status, ..Progress::default() };
        Health::of(&self.of, &progress, self.status.last_attempt.unwrap_or_default()).fault
    }

    /// Whether the command did not do what it was asked to with this connection.
    pub(super) fn failed(&self) -> bool {
        match &self.ended {
            Ended::Ran(outcome) => {
                matches!(outcome, Outcome::Failed { .. } | Outcome::Interrupted | Outcome::Busy)
            }
            Ended::Skipped { .. } => false,
            Ended::Broken { .. } => true,
        }
    }

    /// Records that were really written.
    pub(super) fn written(&self) -> u64 {
        self.streams.values().map(|stream| stream.created + stream.updated).sum()
    }
}

fn add_stream(sum: &mut StreamReport, more: StreamReport) {
    (sum.read_up_to, sum.lag_seconds, sum.live_done) = (more.read_up_to, more.lag_seconds, more.live_done);
    sum.seen += more.seen;
    sum.created += more.created;
    sum.updated += more.updated;
    sum.unchanged += more.unchanged;
    sum.older += more.older;
    sum.unreadable_total += more.unreadable_total;
    for row in more.unreadable {
        if !sum.unreadable.contains(&row) {
            sum.unreadable.push(row);
        }
    }
}
