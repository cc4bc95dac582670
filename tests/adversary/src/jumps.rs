//! When our own clock is astray, and by how much: as that of a machine that was resumed.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

/// The times at which our clock is wrong by far. They are drawn from a generator of their own.
#[derive(Debug, Default)]
pub(crate) struct Jumps(Vec<Jump>);

#[derive(Debug)]
struct Jump {
    from: Timestamp,
    until: Timestamp,
    off: SignedDuration,
}

/// A due time or a lease that lies no further ahead is believed: that is how long a clock that was ahead may keep us
/// from syncing when it is right again.
const BELIEVED: SignedDuration = SignedDuration::from_mins(62);

/// Our clock jumps in so many trials out of ten.
const TRIALS_OF_TEN: u32 = 4;

impl Jumps {
    pub(crate) fn new(seed: u64, start: Timestamp, calm: Timestamp) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9).wrapping_add(83));
        let mut jumps = Vec::new();
        if rng.u32(..10) >= TRIALS_OF_TEN {
            return Self(jumps);
        }
        let mut at = start;
        loop {
            at += SignedDuration::from_secs(rng.i64(2 * 3_600..24 * 3_600));
            let until = at + SignedDuration::from_secs(rng.i64(60..2 * 3_600));
            if until >= calm {
                return Self(jumps);
            }
            let most = [90 * 60, 6 * 3_600, 3 * 86_400, 400 * 86_400][rng.usize(..4)];
            let off = SignedDuration::from_secs(rng.i64(20 * 60..most));
            jumps.push(Jump { from: at, until, off: if rng.bool() { off } else { -off } });
            at = until;
        }
    }

    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// By how much our clock is astray at this true time, and until when the last jump may keep us from syncing.
    pub(crate) fn at(&self, now: Timestamp) -> (SignedDuration, Timestamp) {
        let begun = self.0.iter().rev().find(|jump| jump.from <= now);
        let Some(jump) = begun else { return (SignedDuration::ZERO, Timestamp::MIN) };
        let hinders = jump.until + jump.off.abs().min(BELIEVED) + SignedDuration::from_mins(2);
        (if now < jump.until { jump.off } else { SignedDuration::ZERO }, hinders)
    }
}
