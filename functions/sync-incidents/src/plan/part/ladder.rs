//! What is done about a page that keeps failing: smaller pages, ids only, halves, and at last set aside.

use graph_security::{PageFault, Property, RecordKind};
use jiff::{SignedDuration, Timestamp};

use super::{
    Effects, Flow, Mode, Part, Position, SECOND, Then, ceil_second, floor_second, ids_at, other,
    whole_seconds,
};
use crate::plan::{Failed, Failure, Next, Row, Taken, Why};

/// How much of an interval an ids-only page covers beyond the rows it starts on.
const IDS_AHEAD: usize = 5;

/// So many records at most are read one by one where the order of the list is not known. Of more, halves are asked for
/// first: a record costs a request, and a half that can be read costs one for all of its records.
const ONE_BY_ONE: usize = 16;

/// Longer than the 180 days for which Microsoft keeps incidents and alerts (Defender XDR, data retention).
const OLDEST: SignedDuration = SignedDuration::from_hours(400 * 24);

impl Part {
    /// The ask failed: the next rung of the ladder.
    pub(in crate::plan) fn failed(
        &mut self,
        kind: RecordKind,
        failure: &Failure,
        healthy: bool,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        let failed = failure.how;
        if self.doubt.is_some() {
            let of_tie = self.is_doubt_of_tie();
            self.doubt = None;
            self.unvouched(of_tie);
            if failed != Failed::Page(PageFault::NotFound) && self.fixed.is_none() && self.at.is_some() {
                // It cannot be told: take the careful way.
                self.to = Some(self.to.unwrap_or(fallback_end));
                self.mode = Mode::Bisect;
            }
            return Flow::Continue(());
        }
        if let Mode::Ids { queue, next } = &mut self.mode
            && let Some(id) = queue.pop()
        {
            if failed != Failed::Page(PageFault::NotFound) {
                let to = next.as_ref().and_then(|next| next.at);
                let lies_in = self.at.zip(to).map(|(from, to)| whole_seconds(self.by, from, to));
                let lies_in = self.fixed.map(|(by, from, to)| whole_seconds(by, from, to)).or(lies_in);
                effects.aside_record = Some((id.clone(), failure.why(), lies_in));
                if let Some(next) = next {
                    next.poison.push(id);
                }
            }
            return self.leave_ids(kind, effects);
        }
        if let Mode::Probe { then, .. } = &mut self.mode {
            effects.outage = true;
            *then = Then::Begin;
            return Flow::Continue(());
        }
        if self.link.take().is_some() || self.is_by_number() {
            return self.link_failed(failure, fallback_end, effects);
        }
        self.failures += 1;
        // It took all the time that there was, perhaps the whole run: fewer and coarser steps.
        let is_costly = failed == Failed::Page(PageFault::Incomplete);
        if self.failures == 1 && !is_costly && failed != Failed::Page(PageFault::TooLarge) {
            return Flow::Continue(());
        }
        if !self.expected.is_empty() {
            // Smaller pages, ids or halves do not show that they were met.
            self.widen();
        }
        let least = u16::try_from(self.anchor.len() + 1).unwrap_or(u16::MAX).max(2);
        let ordered = *effects.ordered.by(self.by);
        match self.mode {
            Mode::Keyset if ordered && self.top > least => {
                self.top = if is_costly { least } else { (self.top / 5).max(least) };
            }
            Mode::Keyset if ordered => {
                self.mode = Mode::Ids { queue: Vec::new(), next: None };
                self.top = self.ids_top(kind);
                self.failures = 0;
            }
            // Where the order is not known a smaller page is no beginning of a larger one. Ids show what there is.
            Mode::Keyset | Mode::Bisect => {
                self.mode = Mode::Ids { queue: Vec::new(), next: None };
                self.top = kind.most_rows();
                self.failures = 0;
            }
            Mode::Undated { .. } if self.top > 1 => self.top /= 2,
            // The next daily sweep looks again.
            Mode::Undated { .. } => return Flow::Break(()),
            Mode::Ids { .. } if !healthy => self.probe(failure.why(), Then::Isolate),
            Mode::Ids { .. } | Mode::Isolate => {
                let is_enough = is_costly && self.fixed.is_some();
                if is_enough || !self.isolate(kind, fallback_end, effects) {
                    return self.give_up(failure, healthy, effects);
                }
            }
            Mode::Linked(_) => return self.give_up(failure, healthy, effects),
            // Returned above.
            Mode::Probe { .. } => {}
        }
        Flow::Continue(())
    }

    /// Where nothing succeeded since the trouble began it may be an outage, and not about these records.
    fn probe(&mut self, why: Why, then: Then) {
        self.mode = Mode::Probe { why, then };
        self.link = None;
    }

