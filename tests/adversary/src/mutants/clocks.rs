//! The engine's own planning, with clocks that it believes.

use graph_security::RecordKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_incidents::plan::{Ask, Failure, Lane, Plan, Standing, StreamPlan, Taken};

/// A clock that was ahead is believed for ever.
pub const NEVER_BACK: u8 = 0;
/// That Microsoft says another time is not noticed.
pub const NOT_COMPARED: u8 = 1;

/// The engine's planning with one thing wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Believing<const BUG: u8> {
    plan: StreamPlan,
    latest: Timestamp,
}

impl<const BUG: u8> Believing<BUG> {
    fn believed(&mut self, now: Timestamp) -> Timestamp {
        self.latest = now.max(self.latest);
        if BUG == NEVER_BACK { self.latest } else { now }
    }
}

impl<const BUG: u8> Plan for Believing<BUG> {
    fn new(kind: RecordKind, since: Timestamp) -> Self {
        Self { plan: StreamPlan::new(kind, since), latest: Timestamp::MIN }
    }

    fn ask(&mut self, lane: Lane, now: Timestamp) -> Option<Ask> {
        let now = self.believed(now);
        self.plan.ask(lane, now)
    }

    fn took(&mut self, taken: &Taken<'_>) {
        let now = self.believed(taken.now);
        let said = if BUG == NOT_COMPARED { taken.date } else { taken.said };
        self.plan.took(&Taken { now, said, ..taken.clone() });
    }

    fn failed(&mut self, failure: &Failure, now: Timestamp) {
        let now = self.believed(now);
        self.plan.failed(failure, now);
    }

    fn begin(&mut self) {
        self.plan.begin();
    }

    fn changed(&mut self, incident_id: &str) {
        self.plan.changed(incident_id);
    }

    fn standing(&self) -> Standing<'_> {
        self.plan.standing()
    }
}
