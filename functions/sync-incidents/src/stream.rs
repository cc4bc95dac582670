//! One list of a connection: its plan, when it may be asked, why it fails, and what this run did with it.

use graph_security::RecordKind;
use incident_store::believed::{LONGEST_WAIT, has_passed};
use incident_store::{Failing, StreamStatus};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::back_off;
use crate::ended::Blocked;
use crate::plan::Plan;
use crate::report::StreamReport;

/// One list. What is not skipped is kept from run to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "P: Serialize + DeserializeOwned")]
pub(crate) struct Stream<P> {
    pub(crate) plan: P,
    /// Until then the list is not asked: Graph's `Retry-After`, or the back-off of `failing`.
    not_before: Option<Timestamp>,
    failing: Option<Failing>,
    /// When what is new was last read to its end.
    last_success: Option<Timestamp>,
    #[serde(skip)]
    pub(crate) report: StreamReport,
    /// Why this run leaves the list alone from now on. The other one goes on.
    #[serde(skip)]
    pub(crate) blocked: Option<Blocked>,
    #[serde(skip)]
    pub(crate) failures_in_a_row: u32,
}

impl<P: Plan> Stream<P> {
    /// A list that was never read.
    pub(crate) fn new(kind: RecordKind, since: Timestamp) -> Self {
        Self {
            plan: P::new(kind, since),
            not_before: None,
            failing: None,
            last_success: None,
            report: StreamReport::default(),
            blocked: None,
            failures_in_a_row: 0,
        }
    }

    /// Until when the list is not asked.
    pub(crate) fn put_off(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before.filter(|until| !has_passed(*until, LONGEST_WAIT, now))
    }

    /// What failed is to be tried now. What Graph asked for is kept to.
    pub(crate) fn forget_back_off(&mut self) {
        if self.failing.is_some() {
            self.not_before = None;
        }
    }

    /// Takes down that the list was answered, and whether that ends a failure.
    pub(crate) fn answered(&mut self) -> bool {
        self.failures_in_a_row = 0;
        self.failing.take().is_some()
    }

    pub(crate) fn may_be_asked(&self, now: Timestamp) -> bool {
        self.blocked.is_none() && self.put_off(now).is_none()
    }

    /// Something fails and is being narrowed down.
    pub(crate) fn is_in_trouble(&self) -> bool {
        self.plan.standing().in_trouble
    }

    /// Takes down how the run ended for this list.
    pub(crate) fn end(&mut self, kind: RecordKind, now: Timestamp) {
        let standing = self.plan.standing();
        let (read_up_to, live_done) = (standing.read_up_to, standing.live_done);
        if live_done {
            self.last_success = Some(now);
        }
        self.not_before = match &self.blocked {
            Some(Blocked::Until(until)) => Some(*until),
            Some(Blocked::Failed(failure) | Blocked::Unreachable(failure)) => {
                let failing = failure.since(Some(kind), self.failing.as_ref(), now);
                let until = back_off::until(&failing, now);
                self.failing = Some(failing);
                until
            }
            Some(Blocked::Tried) | None => self.put_off(now),
        };
        self.report.stands(read_up_to, live_done, now);
    }

    /// This run met a failure that somebody is told of.
    fn has_met_failure(&self) -> bool {
        self.blocked.as_ref().is_some_and(|blocked| blocked.failure().is_some())
    }

    /// The failure that this run met, or that keeps the list from being asked.
    pub(crate) fn failed(&self, now: Timestamp) -> Option<&Failing> {
        self.failing.as_ref().filter(|_| self.has_met_failure() || self.put_off(now).is_some())
    }

    /// When this list is to be asked again for what is left; `None` where nothing is left until the connection is
    /// due, and where the list is put off or fails. `refilled`: when there is a budget again.
    pub(crate) fn resume(&self, now: Timestamp, refilled: Timestamp) -> Option<Timestamp> {
        let standing = self.plan.standing();
        let may_be_asked = self.put_off(now).is_none() && self.failed(now).is_none();
        (may_be_asked && (standing.pending || !standing.live_done)).then_some(refilled)
    }

    /// When this list is due: what is left does not wait for an interval that may be a day.
    pub(crate) fn due(&self, now: Timestamp, refilled: Timestamp, due: Timestamp) -> Timestamp {
        match (self.put_off(now), self.failed(now)) {
            (Some(until), _) => until,
            (None, Some(_)) => back_off::soon(now).min(due),
            (None, None) => self.resume(now, refilled).map_or(due, |at| at.min(due)),
        }
    }

    pub(crate) fn status(&self) -> StreamStatus {
        StreamStatus {
            read_up_to: self.plan.standing().read_up_to,
            last_success: self.last_success,
            not_before: self.not_before,
            failing: self.failing.clone(),
        }
    }
}