    /// The probe succeeded.
    pub(super) fn probed(
        &mut self,
        kind: RecordKind,
        why: Why,
        then: Then,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        match then {
            Then::Isolate if self.isolate(kind, fallback_end, effects) => Flow::Continue(()),
            Then::Isolate | Then::SetAside => self.set_aside(why, effects),
            Then::Begin => {
                // The rows that it stood on are forgotten, and with them what shows how a literal was taken.
                let at = self.at.map(floor_second);
                *self = Self { fixed: self.fixed, ..Self::new(kind, self.by, at, self.to) };
                Flow::Continue(())
            }
        }
    }

    /// The last rung.
    fn give_up(&mut self, failure: &Failure, healthy: bool, effects: &mut Effects) -> Flow {
        if healthy {
            return self.set_aside(failure.why(), effects);
        }
        self.probe(failure.why(), Then::SetAside);
        Flow::Continue(())
    }

    /// Not even ids can be read: halves, down to the one second that fails, then its rows by the other
    /// property. False when there is nothing left to halve. Only at whole seconds: those survive a literal
    /// that is truncated or rounded, and where one is, halves of a second are not what they seem.
    fn isolate(&mut self, kind: RecordKind, fallback_end: Timestamp, effects: &mut Effects) -> bool {
        let Some(from) = self.at else {
            let is_bound = self.bound();
            *self =
                Self { fixed: self.fixed, mode: Mode::Isolate, ..Self::new(kind, self.by, self.at, self.to) };
            return is_bound;
        };
        let to = self.to.unwrap_or(fallback_end).max(from);
        let part = |from, to| Self {
            fixed: self.fixed,
            mode: Mode::Isolate,
            ..Self::new(kind, self.by, Some(from), Some(to))
        };
        let (from, to) = (floor_second(from), ceil_second(to));
        if to.duration_since(from) <= SECOND {
            return self.turn(kind, (from, to), Mode::Isolate, effects);
        }
        let middle = from + SignedDuration::from_secs(to.duration_since(from).as_secs() / 2);
        effects.split = Some(vec![part(middle, to), part(from, middle)]);
        true
    }

    pub(super) fn took_ids(
        &mut self,
        kind: RecordKind,
        taken: &Taken<'_>,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        self.link = None;
        if !self.is_joined(taken.rows) {
            return Flow::Continue(());
        }
        let end = taken.next == Next::End && taken.total < usize::from(self.top);
        let is_survey = self.top == kind.most_rows() && self.top > self.ids_top(kind);
        if is_survey && *effects.ordered.by(self.by) {
            // This answer has shown the order: smaller pages will do.
            (self.mode, self.top) = (Mode::Keyset, (self.top / 5).max(2));
            return Flow::Continue(());
        }
        let is_much = !end || (is_survey && taken.total > ONE_BY_ONE);
        if is_much && !*effects.ordered.by(self.by) {
            let is_split = if end {
                self.halve(kind, taken.rows, fallback_end, effects)
            } else {
                self.isolate(kind, fallback_end, effects)
            };
            if is_split {
                return Flow::Continue(());
            }
        }
        let last = taken.rows.iter().filter_map(|row| self.key(row)).max().or(self.at);
        let anchor = ids_at(taken.rows, |row| self.key(row), last);
        let queue = taken
            .rows
            .iter()
            .rev()
            .filter(|row| !self.anchor.contains(&row.id))
            .map(|row| row.id.clone())
            .collect();
        let poison = match &self.mode {
            Mode::Ids { next: Some(before), .. } => before.poison.clone(),
            _ => Vec::new(),
        };
        let tie = last == self.at && self.top == kind.most_rows() && taken.total >= usize::from(self.top);
        self.mode = Mode::Ids { queue, next: Some(Position { at: last, anchor, poison, end, tie }) };
        self.leave_ids(kind, effects)
    }

    /// Goes on when all records of an ids-only page are read: in whole pages again, unless the walk stands
    /// on a row that no page can hold.
    pub(super) fn leave_ids(&mut self, kind: RecordKind, effects: &mut Effects) -> Flow {
        let Mode::Ids { queue, next: Some(next) } = &mut self.mode else { return Flow::Continue(()) };
        if !queue.is_empty() {
            return Flow::Continue(());
        }
        if next.end {
            return Flow::Break(());
        }
        if next.tie {
            let met = std::mem::take(&mut next.anchor);
            return self.split_tie(kind, met, effects);
        }
        next.poison.retain(|id| next.anchor.contains(id));
        self.at = next.at;
        self.anchor.clone_from(&next.anchor);
        if next.poison.is_empty() {
            self.mode = Mode::Keyset;
            self.top = kind.most_rows();
        } else {
            self.top = self.ids_top(kind);
        }
        Flow::Continue(())
    }

