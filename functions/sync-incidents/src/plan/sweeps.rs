//! When the last day and the last week are read once more.

use incident_store::believed::has_passed;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One sweep's schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sweep {
    /// When it is due, by our clock.
    due: Option<Timestamp>,
    /// Seconds between two, longer while it does not fit.
    period: i64,
    /// Seconds between two, when it fits.
    wanted: i64,
    /// Up to where everything was read when the last one that ended began, by Microsoft's clock: what it
    /// did not see became visible later than that.
    since: Option<Timestamp>,
    /// The same for the one in progress.
    begun: Option<Timestamp>,
}

impl Sweep {
    pub(super) fn every(wanted: SignedDuration) -> Self {
        let wanted = wanted.as_secs();
        Self { due: None, period: wanted, wanted, since: None, begun: None }
    }

    /// Whether it is due, and since when it is to find what became visible. The first is due one period
    /// after the first time it is asked. While the last one still runs, the period is doubled instead.
    pub(super) fn is_due(
        &mut self,
        now: Timestamp,
        running: bool,
        read_up_to: Timestamp,
    ) -> Option<Timestamp> {
        let since = *self.since.get_or_insert(read_up_to);
        let Some(due) = self.due else {
            self.due = Some(now + SignedDuration::from_secs(self.period));
            return None;
        };
        if !has_passed(due, SignedDuration::from_secs(self.period), now) {
            return None;
        }
        self.period = if running { self.period * 2 } else { self.wanted.max(self.period / 2) };
        self.due = Some(now + SignedDuration::from_secs(self.period));
        if running {
            return None;
        }
        self.begun = Some(read_up_to);
        Some(since.min(read_up_to))
    }

    /// It is due now.
    pub(super) fn make_due(&mut self) {
        self.due = Some(Timestamp::MIN);
    }

    /// The one in progress was read to its end.
    pub(super) fn ended(&mut self) {
        self.since = self.begun.take().or(self.since);
    }

    /// How many times longer than wanted the period is.
    pub(super) fn stretched(&self) -> i64 {
        self.period / self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_does_not_fit_comes_less_often_until_it_fits() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let hours = |n| start + SignedDuration::from_hours(n);
        let mut sweep = Sweep::every(SignedDuration::from_hours(1));
        let mut is_due = |hour, running| sweep.is_due(hours(hour), running, hours(hour)).is_some();
        assert!(!is_due(0, false));
        assert!(is_due(1, false));
        assert!(!is_due(2, true), "the last one still runs");
        assert!(!is_due(3, false));
        assert!(is_due(4, false));
        assert_eq!(sweep.stretched(), 1);
        assert!(sweep.is_due(hours(5), true, hours(5)).is_none());
        assert_eq!(sweep.stretched(), 2);
    }

    #[test]
    fn a_due_time_that_a_clock_which_was_ahead_has_set_is_not_believed() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let hours = |n| start + SignedDuration::from_hours(n);
        let mut sweep = Sweep::every(SignedDuration::from_hours(1));
        assert_eq!(sweep.is_due(hours(24 * 365), false, start), None);
        assert_eq!(sweep.is_due(hours(1), false, hours(1)), Some(start), "the clock is right again");
        assert_eq!(sweep.is_due(hours(1), false, hours(1)), None);
    }

    #[test]
    fn a_sweep_looks_for_all_that_the_last_one_that_ended_could_not_see() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let hours = |n| start + SignedDuration::from_hours(n);
        let mut sweep = Sweep::every(SignedDuration::from_hours(1));
        assert_eq!(sweep.is_due(start, false, start), None);
        assert_eq!(sweep.is_due(hours(1), false, hours(1)), Some(start));
        assert_eq!(sweep.is_due(hours(30), false, hours(30)), Some(start), "the last one never ended");
        sweep.ended();
        assert_eq!(sweep.is_due(hours(31), false, hours(31)), Some(hours(30)));
    }
}
