//! The usual walk: each page begins at the last one's last instant.

use graph_security::RecordKind;
use jiff::Timestamp;

use super::{
    Effects, Flow, Mode, Part, SECOND, TICK, ceil_second, floor_second, ids_at, other, whole_seconds,
};
use crate::plan::{Next, Row, Taken};

impl Part {
    pub(super) fn took_keyset(
        &mut self,
        kind: RecordKind,
        taken: &Taken<'_>,
        keys: &[Option<Timestamp>],
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        let by_link = self.link.take().is_some();
        let is_full = taken.total >= usize::from(self.top);
        let is_last = taken.next == Next::End && !is_full;
        let asked = keys.iter().all(|key| self.contains(*key));
        effects.unasked |= !asked || !taken.rows.iter().all(|row| self.is_fixed(row));

        if !by_link && !self.is_joined(taken.rows) {
            return Flow::Continue(());
        }
        if taken.rows.iter().any(|row| self.expected.contains(&row.id)) {
            self.expected.clear();
        }
        if is_last && !self.expected.is_empty() {
            self.doubt = self.expected.pop();
            return Flow::Continue(());
        }
        if is_last {
            // Everything there is, whatever its order.
            return Flow::Break(());
        }
        if !asked || !keys.is_sorted() {
            effects.unasked = true;
            self.distrust(keys, fallback_end);
            return Flow::Continue(());
        }
        if !*effects.ordered.by(self.by) && !keys.is_empty() {
            // One row, or rows of one instant, are in order whatever their list is: a step from here could
            // pass over rows that come later in it.
            self.distrust(keys, fallback_end);
            return Flow::Continue(());
        }
        let last = keys.last().copied();
        match last {
            Some(last) if last > self.at => {
                // On from the last row, by instant: rows that move to the end of the list meanwhile shift
                // no page, as they would along a link over a live list.
                self.stand_on(last, taken.rows);
                self.grow(kind);
                Flow::Continue(())
            }
            // No step possible: no row that can be read, or a page of one instant. A link may pass over rows
            // when others leave the list meanwhile, so it is followed only where it leaves nothing behind.
            None if taken.total == 0 => self.follow(&taken.next, fallback_end),
            None => {
                self.distrust(&[], fallback_end);
                Flow::Continue(())
            }
            _ => self.split_tie(kind, taken.rows.iter().map(|row| row.id.clone()).collect(), effects),
        }
    }

    /// A page failed near here: larger ones again, but step by step and with no repeats. Never along a link,
    /// which leads to pages of the size that it was got with.
    fn grow(&mut self, kind: RecordKind) {
        if self.top < kind.most_rows() {
            self.top = (self.top * 2).min(kind.most_rows());
            self.failures = 1;
        }
    }

    /// A page full of one instant: those rows by the other property, then on from the next instant.
    pub(super) fn split_tie(&mut self, kind: RecordKind, met: Vec<String>, effects: &mut Effects) -> Flow {
        let Some(at) = self.at else { return Flow::Break(()) };
        let mut rest = Self::new(kind, self.by, Some(at + TICK), self.to);
        rest.fixed = self.fixed;
        let tie = if self.fixed.is_none() {
            let mut tie = Self::new(kind, other(self.by), None, None);
            tie.fixed = Some((self.by, at, at));
            // They must be found again, or the filter is not what we think.
            tie.expected = met;
            tie
        } else {
            let mut tie = self.clone();
            tie.to = Some(at);
            tie.enter_linked();
            tie
        };
        effects.split = Some(vec![rest, tie]);
        Flow::Continue(())
    }

    /// Filter or order are not what we think. Far outside what was asked, the filter is ignored and only
    /// numbers and links lead on; otherwise halves will do.
    pub(super) fn distrust(&mut self, keys: &[Option<Timestamp>], fallback_end: Timestamp) {
        self.anchor.clear();
        let to = self.to.unwrap_or(fallback_end);
        let near = |key: &Option<Timestamp>| {
            key.is_some_and(|key| {
                self.at.is_none_or(|at| key >= floor_second(at) - SECOND) && key <= ceil_second(to) + SECOND
            })
        };
        let is_near = keys.iter().all(near);
        if self.at.is_some() || self.bound() {
            self.to = self.to.or(Some(to));
        }
        if is_near && self.at.is_some() {
            self.mode = Mode::Bisect;
        } else {
            self.enter_linked();
        }
    }

    /// The row that was missing from its page was read by itself.
    pub(super) fn took_doubted(
        &mut self,
        taken: &Taken<'_>,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        let of_tie = self.is_doubt_of_tie();
        self.doubt = None;
        let moved = taken.rows.iter().all(|row| match self.fixed {
            Some(_) => !self.is_fixed(row),
            None => self.key(row) > self.at,
        });
        if moved {
            self.unvouched(of_tie);
        } else {
            self.anchor.clear();
            effects.unasked = true;
            self.expected.clear();
            self.to = Some(self.to.unwrap_or(fallback_end));
            if let Some((property, from, to)) = self.fixed.take() {
                self.by = property;
                (self.at, self.to) = (Some(from), Some(to));
                self.enter_linked();
            } else {
                self.mode = Mode::Bisect;
            }
        }
        Flow::Continue(())
    }

    /// Whether the doubt is about a tie's rows, of which none was met, and not about where the walk stands.
    pub(super) fn is_doubt_of_tie(&self) -> bool {
        self.doubt.as_ref().is_some_and(|id| !self.anchor.contains(id))
    }

    /// Nothing shows whether the literal was taken as it was written: the row that would is somewhere else.
    pub(super) fn unvouched(&mut self, of_tie: bool) {
        if of_tie {
            self.widen();
            self.at = None;
        } else {
            self.step_back();
        }
    }

    /// From a tie whose rows were not met to its whole seconds, as which literals are taken in any case.
    pub(super) fn widen(&mut self) {
        self.expected.clear();
        self.anchor.clear();
        self.fixed = self.fixed.map(|(by, from, to)| whole_seconds(by, from, to));
    }

    pub(super) fn stand_on(&mut self, last: Option<Timestamp>, rows: &[Row]) {
        self.anchor = ids_at(rows, |row| self.key(row), last);
        self.at = last;
    }

    /// Whether the page holds a row that the walk stood on, and so begins where the last one ended. If not it
    /// is seen to what to do next.
    pub(super) fn is_joined(&mut self, rows: &[Row]) -> bool {
        let at = self.at;
        let holds = |is: fn(&Option<Timestamp>, &Option<Timestamp>) -> bool| {
            rows.iter().any(|row| self.anchor.contains(&row.id) && is(&self.key(row), &at))
        };
        if self.anchor.is_empty() || holds(PartialEq::eq) {
            return true;
        }
        if holds(PartialOrd::gt) {
            return !self.step_back();
        }
        self.doubt = self.anchor.first().cloned();
        false
    }

    /// The row that the page should begin with is newer now, so that nothing shows whether the literal was
    /// taken as it was written: on from the whole second, which it is in any case. Whether that is another
    /// instant.
    pub(super) fn step_back(&mut self) -> bool {
        self.anchor.clear();
        let before = self.at;
        self.at = before.map(floor_second);
        self.at != before
    }
}
