//! When a connection has its turn.
//!
//! Time is divided into slots of the connection's interval, which begin at the connection's own phase. A timer's tick
//! gives a connection at most one turn in a slot, whether or not the turn before it left anything behind: a turn that
//! finds nothing new writes nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::ConnectionId;
use crate::believed::{has_passed, longest_until_due};

/// Between two ticks of the timer.
pub const TICK: SignedDuration = SignedDuration::from_secs(60);

/// While nothing is new, a connection is claimed only so often, and its success written: people see it as old at most.
pub const ATTEMPTED_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// What a store keeps about when a connection is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Which connection.
    pub id: ConnectionId,
    /// How often it is synced.
    pub interval: Duration,
    /// Not before then.
    pub next_due: Timestamp,
    /// When it was last claimed.
    pub last_attempt: Option<Timestamp>,
}

impl Timing {
    /// Whether it is due at `now`.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        has_passed(self.next_due, longest_until_due(self.interval), now)
    }

    /// Whether it has a turn with the tick of `tick`.
    ///
    /// A slot's turn comes with the first tick in it. It comes with each tick until it is claimed where it never was,
    /// where a person has changed it since, and where it should have been by now.
    #[must_use]
    pub fn has_turn(&self, tick: Timestamp) -> bool {
        if !self.is_due(tick) {
            return false;
        }
        // An attempt that is yet to come was made by a clock that was ahead.
        let attempt = self.last_attempt.filter(|attempt| *attempt <= tick + TICK);
        let attempt = attempt.filter(|attempt| self.next_due > *attempt && self.next_due <= tick);
        let Some(attempt) = attempt else { return true };
        let slot = slot_at(self.id, self.interval, tick).max(self.next_due);
        let is_first = tick.duration_since(slot) < TICK;
        is_first || self.is_late(attempt, tick)
    }

    /// Whether a turn is given anew that is not known to have been taken: the queue may have lost it. Where turns are
    /// short and many of them write nothing, it is known of none; the next one then comes soon enough.
    fn is_late(&self, attempt: Timestamp, tick: Timestamp) -> bool {
        let interval = SignedDuration::try_from(self.interval).unwrap_or(SignedDuration::MAX);
        interval >= ATTEMPTED_EVERY || tick.duration_since(attempt) >= ATTEMPTED_EVERY + interval
    }

    /// When it is to have been claimed at the latest, where everything keeps pace.
    #[must_use]
    pub fn expected(&self) -> Timestamp {
        let attempt =
            self.last_attempt.map(|attempt| attempt.saturating_add(between_attempts(self.interval)));
        attempt.map_or(self.next_due, |attempt| self.next_due.max(attempt.unwrap_or(Timestamp::MAX)))
    }
}

/// How long it may be between two claims of a connection.
#[must_use]
pub fn between_attempts(interval: Duration) -> SignedDuration {
    SignedDuration::try_from(interval).unwrap_or(SignedDuration::MAX).max(ATTEMPTED_EVERY)
}

/// When the slot began in which `at` lies.
#[must_use]
pub fn slot_at(id: ConnectionId, interval: Duration, at: Timestamp) -> Timestamp {
    let interval = milliseconds(interval);
    let into = (at.as_millisecond() + phase(id, interval)).rem_euclid(interval);
    Timestamp::from_millisecond(at.as_millisecond() - into).unwrap_or(at)
}

/// When the slot after that one begins.
#[must_use]
pub fn next_slot(id: ConnectionId, interval: Duration, at: Timestamp) -> Timestamp {
    let slot = slot_at(id, interval, at);
    slot.checked_add(SignedDuration::from_millis(milliseconds(interval))).unwrap_or(Timestamp::MAX)
}

/// A share of `whole` that is the connection's own, spread evenly over all connections.
#[must_use]
pub fn share_of(id: ConnectionId, whole: SignedDuration) -> SignedDuration {
    let parts = u64::try_from(whole.as_millis()).unwrap_or(1).max(1);
    let part = digest(id) % parts;
    SignedDuration::from_millis(i64::try_from(part).unwrap_or(0))
}

/// Of whole ticks: where all have the same interval, each tick has as many turns as any other.
fn phase(id: ConnectionId, interval: i64) -> i64 {
    let tick = i64::try_from(TICK.as_millis()).unwrap_or(i64::MAX);
    let ticks = u64::try_from(interval / tick).unwrap_or(1).max(1);
    i64::try_from(digest(id) % ticks).unwrap_or(0) * tick
}

