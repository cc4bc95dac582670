//! Which of our own instants are believed.
//!
//! The clock of a laptop or a virtual machine that was resumed may be a year ahead for a while. The instants that it
//! sets in that time stay behind when it is right again. An instant that lies further ahead than its kind ever does
//! comes from such a clock, and counts as passed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A connection waits for its interval, for a `Retry-After` or for the end of a back-off. Neither of the last two is
/// longer than this.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// A lease is not longer than this: a run takes 15 minutes at most, and clocks that share a store differ by minutes.
pub const LONGEST_LEASE: SignedDuration = SignedDuration::from_mins(30);

/// Whether `instant` has come, or lies further ahead than `period`, the longest that its kind does.
#[must_use]
pub fn has_passed(instant: Timestamp, period: SignedDuration, now: Timestamp) -> bool {
    instant <= now || instant.duration_since(now) > period
}

/// The furthest ahead that the next sync of a connection with this interval can lie.
#[must_use]
pub fn longest_until_due(interval: Duration) -> SignedDuration {
    SignedDuration::try_from(interval).unwrap_or(SignedDuration::MAX).max(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_too_far_ahead_has_passed() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let hour = SignedDuration::from_hours(1);
        for (seconds, passed) in [(-1, true), (0, true), (1, false), (3_600, false), (3_601, true)] {
            let instant = now + SignedDuration::from_secs(seconds);
            assert_eq!(has_passed(instant, hour, now), passed, "{seconds}");
        }
        assert!(has_passed(Timestamp::MAX, hour, Timestamp::MIN), "nothing overflows");
    }
}
