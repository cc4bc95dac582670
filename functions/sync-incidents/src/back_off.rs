//! When something that failed is tried again.

use incident_store::Failing;
use jiff::{SignedDuration, Timestamp};

/// A customer's fault is tried again after 1, 5, 15 and then every 60 minutes: often enough that a cure is
/// noticed, seldom enough that a tenant in trouble is left alone.
const BACK_OFF: [SignedDuration; 4] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(60),
];

/// Until when what fails is left alone; `None` for a failure that passes by itself.
pub(crate) fn until(failing: &Failing, now: Timestamp) -> Option<Timestamp> {
    let times = usize::try_from(failing.times).unwrap_or(usize::MAX);
    let wait = BACK_OFF[times.saturating_sub(1).min(BACK_OFF.len() - 1)];
    (!failing.cause.may_pass()).then(|| now + wait)
}

/// When a failure that passes by itself is looked at again, where the interval is longer.
pub(crate) fn soon(now: Timestamp) -> Timestamp {
    now + BACK_OFF[0]
}
