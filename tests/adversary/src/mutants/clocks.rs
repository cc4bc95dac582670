//! The engine's own planning, with a clock that it believes.

use graph_security::RecordKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_incidents::plan::{Ask, Failure, Lane, Plan, Standing, StreamPlan, Taken};

/// The engine's planning, where a clock that was ahead is believed for ever.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Believing {
    plan: StreamPlan,
    latest: Timestamp,
}

impl Believing {
    fn believed(&mut self, now: Timestamp) -> Timestamp {
        self.latest = now.max(self.latest);
        self.latest
    }
}

impl Plan for Believing {
    fn new(kind: RecordKind, since: Timestamp) -> Self {
        Self { plan: StreamPlan::new(kind, since), latest: Timestamp::MIN }
    }

    fn ask(&mut self, lane: Lane, now: Timestamp) -> Option<Ask> {
        let now = self.believed(now);
        self.plan.ask(lane, now)
    }

    fn took(&mut self, taken: &Taken<'_>) {
        let now = self.believed(taken.now);
        self.plan.took(&Taken { now, ..taken.clone() });
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
