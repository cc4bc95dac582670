//! Records whose instant may have gone back: the store has a later one, and answers show an earlier one.
//!
//! A front end that lags shows the same for a while. So a record is read by itself an hour after an earlier instant was
//! first seen, and once more an hour after that. Where both reads show an earlier instant and no answer in between
//! showed the stored one, the second read replaces what is stored.

use incident_store::Over;
use incident_store::believed::has_passed;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Novelty, Row, Taken};

/// Between two reads of a record by itself.
const APART: SignedDuration = SignedDuration::from_hours(1);

/// A record that was read so often, and where two reads did not agree, is left to the next sweep that meets it.
const MOST_READS: u8 = 8;

/// More are not kept at a time: the sweeps meet the others again.
const MOST: usize = 50;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Doubts(Vec<Doubt>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Doubt {
    id: String,
    /// The stored version that is in doubt.
    revision: u64,
    /// When the record is to be read, by our clock.
    due: Timestamp,
    /// When the first read that showed an earlier instant was answered, by Microsoft's clock: ours may jump.
    shown: Option<Timestamp>,
    /// How often the record was read.
    reads: u8,
}

impl Doubts {
    /// Notes what an answer shows. Whether anything changed.
    pub(super) fn saw(&mut self, row: &Row, now: Timestamp) -> bool {
        let place = self.0.iter().position(|doubt| doubt.id == row.id);
        match (row.novelty, place) {
            (Novelty::Passed, _) => false,
            (Novelty::Older { revision }, Some(place)) if self.0[place].revision == revision => false,
            (Novelty::Older { revision }, None) if self.0.len() < MOST => {
                let id = row.id.clone();
                self.0.push(Doubt { id, revision, due: now + APART, shown: None, reads: 0 });
                true
            }
            (_, Some(place)) => {
                self.0.swap_remove(place);
                true
            }
            (_, None) => false,
        }
    }

    /// One that is to be read now, and what the answer replaces.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(String, Option<Over>)> {
        self.0.retain(|doubt| doubt.reads < MOST_READS);
        let doubt = self.0.iter_mut().find(|doubt| has_passed(doubt.due, APART, now))?;
        doubt.due = now + APART;
        doubt.reads += 1;
        let over = doubt.shown.map(|shown| Over { revision: doubt.revision, from: shown + APART });
        Some((doubt.id.clone(), over))
    }

    /// The record was read by itself, and [`Self::saw`] has seen it.
    pub(super) fn was_read(&mut self, id: &str, taken: &Taken<'_>) {
        let Some(place) = self.0.iter().position(|doubt| doubt.id == id) else { return };
        let doubt = &mut self.0[place];
        doubt.shown = doubt.shown.or(taken.date);
        if taken.rows.is_empty() {
            self.0.swap_remove(place);
        }
    }

    /// The record is not there.
    pub(super) fn ended(&mut self, id: &str) {
        self.0.retain(|doubt| doubt.id != id);
    }
}

#[cfg(test)]
mod tests {
    use graph_security::Evidence;

    use super::*;
    use crate::plan::Next;

    fn minutes(n: i64) -> Timestamp {
        "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(n)
    }

    fn row(novelty: Novelty) -> Row {
        Row { id: "1".to_owned(), created: None, updated: Some(minutes(0)), novelty }
    }

    /// An answer to a read of the record by itself, by the clocks of both sides.
    fn read(doubts: &mut Doubts, novelty: Novelty, date: Option<Timestamp>, now: Timestamp) {
        let rows = [row(novelty)];
        let evidence = Evidence::default();
        let taken =
            Taken { rows: &rows, total: 1, next: Next::End, date, said: date, partial: false, now, evidence };
        doubts.saw(&rows[0], now);
        doubts.was_read("1", &taken);
    }

    const OLDER: Novelty = Novelty::Older { revision: 7 };

    #[test]
    fn the_second_read_an_hour_after_the_first_replaces_the_version_in_doubt() {
        let mut doubts = Doubts::default();
        assert!(doubts.saw(&row(OLDER), minutes(0)));
        assert!(!doubts.saw(&row(OLDER), minutes(1)), "nothing new");
        assert_eq!(doubts.take_due(minutes(59)), None, "a front end that lags shows the same");
        assert_eq!(doubts.take_due(minutes(60)), Some(("1".to_owned(), None)));
        read(&mut doubts, OLDER, Some(minutes(61)), minutes(60));
        assert_eq!(doubts.take_due(minutes(119)), None);
        let over = Over { revision: 7, from: minutes(121) };
        assert_eq!(doubts.take_due(minutes(120)), Some(("1".to_owned(), Some(over))));
        read(&mut doubts, Novelty::WentBack, Some(minutes(121)), minutes(120));
        assert_eq!(doubts, Doubts::default());
    }

    #[test]
    fn an_answer_in_between_that_shows_the_stored_version_ends_the_doubt() {
        for shown in [Novelty::Known, Novelty::Changed, Novelty::Older { revision: 8 }] {
            let mut doubts = Doubts::default();
            doubts.saw(&row(OLDER), minutes(0));
            doubts.take_due(minutes(60));
            read(&mut doubts, OLDER, Some(minutes(60)), minutes(60));
            assert!(doubts.saw(&row(shown), minutes(90)));
            assert_eq!(doubts.take_due(minutes(150)), None, "{shown:?}");
        }
    }

    #[test]
    fn where_microsoft_tells_no_time_nothing_is_replaced_and_the_reads_end() {
        let mut doubts = Doubts::default();
        doubts.saw(&row(OLDER), minutes(0));
        let mut reads = 0;
        for hour in 1..24 {
            if let Some((_, over)) = doubts.take_due(minutes(60 * hour)) {
                assert_eq!(over, None);
                read(&mut doubts, OLDER, None, minutes(60 * hour));
                reads += 1;
            }
        }
        assert_eq!((reads, doubts), (MOST_READS, Doubts::default()));
    }

    #[test]
    fn a_record_that_cannot_be_read_is_left_to_the_next_sweep() {
        let mut doubts = Doubts::default();
        doubts.saw(&row(OLDER), minutes(0));
        let reads = (1..400).filter(|hour| doubts.take_due(minutes(60 * hour)).is_some()).count();
        assert_eq!((reads, doubts), (MOST_READS.into(), Doubts::default()));
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_keep_a_record_from_being_read() {
        let mut doubts = Doubts::default();
        doubts.saw(&row(OLDER), minutes(60 * 24 * 365));
        assert!(doubts.take_due(minutes(0)).is_some());
    }

    #[test]
    fn the_list_is_bounded() {
        let mut doubts = Doubts::default();
        for id in 0..100 {
            doubts.saw(&Row { id: id.to_string(), ..row(OLDER) }, minutes(0));
        }
        assert_eq!(doubts.0.len(), MOST);
    }
}
