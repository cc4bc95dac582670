//! Walking one interval of time, ascending, without losing a row between two pages.

use std::ops::ControlFlow;

use graph_security::{
    Comparison, Condition, LinkTrail, NextLink, PageFault, Property, Query, RecordKind, Select,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Ask, Failed, Keep, Next, Row, Taken, Target};

/// Graph's resolution.
const TICK: SignedDuration = SignedDuration::from_nanos(100);

/// Filter literals may be truncated or rounded by the other side; whole seconds survive both.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// How often a link walk is repeated before what it walks is set aside: a list that still gives something
/// new in its fourth pass is changing faster than it can be read.
const PASSES: u8 = 4;

/// How often a page that says of itself that something is missing is asked for.
const PARTIAL_TRIES: u8 = 3;

/// How much of an interval an ids-only page covers beyond the rows it starts on.
const IDS_AHEAD: usize = 5;

/// An interval, and where the walk through it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    /// What it is filtered and ordered by.
    pub(super) by: Property,
    /// A tie: only rows whose other property is exactly this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fixed: Option<(Property, Timestamp)>,
    /// The walk stands here, inclusive; `None` before the first instant, where rows without one are.
    pub(super) at: Option<Timestamp>,
    /// The end, inclusive.
    pub(super) to: Option<Timestamp>,
    /// The rows the walk stands on: the next page must contain one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    anchor: Vec<String>,
    /// Rows of a tie: by its end the walk must have met one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    expected: Vec<String>,
    /// A row of the anchor that was missing: is it newer now, or is the filter not what we think?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    doubt: Option<String>,
    mode: Mode,
    /// Rows to ask for.
    top: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<NextLink>,
    /// Failures of the current step.
    #[serde(default)]
    failures: u8,
    /// Partial answers to the current step.
    #[serde(default)]
    partials: u8,
    /// Links followed in this run; another run begins a new trail, and the passes are counted anyway.
    #[serde(skip)]
    trail: Trail,
}

/// A [`LinkTrail`] that compares equal: it is no part of where a walk stands.
#[derive(Debug, Default)]
struct Trail(LinkTrail);

impl Clone for Trail {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Trail {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// From the last row's instant on.
    Keyset,
    /// Order or filter is not what we think: halves, until one page without a link holds each.
    Bisect,
    /// Not even ids can be read: halves, until the failing second is found.
    Isolate,
    /// Along links only, again and again until a pass adds nothing.
    Linked { pass: u8, added: bool, broken: bool },
    /// Ids and instants only, then each record by itself.
    Ids { queue: Vec<String>, next: Option<Position> },
    /// No filter, ascending: rows without an instant come first (OData 4.01 part 1, §11.2.6.2).
    Undated,
}

/// Where an ids-only page leads to once its records are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Position {
    at: Option<Timestamp>,
    anchor: Vec<String>,
    /// Rows of the anchor that cannot be read: a page that holds them fails.
    poison: Vec<String>,
    /// It was the last page.
    end: bool,
    /// It was full of one instant.
    tie: bool,
}

/// What came out of a step, beyond the part's own new state.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Parts that take this one's place, the first to be walked last.
    pub(super) split: Option<Vec<Part>>,
    /// Intervals to set aside, with the reason.
    pub(super) aside_interval: Option<(Property, Timestamp, Timestamp, String)>,
    /// A record to set aside.
    pub(super) aside_record: Option<(String, String)>,
    /// Filter or order were not as asked.
    pub(super) unasked: bool,
    /// Everything failed, down to the last second, and nothing succeeded since: not about these records.
    pub(super) outage: bool,
}

/// Whether the part is walked to its end.
type Flow = ControlFlow<()>;

impl Part {
    pub(super) fn new(kind: RecordKind, by: Property, at: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self {
            by,
            fixed: None,
            at,
            to,
            anchor: Vec::new(),
            expected: Vec::new(),
            doubt: None,
            mode: Mode::Keyset,
            top: kind.most_rows(),
            link: None,
            failures: 0,
            partials: 0,
            trail: Trail::default(),
        }
    }

    /// The rows without an instant, which no filter finds.
    pub(super) fn undated(kind: RecordKind) -> Self {
        Self { mode: Mode::Undated, ..Self::new(kind, Property::Updated, None, None) }
    }

