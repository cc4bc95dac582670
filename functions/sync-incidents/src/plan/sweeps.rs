//! When the last day and the last week are read once more.

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
}

impl Sweep {
    pub(super) fn every(wanted: SignedDuration) -> Self {
        Self { due: None, period: wanted.as_secs(), wanted: wanted.as_secs() }
    }

    /// Whether it is due. The first is due one period after the first time it is asked. While the last one
    /// still runs, the period is doubled instead.
    pub(super) fn is_due(&mut self, now: Timestamp, running: bool) -> bool {
        let Some(due) = self.due else {
            self.due = Some(now + SignedDuration::from_secs(self.period));
            return false;
        };
        if now < due {
            return false;
        }
        self.period = if running { self.period * 2 } else { self.wanted.max(self.period / 2) };
        self.due = Some(now + SignedDuration::from_secs(self.period));
        !running
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
        assert!(!sweep.is_due(start, false));
        assert!(sweep.is_due(hours(1), false));
        assert!(!sweep.is_due(hours(2), true), "the last one still runs");
        assert_eq!(sweep.stretched(), 2);
        assert!(!sweep.is_due(hours(3), false));
        assert!(sweep.is_due(hours(4), false));
        assert_eq!(sweep.stretched(), 1);
    }
}
