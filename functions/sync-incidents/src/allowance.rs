//! How many requests a connection may still cost its tenant, across runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many requests one connection may cost its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Microsoft's published limits, read most strictly: 50 a minute and 1,500 an hour.
    Microsoft,
    /// None: for a server of one's own, whose 429 decides.
    Unlimited,
}

/// Microsoft publishes no limit for Graph's incidents. The two figures are those of the older incidents API
/// of the same service, 50 calls a minute and 1,500 an hour, well under the 150 a minute that Graph
/// publishes for security alerts.
const PER_MINUTE: u32 = 50;
const PER_HOUR: u32 = 1_500;

/// In one minute of the clock: half, so that no 60 seconds across two of them hold more than the limit, and
/// so that a run that reads history leaves the next one its share for what is new.
const PER_CLOCK_MINUTE: u32 = PER_MINUTE / 2;

/// What a look costs: one request for each list. A look leaves no trace, so each minute is taken to have had one.
pub(crate) const LOOK: u32 = 2;

/// Requests of the last hour, by the minute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Spent(Vec<(i64, u32)>);

impl Spent {
    /// What may be spent now. `looks`: of each minute, what a look may have cost is not there any more.
    pub(crate) fn left(&self, budget: Budget, now: Timestamp, looks: bool) -> u32 {
        let looks = if looks { LOOK } else { 0 };
        match budget {
            Budget::Unlimited => u32::MAX,
            Budget::Microsoft => {
                let minute = minute_of(now);
                let since = |first: i64| {
                    // A minute that has not come was written under a clock that was ahead.
                    let minutes = self.0.iter().filter(|(other, _)| (first..=minute).contains(other));
                    minutes.map(|(_, calls)| *calls).sum::<u32>()
                };
                let minutely = (PER_CLOCK_MINUTE - looks).saturating_sub(since(minute));
                minutely.min((PER_HOUR - 60 * looks).saturating_sub(since(minute - 60)))
            }
        }
    }

    /// When there is more to spend than now.
    pub(crate) fn replenished(now: Timestamp) -> Timestamp {
        Timestamp::from_second((minute_of(now) + 1) * 60).unwrap_or(now)
    }

    pub(crate) fn add(&mut self, calls: u32, now: Timestamp) {
        let minute = minute_of(now);
        self.0.retain(|(other, _)| *other >= minute - 60 && *other <= minute);
        match self.0.iter_mut().find(|(other, _)| *other == minute) {
            Some((_, spent)) => *spent += calls,
            None => self.0.push((minute, calls)),
        }
    }
}

fn minute_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn no_sixty_seconds_and_no_hour_hold_more_than_their_limit_with_looks_and_without() {
        let start: Timestamp = "2026-01-01T00:00:30Z".parse().unwrap();
        for looks in [false, true] {
            let mut spent = Spent::default();
            let mut calls: Vec<(i64, u32)> = Vec::new();
            for second in 0..3 * 3_600 {
                let now = start + SignedDuration::from_secs(second);
                if looks && second % 60 == 7 {
                    calls.push((second, LOOK));
                }
                let left = spent.left(Budget::Microsoft, now, looks);
                if left > 0 {
                    spent.add(left, now);
                    calls.push((second, left));
                }
            }
            for window in [(60, PER_MINUTE), (3_600, PER_HOUR)] {
                for (start, _) in &calls {
                    let inside = calls.iter().filter(|(at, _)| (*start..start + window.0).contains(at));
                    assert!(inside.map(|(_, calls)| calls).sum::<u32>() <= window.1, "{window:?} at {start}");
                }
            }
            assert!(calls.iter().map(|(_, calls)| calls).sum::<u32>() >= 3 * PER_HOUR - 3 * PER_MINUTE);
            assert_eq!(spent.left(Budget::Unlimited, start, looks), u32::MAX);
            let before = start - SignedDuration::from_hours(2);
            assert!(spent.left(Budget::Microsoft, before, looks) >= PER_CLOCK_MINUTE - LOOK);
        }
    }
}
