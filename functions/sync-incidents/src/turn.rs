//! A connection's turn: what a tick gives, and what a message of the queue carries.

use incident_store::schedule::TICK;
use incident_store::{ConnectionId, Due};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A turn is over after its connection's interval, and not before so many ticks.
const LEAST_TICKS: i32 = 2;

/// One connection's turn in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Whose.
    pub connection: ConnectionId,
    /// When the tick came that gave it, the first one in the slot. A run that began since then is the slot's only one.
    pub slot: Timestamp,
    /// From then on it is over: the next turn has long been given. A queue that is behind loses what is over, and so
    /// never holds more than a few minutes of work.
    pub until: Timestamp,
}

impl Turn {
    /// The turn that a connection has with the tick of `tick`, if it has one.
    #[must_use]
    pub fn of(due: &Due, tick: Timestamp) -> Option<Self> {
        let interval = SignedDuration::try_from(due.timing.interval).unwrap_or(SignedDuration::MAX);
        let lasts = interval.max(TICK * LEAST_TICKS);
        let until = tick.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        due.timing.has_turn(tick).then_some(Self { connection: due.timing.id, slot: tick, until })
    }

    /// Whether it is over at `now`.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until
    }
}