    /// Whether the position has passed the end.
    pub(super) fn is_past_end(&self) -> bool {
        matches!((self.at, self.to), (Some(at), Some(to)) if at > to)
    }

    /// Whether something is wrong with it: repeats are the ladder's, not the session's.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.failures > 0 || matches!(self.mode, Mode::Isolate | Mode::Ids { .. })
    }

    pub(super) fn ask(&self, kind: RecordKind) -> Ask {
        let record = |id: &String| Ask { target: Target::Record(id.clone()), keep: Keep::All };
        if let Some(id) = &self.doubt {
            return record(id);
        }
        let (keep, select) = match &self.mode {
            Mode::Ids { queue, .. } => match queue.last() {
                Some(id) => return record(id),
                None => (Keep::Nothing, Select::Instants),
            },
            Mode::Undated => (Keep::Undated, Select::Whole),
            _ => (Keep::All, Select::Whole),
        };
        let target = match &self.link {
            Some(link) => Target::Link(link.clone()),
            None => {
                Target::Page(Query { kind, filter: self.filter(), order: self.by, top: self.top, select })
            }
        };
        Ask { target, keep }
    }

    fn filter(&self) -> Vec<Condition> {
        let condition = |property, comparison, instant| Condition { property, comparison, instant };
        let mut filter = Vec::with_capacity(2);
        if let Some((property, instant)) = self.fixed {
            filter.push(condition(property, Comparison::Eq, instant));
        }
        let (from, to) = match self.mode {
            Mode::Undated => return filter,
            Mode::Linked { .. } if self.fixed.is_some() && self.at.is_some() && self.at == self.to => {
                filter.extend(self.at.map(|at| condition(self.by, Comparison::Eq, at)));
                return filter;
            }
            Mode::Bisect | Mode::Isolate | Mode::Linked { .. } => {
                (self.at.map(floor_second), self.to.map(ceil_second))
            }
            Mode::Keyset | Mode::Ids { .. } => (self.at, self.to),
        };
        filter.extend(from.map(|from| condition(self.by, Comparison::Ge, from)));
        filter.extend(to.map(|to| condition(self.by, Comparison::Le, to)));
        filter
    }

    /// Takes an answer. `fallback_end` bounds an interval that has no end when it must be halved.
    pub(super) fn took(
        &mut self,
        kind: RecordKind,
        taken: &Taken<'_>,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        if self.doubt.is_some() {
            return self.took_doubted(taken, fallback_end, effects);
        }
        if let Mode::Ids { queue, .. } = &mut self.mode
            && queue.pop().is_some()
        {
            return self.leave_ids(kind, effects);
        }
        if taken.partial && self.partials + 1 < PARTIAL_TRIES {
            self.partials += 1;
            return Flow::Continue(());
        }
        if taken.partial {
            let from = self.at.or_else(|| taken.rows.iter().find_map(|row| self.key(row)));
            let last = taken.rows.iter().filter_map(|row| self.key(row)).max();
            let ended = taken.next == Next::End && taken.total < usize::from(self.top);
            let to = if ended { self.to.or(taken.date) } else { last };
            if let (Some(from), Some(to)) = (from, to.or(taken.date)) {
                effects.aside_interval = Some((self.by, from, to.max(from), "partial answer".to_owned()));
            }
        }
        self.partials = 0;
        self.failures = 0;
        match self.mode {
            Mode::Keyset => self.took_keyset(kind, taken, fallback_end, effects),
            Mode::Bisect => self.took_bisect(kind, taken, fallback_end, effects),
            Mode::Isolate => self.took_isolate(kind, taken, fallback_end, effects),
            Mode::Linked { .. } => self.took_linked(taken, effects),
            Mode::Ids { .. } => self.took_ids(kind, taken, effects),
            Mode::Undated => self.took_undated(taken),
        }
    }

    fn took_keyset(
        &mut self,
        kind: RecordKind,
        taken: &Taken<'_>,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        let by_link = self.link.take().is_some();
        let is_full = taken.total >= usize::from(self.top);
        let is_last = taken.next == Next::End && !is_full;
        let keys: Vec<_> = taken.rows.iter().map(|row| self.key(row)).collect();
        let asked = keys.iter().all(|key| self.contains(*key));
        effects.unasked |= !asked;

        if !by_link && !self.anchor.is_empty() && !self.anchor_in(taken.rows) {
            self.doubt = self.anchor.first().cloned();
            return Flow::Continue(());
        }
        if taken.rows.iter().any(|row| self.expected.contains(&row.id)) {
            self.expected.clear();
        }
        if is_last && !self.expected.is_empty() {
            self.doubt = std::mem::take(&mut self.expected).into_iter().next();
            return Flow::Continue(());
        }
        if is_last {
            // Everything there is, whatever its order.
            return Flow::Break(());
        }
        if !asked || !keys.is_sorted() {
            effects.unasked = true;
            self.distrust(&keys, fallback_end);
            return Flow::Continue(());
        }
        if self.top < kind.most_rows() {
            // A page failed near here: larger ones again, but step by step and with no repeats.
            self.top = (self.top * 2).min(kind.most_rows());
            self.failures = 1;
        }
        let last = keys.last().copied();
        match last {
            Some(last) if last > self.at => {
                // On from the last row, by instant: rows that move to the end of the list meanwhile shift
                // no page, as they would along a link over a live list.
                self.stand_on(last, taken.rows);
                Flow::Continue(())
            }
            // No step possible: no row that can be read, or a page of one instant.
            None if is_full && taken.next == Next::End => self.set_aside("no row can be read", effects),
            None => self.follow(&taken.next, effects, fallback_end),
            _ if !is_full || self.at.is_none() => self.follow(&taken.next, effects, fallback_end),
            _ => self.split_tie(kind, taken.rows.iter().map(|row| row.id.clone()).collect(), effects),
        }
    }

    /// A page full of one instant: those rows by the other property, then on from the next instant.
    fn split_tie(&mut self, kind: RecordKind, met: Vec<String>, effects: &mut Effects) -> Flow {
        let Some(at) = self.at else { return Flow::Break(()) };
        let mut rest = Self::new(kind, self.by, Some(at + TICK), self.to);
        rest.fixed = self.fixed;
        let tie = if self.fixed.is_none() {
            let mut tie = Self::new(kind, other(self.by), None, None);
            tie.fixed = Some((self.by, at));
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
    /// links lead on; otherwise halves will do.
    fn distrust(&mut self, keys: &[Option<Timestamp>], fallback_end: Timestamp) {
        self.anchor.clear();
        self.to = Some(self.to.unwrap_or(fallback_end));
        let near = |key: &Option<Timestamp>| {
            key.is_some_and(|key| {
                self.at.is_none_or(|at| key >= floor_second(at) - SECOND)
                    && self.to.is_none_or(|to| key <= ceil_second(to) + SECOND)
            })
        };
        if self.fixed.is_some() || self.at.is_none() || !keys.iter().all(near) {
            self.enter_linked();
        } else {
            self.mode = Mode::Bisect;
        }
    }

    fn enter_linked(&mut self) {
        self.mode = Mode::Linked { pass: 0, added: false, broken: false };
        self.anchor.clear();
        self.link = None;
        self.trail = Trail::default();
    }

    fn took_bisect(
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
        if !taken.rows.iter().all(inside) || !self.halve(kind, fallback_end, effects) {
            self.enter_linked();
        }
        Flow::Continue(())
    }

    fn took_isolate(
        &mut self,
        kind: RecordKind,
        taken: &Taken<'_>,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        // It can be read: walk it like any other.
        self.mode = Mode::Keyset;
        self.took_keyset(kind, taken, fallback_end, effects)
    }

    fn took_linked(&mut self, taken: &Taken<'_>, effects: &mut Effects) -> Flow {
        let Mode::Linked { pass, added, broken } = &mut self.mode else { return Flow::Continue(()) };
        *added |= taken.rows.iter().any(|row| row.novelty.is_change());
        match &taken.next {
            Next::Link(next) if self.trail.0.follow(next).is_ok() => {
                self.link = Some(next.clone());
                return Flow::Continue(());
            }
            Next::End => *broken |= taken.total >= usize::from(self.top),
            Next::Link(_) | Next::Foreign => *broken = true,
        }
        // The end of a pass.
        *pass += 1;
        if !*added && !*broken {
            return Flow::Break(());
        }
        let give_up = *pass >= PASSES || (*broken && !*added);
        *added = false;
        *broken = false;
        self.link = None;
        self.trail = Trail::default();
        if give_up { self.set_aside("its links lead to no end", effects) } else { Flow::Continue(()) }
    }

    fn took_undated(&mut self, taken: &Taken<'_>) -> Flow {
        self.link = None;
        let dated = taken.rows.iter().any(|row| self.key(row).is_some());
        match &taken.next {
            Next::Link(next) if !dated && self.trail.0.follow(next).is_ok() => {
                self.link = Some(next.clone());
                Flow::Continue(())
            }
            _ => Flow::Break(()),
        }
    }

    fn took_ids(&mut self, kind: RecordKind, taken: &Taken<'_>, effects: &mut Effects) -> Flow {
        self.link = None;
        let end = taken.next == Next::End && taken.total < usize::from(self.top);
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
    fn leave_ids(&mut self, kind: RecordKind, effects: &mut Effects) -> Flow {
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

    fn ids_top(&self, kind: RecordKind) -> u16 {
        u16::try_from(self.anchor.len() + IDS_AHEAD).unwrap_or(u16::MAX).min(kind.most_rows())
    }

    /// The row that was missing from its page was read by itself.
    fn took_doubted(&mut self, taken: &Taken<'_>, fallback_end: Timestamp, effects: &mut Effects) -> Flow {
        self.doubt = None;
        let moved = taken.rows.iter().all(|row| match self.fixed {
            Some((property, instant)) => key_of(row, property) != Some(instant),
            None => self.key(row) > self.at,
        });
        self.anchor.clear();
        if !moved {
            effects.unasked = true;
            self.to = Some(self.to.unwrap_or(fallback_end));
            if let Some((property, instant)) = self.fixed.take() {
                self.by = property;
                (self.at, self.to) = (Some(instant), Some(instant));
                self.enter_linked();
            } else {
                self.mode = Mode::Bisect;
            }
        }
        Flow::Continue(())
    }

    /// The ask failed: the next rung of the ladder.
    pub(super) fn failed(
        &mut self,
        kind: RecordKind,
        failed: Failed,
        healthy: bool,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        if self.doubt.take().is_some() {
            // It cannot be told: take the careful way.
            if failed != Failed::Page(PageFault::NotFound) && self.fixed.is_none() && self.at.is_some() {
                self.to = Some(self.to.unwrap_or(fallback_end));
                self.mode = Mode::Bisect;
            }
            self.anchor.clear();
            return Flow::Continue(());
        }
        if let Mode::Ids { queue, next } = &mut self.mode
            && let Some(id) = queue.pop()
        {
            if failed != Failed::Page(PageFault::NotFound) {
                effects.aside_record = Some((id.clone(), reason(failed)));
                if let Some(next) = next {
                    next.poison.push(id);
                }
            }
            return self.leave_ids(kind, effects);
        }
        if self.link.take().is_some() {
            return self.link_failed(failed, effects);
        }
        self.failures += 1;
        if self.failures == 1 && failed != Failed::Page(PageFault::TooLarge) {
            return Flow::Continue(());
        }
        let least = u16::try_from(self.anchor.len() + 1).unwrap_or(u16::MAX).max(2);
        match self.mode {
            Mode::Keyset if self.top > least => self.top = (self.top / 5).max(least),
            Mode::Keyset => {
                self.mode = Mode::Ids { queue: Vec::new(), next: None };
                self.top = self.ids_top(kind);
                self.failures = 0;
            }
            Mode::Undated => return Flow::Break(()),
            Mode::Ids { .. } | Mode::Bisect | Mode::Isolate if self.fixed.is_none() && self.at.is_some() => {
                self.mode = Mode::Isolate;
                self.top = kind.most_rows();
                self.anchor.clear();
                if !self.halve(kind, fallback_end, effects) {
                    if healthy {
                        return self.set_aside(&reason(failed), effects);
                    }
                    effects.outage = true;
                    *self = Self::new(kind, self.by, self.at, self.to);
                }
            }
            Mode::Ids { .. } | Mode::Bisect | Mode::Isolate | Mode::Linked { .. } => {
                return self.set_aside(&reason(failed), effects);
            }
        }
        Flow::Continue(())
    }

    /// An expired or refused link restarts the part where the walk stands; one that fails every time is
    /// treated as a pass without an end.
    fn link_failed(&mut self, failed: Failed, effects: &mut Effects) -> Flow {
        self.trail = Trail::default();
        self.failures += 1;
        if let Mode::Linked { pass, added, .. } = &mut self.mode {
            *pass += 1;
            *added = false;
            if *pass >= PASSES {
                return self.set_aside(&reason(failed), effects);
            }
        } else if self.failures >= PASSES {
            return self.set_aside(&reason(failed), effects);
        }
        Flow::Continue(())
    }

    /// Two halves in place of this part, cut at a whole second; false when it is a second already.
    fn halve(&mut self, kind: RecordKind, fallback_end: Timestamp, effects: &mut Effects) -> bool {
        let (Some(from), to) = (self.at.map(floor_second), ceil_second(self.to.unwrap_or(fallback_end)))
        else {
            return false;
        };
        let half = to.duration_since(from).as_secs() / 2;
        if half < 1 {
            return false;
        }
        let middle = from + SignedDuration::from_secs(half);
        let part = |at, to| Self { mode: self.mode.clone(), ..Self::new(kind, self.by, Some(at), Some(to)) };
        effects.split = Some(vec![part(middle, to), part(from, middle)]);
        true
    }

    fn set_aside(&self, reason: &str, effects: &mut Effects) -> Flow {
        let (by, from, to) = match self.fixed {
            Some((property, instant)) => (property, Some(instant), Some(instant)),
            None => (self.by, self.at, self.to),
        };
        if let Some(from) = from {
            effects.aside_interval = Some((by, from, to.unwrap_or(from), reason.to_owned()));
        }
        Flow::Break(())
    }

    fn follow(&mut self, next: &Next, effects: &mut Effects, fallback_end: Timestamp) -> Flow {
        match next {
            Next::Link(next) if self.trail.0.follow(next).is_ok() => {
                self.link = Some(next.clone());
                Flow::Continue(())
            }
            Next::End => Flow::Break(()),
            Next::Link(_) | Next::Foreign if self.fixed.is_none() && self.at.is_some() => {
                self.to = Some(self.to.unwrap_or(fallback_end));
                self.mode = Mode::Bisect;
                self.anchor.clear();
                Flow::Continue(())
            }
            Next::Link(_) | Next::Foreign => self.set_aside("its links lead to no end", effects),
        }
    }

    fn stand_on(&mut self, last: Option<Timestamp>, rows: &[Row]) {
        self.anchor = ids_at(rows, |row| self.key(row), last);
        self.at = last;
    }

    fn key(&self, row: &Row) -> Option<Timestamp> {
        key_of(row, self.by)
    }

    fn contains(&self, key: Option<Timestamp>) -> bool {
        key >= self.at && (self.to.is_none() || key <= self.to)
    }

    /// Whether the page holds a row the walk stood on, where it was or newer.
    fn anchor_in(&self, rows: &[Row]) -> bool {
        rows.iter().any(|row| self.anchor.contains(&row.id) && self.key(row) >= self.at)
    }
}

fn ids_at(rows: &[Row], key: impl Fn(&Row) -> Option<Timestamp>, instant: Option<Timestamp>) -> Vec<String> {
    rows.iter().filter(|row| key(row) == instant).map(|row| row.id.clone()).collect()
}

fn key_of(row: &Row, property: Property) -> Option<Timestamp> {
    match property {
        Property::Created => row.created,
        Property::Updated => row.updated,
    }
}

fn other(property: Property) -> Property {
    match property {
        Property::Created => Property::Updated,
        Property::Updated => Property::Created,
    }
}

pub(super) fn reason(failed: Failed) -> String {
    match failed {
        Failed::Page(fault) => fault.to_string(),
        Failed::Link => "link refused".to_owned(),
        Failed::Rejected => "request not accepted".to_owned(),
    }
}

pub(super) fn floor_second(instant: Timestamp) -> Timestamp {
    let nanos = instant.as_nanosecond().rem_euclid(1_000_000_000);
    instant - SignedDuration::from_nanos(i64::try_from(nanos).unwrap_or(0))
}

pub(super) fn ceil_second(instant: Timestamp) -> Timestamp {
    let floor = floor_second(instant);
    if floor == instant { instant } else { floor + SECOND }
}
