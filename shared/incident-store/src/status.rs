//! How a connection is doing, as its last sync left it: what lists, pages and alarms read.

use graph_auth::Cause;
use graph_security::{ByKind, Evidence, Property, RecordKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A sync's account of its connection. Kept as JSON in [`crate::SyncState::status`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncStatus {
    /// When a sync last ended, as far as it was written.
    pub last_attempt: Option<Timestamp>,
    /// Up to when everything that was new has been read, of both streams: the older of their last successes.
    pub last_success: Option<Timestamp>,
    /// Up to where everything is read, by Microsoft's clock; the lag is now minus this. The older of both
    /// streams.
    pub read_up_to: Option<Timestamp>,
    /// What keeps it from working.
    pub failing: Option<Failing>,
    /// Until when nothing may be asked: of Entra, or of either list.
    pub not_before: Option<Timestamp>,
    /// What could not be read yet and is tried again every hour.
    pub set_aside: Vec<SetAside>,
    /// How far back there is still history to be read, per stream; `None` when all of it is read.
    pub backfill_from: Option<Timestamp>,
    /// Notes on how this tenant's Graph behaves; see docs/assumptions.md.
    pub observed: Observed,
    /// Each list by itself.
    pub streams: ByKind<StreamStatus>,
}

/// How one list of a connection is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StreamStatus {
    /// Up to where everything of it is read, by Microsoft's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_up_to: Option<Timestamp>,
    /// When a sync last read everything that was new of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// Until when it is left alone: Microsoft has asked for it, or it fails and is tried again then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// What keeps it from working.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
}

impl SyncStatus {
    /// Until when Microsoft asked to be left alone: of all (no kind), or of which lists. What fails and is put off for
    /// it is not among it.
    #[must_use]
    pub fn throttled(&self, now: Timestamp) -> Vec<(Option<RecordKind>, Timestamp)> {
        let is_waiting = |until: &Timestamp| *until > now;
        match self.not_before.filter(is_waiting) {
            Some(until) if self.failing.is_none() => vec![(None, until)],
            _ => {
                let lists = self.streams.iter().filter(|(_, stream)| stream.failing.is_none());
                lists
                    .filter_map(|(kind, stream)| Some((Some(kind), stream.not_before.filter(is_waiting)?)))
                    .collect()
            }
        }
    }

    /// Whether nothing fails and nothing is put off.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let is_well = |stream: &StreamStatus| stream.failing.is_none() && stream.not_before.is_none();
        self.failing.is_none() && self.not_before.is_none() && self.streams.values().all(is_well)
    }

    /// Reads a stored status. One that cannot be read is as good as none: the next sync writes it anew.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// Why a connection does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failing {
    /// What to do about it.
    #[serde(flatten)]
    pub cause: Cause,
    /// Which stream; `None` for both.
    pub stream: Option<RecordKind>,
    /// Codes and request ids for support; no secret, no message of Microsoft's.
    pub detail: String,
    /// Since when, without interruption.
    pub since: Timestamp,
    /// How many syncs in a row.
    pub times: u32,
}

/// Something that keeps failing on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetAside {
    /// Which stream.
    pub kind: RecordKind,
    /// What.
    pub what: Aside,
    /// How it failed.
    pub reason: String,
    /// The last try that failed, for Microsoft's support.
    #[serde(default)]
    pub evidence: Evidence,
    /// Since when.
    pub since: Timestamp,
    /// When it was last tried.
    pub last_try: Timestamp,
    /// How often.
    pub tries: u32,
}

/// What is set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Aside {
    /// One record that cannot be read.
    Record {
        /// Its id.
        id: String,
    },
    /// All records whose `by` lies between two instants, both included.
    Interval {
        /// The property.
        by: Property,
        /// The first instant.
        from: Timestamp,
        /// The last instant.
        to: Timestamp,
    },
}

/// What was noticed about how this tenant's Graph behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Observed {
    /// The overlap in force, in seconds.
    pub overlap_seconds: u64,
    /// The worst lateness of the last seven days, in seconds: how long after its instant a change became
    /// visible, where a sync had read past that instant before.
    pub worst_lateness_seconds: u64,
    /// How many times less often than wanted the sweeps come, because they do not fit their share; 1 when
    /// they fit.
    pub sweeps_stretched: u64,
    /// Changes that only the hourly sweep found.
    pub found_by_hourly_sweep: u64,
    /// Changes that only the daily sweep found.
    pub found_by_daily_sweep: u64,
    /// Changes of content at an unchanged instant.
    pub changed_in_place: u64,
    /// Records whose instant went back. Zero in a status from before this was counted.
    pub went_back: u64,
    /// Pages in which filter or order were not as asked.
    pub unasked_pages: u64,
    /// Answers without a `Date`.
    pub undated_answers: u64,
    /// Answers that said of themselves that something is missing (206, `Warning`).
    pub partial_answers: u64,
    /// Rows that were no records, or whose instant could not be read.
    pub unreadable_rows: u64,
}

impl Observed {
    /// What two lists of one connection show together: the worst of what is measured, the sum of what is counted.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            overlap_seconds: self.overlap_seconds.max(other.overlap_seconds),
            worst_lateness_seconds: self.worst_lateness_seconds.max(other.worst_lateness_seconds),
            sweeps_stretched: self.sweeps_stretched.max(other.sweeps_stretched),
            found_by_hourly_sweep: self.found_by_hourly_sweep + other.found_by_hourly_sweep,
            found_by_daily_sweep: self.found_by_daily_sweep + other.found_by_daily_sweep,
            changed_in_place: self.changed_in_place + other.changed_in_place,
            went_back: self.went_back + other.went_back,
            unasked_pages: self.unasked_pages + other.unasked_pages,
            undated_answers: self.undated_answers + other.undated_answers,
            partial_answers: self.partial_answers + other.partial_answers,
            unreadable_rows: self.unreadable_rows + other.unreadable_rows,
        }
    }
}
