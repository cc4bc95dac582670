//! How late changes become visible, and how far the next read therefore reaches back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// To start with: five minutes (field reports: items become queryable up to minutes after their instant).
const LEAST: i64 = 300;

/// At most an hour: what is later is for the sweeps.
const MOST: i64 = 3600;

/// The worst lateness is remembered for this many days.
const DAYS: i64 = 7;

/// The worst lateness of each of the last days, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Lateness {
    /// Day number since 1970, and that day's worst.
    days: Vec<(i64, i64)>,
}

impl Lateness {
    /// A change of `instant` was first seen at `seen`, although everything before a later instant had been
    /// read before.
    pub(super) fn saw(&mut self, instant: Timestamp, seen: Timestamp) {
        let late = seen.duration_since(instant).as_secs().max(0);
        let day = seen.as_second().div_euclid(86_400);
        match self.days.iter_mut().find(|(other, _)| *other == day) {
            Some((_, worst)) => *worst = late.max(*worst),
            None => self.days.push((day, late)),
        }
        self.days.retain(|(other, _)| (day - other).abs() < DAYS);
    }

    /// The worst of the last seven days, in seconds.
    pub(super) fn worst(&self) -> i64 {
        self.days.iter().map(|(_, worst)| *worst).max().unwrap_or(0)
    }

    /// How far the live read reaches back: twice the worst.
    pub(super) fn overlap(&self) -> SignedDuration {
        SignedDuration::from_secs((2 * self.worst()).clamp(LEAST, MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overlap_is_twice_the_worst_of_a_week_within_its_bounds() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let after = |seconds| start + SignedDuration::from_secs(seconds);
        let mut lateness = Lateness::default();
        assert_eq!(lateness.overlap().as_secs(), 300);
        lateness.saw(start, after(400));
        assert_eq!(lateness.overlap().as_secs(), 800);
        lateness.saw(start, after(4_000));
        assert_eq!(lateness.overlap().as_secs(), 3_600, "capped at an hour");
        lateness.saw(after(8 * 86_400), after(8 * 86_400 + 10));
        assert_eq!(lateness.overlap().as_secs(), 300, "a week later it is forgotten");
        lateness.saw(after(400 * 86_400), after(400 * 86_400 + 4_000));
        lateness.saw(after(9 * 86_400), after(9 * 86_400 + 10));
        assert_eq!(lateness.overlap().as_secs(), 300, "so is what a clock that was ahead has left");
    }
}