fn digest(id: ConnectionId) -> u64 {
    xxhash_rust::xxh3::xxh3_64(id.to_string().as_bytes())
}

/// At least one, and no more than instants have room for.
fn milliseconds(interval: Duration) -> i64 {
    const YEAR: i64 = 366 * 86_400_000;
    i64::try_from(interval.as_millis()).unwrap_or(YEAR).clamp(1, YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_793_610_000 + seconds).unwrap()
    }

    fn id(number: u8) -> ConnectionId {
        ConnectionId::new(at(0), [number; 10])
    }

    fn timing(interval: u64, next_due: i64, last_attempt: Option<i64>) -> Timing {
        let interval = Duration::from_secs(interval);
        Timing { id: id(1), interval, next_due: at(next_due), last_attempt: last_attempt.map(at) }
    }

    fn ticks(minutes: i64) -> impl Iterator<Item = Timestamp> {
        (0..minutes).map(|minute| at(17 + minute * 60))
    }

    /// The ticks of so many minutes that it has a turn with.
    fn turns(timing: Timing, minutes: i64) -> Vec<Timestamp> {
        ticks(minutes).filter(|tick| timing.has_turn(*tick)).collect()
    }

    #[test]
    fn a_connection_has_one_turn_in_each_of_its_slots_while_nothing_is_written() {
        for (interval, minutes) in [(60, 9), (90, 9), (120, 9), (300, 9), (420, 9)] {
            let last = slot_at(id(1), Duration::from_secs(interval), at(0)) + SignedDuration::from_secs(1);
            let next_due = next_slot(id(1), Duration::from_secs(interval), last);
            let timing = Timing { next_due, last_attempt: Some(last), ..timing(interval, 0, None) };
            let interval = i64::try_from(interval).unwrap();
            let expected = (1..).map(|turn| next_due + SignedDuration::from_secs((turn - 1) * interval));
            let first_in = |slot: Timestamp| ticks(minutes).find(|tick| *tick >= slot);
            let expected: Vec<_> = expected.map_while(first_in).collect();
            assert_eq!(turns(timing, minutes), expected, "{interval}");
        }
    }

    #[test]
    fn what_was_never_tried_and_what_a_person_has_changed_has_a_turn_with_each_tick() {
        for of in [timing(300, 0, None), timing(300, -900, Some(0)), timing(86_400, -900, Some(0))] {
            assert_eq!(turns(of, 9), ticks(9).collect::<Vec<_>>(), "{of:?}");
        }
    }

    #[test]
    fn a_claim_that_is_overdue_is_asked_for_with_each_tick() {
        // Its message was lost, or its turn dropped.
        let day = timing(86_400, 120, Some(-86_400));
        assert_eq!(turns(day, 60).len(), 58);
        let minutes = timing(300, 0, Some(-300));
        assert_eq!(
            turns(minutes, 20).len() - turns(minutes, 10).len(),
            10,
            "with each tick, when 15 minutes have passed"
        );
    }

    #[test]
    fn nothing_has_a_turn_before_its_time_and_a_clock_that_was_ahead_keeps_none_from_its_turn() {
        assert_eq!(turns(timing(60, 3_000, Some(0)), 40), []);
        assert_eq!(turns(timing(60, 400 * 86_400, Some(0)), 3).len(), 3);
        assert_eq!(turns(timing(60, 0, Some(400 * 86_400)), 3).len(), 3);
    }

    #[test]
    fn phases_spread_the_turns_of_an_interval_over_its_ticks() {
        let mut slots = [0; 10];
        for number in 0..=255 {
            let start = slot_at(id(number), Duration::from_secs(600), at(0));
            let minute = at(0).duration_since(start).as_secs() / 60;
            slots[usize::try_from(minute).unwrap()] += 1;
        }
        assert!(slots.iter().all(|slots| (10..45).contains(slots)), "{slots:?}");
    }

    #[test]
    fn what_is_expected_counts_from_the_last_attempt() {
        assert_eq!(timing(60, 0, None).expected(), at(0));
        assert_eq!(timing(60, 60, Some(0)).expected(), at(600));
        assert_eq!(timing(3_600, 3_600, Some(0)).expected(), at(3_600));
        assert_eq!(timing(60, 1_800, Some(0)).expected(), at(1_800), "it is put off");
    }
}
