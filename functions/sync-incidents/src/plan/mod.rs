//! The pure planning step: state and answer in, state and next request out. No clock, no network, no store.
//!
//! Instants are Microsoft's wherever something is read up to; ours only decide when to look again.

mod aside;
mod doubts;
mod lateness;
mod part;
mod range;
mod stream;
mod sweeps;

use graph_security::{Evidence, NextLink, PageFault, Query, RecordKind};
use incident_store::{Observed, Over, SetAside};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use stream::StreamPlan;

// An answer's `Date` that is further off our clock is not believed, nor is a row's instant that is further ahead: one of
// them would move the watermark to where nothing is found any more.
pub(crate) use incident_store::CLOCKS_DIFFER;

/// The planning of one stream. The engine has one implementation, [`StreamPlan`]; the harness that shows
/// that losses would be found puts known-bad ones in its place.
pub trait Plan: Serialize + DeserializeOwned + Send {
    /// The plan of a stream that was never read: everything updated at or after `since`.
    fn new(kind: RecordKind, since: Timestamp) -> Self;

    /// What to ask next in `lane`; `None` when there is nothing to ask there now. `now` is our clock.
    fn ask(&mut self, lane: Lane, now: Timestamp) -> Option<Ask>;

    /// The last ask was answered, and its records are durable in the store.
    fn took(&mut self, taken: &Taken<'_>);

    /// The last ask failed in a way that may be its own.
    fn failed(&mut self, failure: &Failure, now: Timestamp);

    /// A run begins: what is new is to be looked for again.
    fn begin(&mut self);

    /// What is set aside is to be tried in this run. A plan that sets nothing aside has nothing to do.
    fn retry_aside(&mut self) {}

    /// What was updated since then is to be read once more.
    fn read_again(&mut self, _since: Timestamp) {}

    /// The sweeps are to begin now.
    fn sweep_now(&mut self) {}

    /// An incident changed; told to the plan of its alerts.
    fn changed(&mut self, incident_id: &str);

    /// Where it stands.
    fn standing(&self) -> Standing<'_>;
}

/// What the work of a run is divided into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// What is new. First in every run.
    Live,
    /// What was set aside, and the sweeps: at most a quarter of a run.
    Check,
    /// Backfill and gaps, newest first.
    History,
}

impl Lane {
    pub(crate) const ALL: [Self; 3] = [Self::Live, Self::Check, Self::History];
}

/// A request, and what of its answer is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What to ask for.
    pub target: Target,
    /// Which rows to store.
    pub keep: Keep,
}

/// Which rows of an answer are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of them, asked for or not.
    All,
    /// Those without a `lastUpdateDateTime`: the rest of that page may be older than the connection's
    /// horizon.
    Undated,
    /// None: the rows are ids and instants only.
    Nothing,
    /// All of them, over this stored version where their instant is earlier.
    Over(Over),
}

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The first page of a query.
    Page(Query),
    /// The page behind a link.
    Link(NextLink),
    /// One record.
    Record(String),
    /// The alerts of one incident.
    AlertsOf(String),
}

impl Target {
    /// Whose resource it is, where the list of `kind` asks: a wait that Graph asks for is about that list.
    pub(crate) fn list(&self, kind: RecordKind) -> RecordKind {
        match self {
            Self::AlertsOf(_) => RecordKind::Incident,
            Self::Page(_) | Self::Link(_) | Self::Record(_) => kind,
        }
    }
}

/// An answer whose records are stored.
#[derive(Clone, Debug)]
pub struct Taken<'a> {
    /// The rows that are records, in the answer's order.
    pub rows: &'a [Row],
    /// How many rows there were, unreadable ones included.
    pub total: usize,
    /// Where the next page is.
    pub next: Next,
    /// Microsoft's clock when it answered, where it says so and can be believed.
    pub date: Option<Timestamp>,
    /// Microsoft's clock when it answered, believed or not.
    pub said: Option<Timestamp>,
    /// The answer says of itself that something is missing.
    pub partial: bool,
    /// Our clock.
    pub now: Timestamp,
    /// The answer's ids, for Microsoft's support.
    pub evidence: Evidence,
}

impl Taken<'_> {
    /// How much later it is by Microsoft's clock than by ours; zero where both are believed, `None` where Microsoft
    /// does not say.
    fn clocks_differ(&self) -> Option<SignedDuration> {
        let differ = self.said?.duration_since(self.now);
        Some(if self.date.is_some() { SignedDuration::ZERO } else { differ })
    }

    /// The earlier of the two clocks: nothing that is later has happened, whichever of them is wrong.
    fn at_least(&self) -> Timestamp {
        self.said.map_or(self.now, |said| said.min(self.now))
    }

    fn why(&self, reason: &str) -> Why {
        Why { reason: reason.to_owned(), evidence: self.evidence.clone() }
    }
}

/// Where the next page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is none.
    End,
    /// Behind this link.
    Link(NextLink),
    /// Behind a link that must not be followed.
    Foreign,
}

/// One stored row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// `createdDateTime`.
    pub created: Option<Timestamp>,
    /// `lastUpdateDateTime`.
    pub updated: Option<Timestamp>,
    /// What it was to the store.
    pub novelty: Novelty,
}

/// What a row was to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// New, or newer than what the store had.
    Changed,
    /// Other content at an unchanged instant.
    ChangedInPlace,
    /// Other content, at an earlier instant.
    WentBack,
    /// As the store had it.
    Known,
    /// Older than what the store has.
    Older {
        /// The revision of the stored version.
        revision: u64,
    },
    /// Not stored: see [`Keep`].
    Passed,
}

impl Novelty {
    /// Whether the store was written.
    #[must_use]
    pub fn is_change(self) -> bool {
        matches!(self, Self::Changed | Self::ChangedInPlace | Self::WentBack)
    }
}

/// A failure that may be the ask's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The page or record cannot be had.
    Page(PageFault),
    /// The link was refused: expired, or never good.
    Link,
    /// The request was not accepted (400).
    Rejected,
}

/// A failure of an ask, and the try that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the ask failed.
    pub how: Failed,
    /// The last try.
    pub evidence: Evidence,
}

impl From<Failed> for Failure {
    /// A failure without an answer.
    fn from(how: Failed) -> Self {
        Self { how, evidence: Evidence::default() }
    }
}

/// Why something is set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Why {
    reason: String,
    evidence: Evidence,
}

impl Failure {
    fn why(&self) -> Why {
        let reason = match self.how {
            Failed::Page(fault) => fault.to_string(),
            Failed::Link => "link refused".to_owned(),
            Failed::Rejected => "request not accepted".to_owned(),
        };
        Why { reason, evidence: self.evidence.clone() }
    }
}

/// Where a stream stands, for the report and the status.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent answers, not a state")]
pub struct Standing<'a> {
    /// Everything up to here is read, by Microsoft's clock.
    pub read_up_to: Option<Timestamp>,
    /// Whether the live range is read to its end.
    pub live_done: bool,
    /// The oldest instant that is still to be read for the first time.
    pub history_from: Option<Timestamp>,
    /// Ranges besides the live one are waiting or in progress.
    pub pending: bool,
    /// In this run everything failed, down to a single second: this is not about a record.
    pub outage: bool,
    /// Something fails and is being narrowed down: requests are not to be repeated below.
    pub in_trouble: bool,
    /// What is set aside.
    pub aside: &'a [SetAside],
    /// How this tenant's Graph behaves.
    pub observed: Observed,
    /// Grows with everything that is worth keeping beyond the watermark: the checkpoint is written when it
    /// has changed.
    pub changes: u64,
}