    pub(super) fn ids_top(&self, kind: RecordKind) -> u16 {
        u16::try_from(self.anchor.len() + IDS_AHEAD).unwrap_or(u16::MAX).min(kind.most_rows())
    }

    pub(super) fn took_bisect(
        &mut self,
        kind: RecordKind,
        taken: &Taken<'_>,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        if taken.next == Next::End && taken.total < usize::from(self.top) {
            return Flow::Break(());
        }
        let (from, to) = (self.at.map(floor_second), ceil_second(self.to.unwrap_or(fallback_end)));
        let inside = |row: &Row| self.key(row).is_some_and(|key| Some(key) >= from && key <= to);
        if taken.total == 0
            || !taken.rows.iter().all(inside)
            || !self.halve(kind, taken.rows, fallback_end, effects)
        {
            self.enter_linked();
        }
        Flow::Continue(())
    }

    pub(super) fn took_isolate(
        &mut self,
        kind: RecordKind,
        taken: &Taken<'_>,
        keys: &[Option<Timestamp>],
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        // It can be read: walk it like any other.
        self.mode = Mode::Keyset;
        self.took_keyset(kind, taken, keys, fallback_end, effects)
    }

    /// Two parts in place of this one, cut where the rows that were met have their middle: where there are
    /// many, intervals become short at once. At a whole second, which a truncated or rounded literal does not
    /// change; false when it is a second already.
    fn halve(
        &mut self,
        kind: RecordKind,
        met: &[Row],
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let (Some(from), to) = (self.at.map(floor_second), ceil_second(self.to.unwrap_or(fallback_end)))
        else {
            return false;
        };
        if to.duration_since(from) < SECOND * 2 {
            return self.turn(kind, (from, to), Mode::Keyset, effects);
        }
        let mut keys: Vec<Timestamp> = met.iter().filter_map(|row| self.key(row)).collect();
        keys.sort_unstable();
        let half = from + SignedDuration::from_secs(to.duration_since(from).as_secs() / 2);
        let middle = keys.get(keys.len() / 2).map_or(half, |key| floor_second(*key));
        let middle = middle.clamp(from + SECOND, to - SECOND);
        let part = |at, to| Self {
            fixed: self.fixed,
            mode: Mode::Bisect,
            ..Self::new(kind, self.by, Some(at), Some(to))
        };
        effects.split = Some(vec![part(middle, to), part(from, middle)]);
        true
    }

    /// A second by the other property; false when it is of one already.
    fn turn(
        &self,
        kind: RecordKind,
        (from, to): (Timestamp, Timestamp),
        mode: Mode,
        effects: &mut Effects,
    ) -> bool {
        if self.fixed.is_some() {
            return false;
        }
        let fixed = Some((self.by, from, to));
        effects.split = Some(vec![Self { fixed, mode, ..Self::new(kind, other(self.by), None, None) }]);
        true
    }

    /// Gives a tie, or a second, its bounds by the other property: nothing is updated before it is created,
    /// and nothing is older than the service keeps it. False where there can be none: rows without a
    /// `lastUpdateDateTime` lie within no bounds of it.
    pub(super) fn bound(&mut self) -> bool {
        if let (None, Some((_, first, last)), Property::Created) = (self.at, self.fixed, self.by) {
            (self.at, self.to) = (Some(floor_second(first - OLDEST)), Some(ceil_second(last)));
        }
        self.at.is_some()
    }

    pub(super) fn set_aside(&self, why: Why, effects: &mut Effects) -> Flow {
        self.set_interval_aside(self.at, self.to, why, effects);
        Flow::Break(())
    }

    /// Between two instants; within a tie or a second that is left out whole.
    fn set_interval_aside(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        why: Why,
        effects: &mut Effects,
    ) {
        let (by, from, to) = match self.fixed {
            Some((by, from, to)) => (by, Some(from), Some(to)),
            None => (self.by, from, to),
        };
        let Some(from) = from else { return };
        let (by, from, end) = whole_seconds(by, from, to.unwrap_or(from));
        effects.aside_interval = Some((by, from, to.map(|_| end), why));
    }

    /// The page says of itself, time and again, that something is missing: where it reaches. Rows without an
    /// instant lie nowhere; the next daily sweep looks for them again.
    pub(super) fn set_partial_aside(&self, taken: &Taken<'_>, effects: &mut Effects) {
        if matches!(self.mode, Mode::Undated { .. }) {
            return;
        }
        let ended = taken.next == Next::End && taken.total < usize::from(self.top);
        let steps = matches!(self.mode, Mode::Keyset | Mode::Ids { .. });
        let last = taken.rows.iter().filter_map(|row| self.key(row)).max();
        let to = if steps && !ended && *effects.ordered.by(self.by) { last.max(self.at) } else { self.to };
        self.set_interval_aside(self.at, to, taken.why("partial answer"), effects);
    }
}
