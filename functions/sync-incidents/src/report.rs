//! What one sync did.

use graph_auth::Cause;
use graph_security::{ByKind, RecordKind, Unreadable, Usage};
use incident_store::{ConnectionId, SyncStatus, Upserted};
use jiff::Timestamp;
use serde::Serialize;

/// How many unreadable rows are named in a report.
const NAMED: usize = 100;

/// What one sync of one connection did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Which connection.
    pub connection: ConnectionId,
    /// How it ended.
    pub outcome: Outcome,
    /// The incidents, and the alerts.
    #[serde(flatten)]
    pub streams: ByKind<StreamReport>,
    /// Pages read.
    pub pages: u32,
    /// Requests to Graph, and what they brought.
    #[serde(flatten)]
    pub usage: Usage,
    /// Graph's own id of the request that it answered last, for its support.
    pub graph_request_id: Option<String>,
    /// Now minus the instant up to which everything is read, in seconds; `None` before the first success.
    pub lag_seconds: Option<i64>,
    /// When to run again to go on with what may be asked; `None` when that is read until the connection is due
    /// again. A list that waits for Microsoft is not among it: see [`SyncStatus::throttled`].
    pub resume: Option<Timestamp>,
    /// The connection was claimed. It was not where a look found all as it was, or was not answered.
    pub claimed: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What it has noticed for the first time.
    #[serde(flatten)]
    pub news: News,
    /// How the connection is doing after it.
    pub status: SyncStatus,
}

/// What a sync has added to what its connection's status counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct News {
    /// Changes that only the hourly sweep found.
    pub found_by_hourly_sweep: u64,
    /// Changes that only the daily sweep found.
    pub found_by_daily_sweep: u64,
    /// Things more than before that are set aside.
    pub newly_set_aside: u64,
}

impl News {
    /// What `after` has more than `before`. Whoever dies between both has the next sync tell.
    pub(crate) fn between(before: &SyncStatus, after: &SyncStatus) -> Self {
        let more = |of: fn(&SyncStatus) -> u64| of(after).saturating_sub(of(before));
        Self {
            found_by_hourly_sweep: more(|status| status.observed.found_by_hourly_sweep),
            found_by_daily_sweep: more(|status| status.observed.found_by_daily_sweep),
            newly_set_aside: more(|status| status.set_aside.len() as u64),
        }
    }
}

/// How a sync ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "result")]
pub enum Outcome {
    /// Everything there was to read is read.
    Complete,
    /// The new is read; history or something set aside is still to come.
    Progressing,
    /// Time, budget or a throttle ended it; the next run goes on.
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
    /// The turn is over: there was a run since its slot began, or it came too late.
    Over,
    /// The connection is pending, paused or removed.
    Inactive,
}

/// What one sync did to one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamReport {
    /// Everything of it is read up to here, by Microsoft's clock.
    pub read_up_to: Option<Timestamp>,
    /// Now minus `read_up_to`, in seconds; `None` before the first success.
    pub lag_seconds: Option<i64>,
    /// What is new of it was read to its end in this sync.
    pub live_done: bool,
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

impl Report {
    /// The report of a sync that was not begun.
    pub(crate) fn without_run(connection: ConnectionId, outcome: Outcome) -> Self {
        Self {
            connection,
            outcome,
            streams: ByKind::default(),
            pages: 0,
            usage: Usage::default(),
            graph_request_id: None,
            lag_seconds: None,
            resume: None,
            claimed: false,
            duration_ms: 0,
            news: News::default(),
            status: SyncStatus::default(),
        }
    }

    /// The report of a sync at `now` that asked nothing, because nothing may be asked yet. The lists lag
    /// all the same.
    pub(crate) fn put_off(connection: ConnectionId, status: SyncStatus, now: Timestamp) -> Self {
        let mut streams = ByKind::<StreamReport>::default();
        for kind in RecordKind::ALL {
            streams[kind].stands(status.streams[kind].read_up_to, false, now);
        }
        Self {
            streams,
            lag_seconds: lag(status.read_up_to, now),
            status,
            ..Self::without_run(connection, Outcome::Interrupted)
        }
    }
}

/// How many seconds ago everything up to then was read.
pub(crate) fn lag(read_up_to: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    read_up_to.map(|read| now.duration_since(read).as_secs())
}

impl StreamReport {
    pub(crate) fn count(&mut self, upserted: &[Upserted]) {
        for record in upserted {
            self.seen += 1;
            *match record {
                Upserted::Created { .. } => &mut self.created,
                Upserted::Updated { .. } => &mut self.updated,
                Upserted::Unchanged => &mut self.unchanged,
                Upserted::Older { .. } => &mut self.older,
            } += 1;
        }
    }

    /// Where the list stands at `now`.
    pub(crate) fn stands(&mut self, read_up_to: Option<Timestamp>, live_done: bool, now: Timestamp) {
        (self.read_up_to, self.live_done, self.lag_seconds) = (read_up_to, live_done, lag(read_up_to, now));
    }

    pub(crate) fn unreadable(&mut self, rows: Vec<Unreadable>) {
        self.unreadable_total += rows.len() as u64;
        let room = NAMED.saturating_sub(self.unreadable.len());
        self.unreadable.extend(rows.into_iter().take(room));
    }
}
