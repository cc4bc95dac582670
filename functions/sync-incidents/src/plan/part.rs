//! Walking one interval of time, ascending, without losing a row between two pages.

mod keyset;
mod ladder;
mod linked;

use std::ops::ControlFlow;

use graph_security::{Comparison, Condition, LinkTrail, NextLink, Property, Query, RecordKind, Select};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Ask, Keep, Row, Taken, Target, Why};
use linked::Linked;

/// Graph's resolution.
const TICK: SignedDuration = SignedDuration::from_nanos(100);

/// Filter literals may be truncated or rounded by the other side; whole seconds survive both.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Nothing in Graph's lists is as old: before 2000.
const BEFORE_GRAPH: Timestamp = Timestamp::constant(946_684_800, 0);

/// How often a page that says of itself that something is missing is asked for.
const PARTIAL_TRIES: u8 = 3;

/// An interval, and where the walk through it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    /// What it is filtered and ordered by.
    pub(super) by: Property,
    /// Only rows whose other property lies between these: a tie, or a second in which something fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fixed: Option<(Property, Timestamp, Timestamp)>,
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
    /// Links that were refused where nothing but links leads on.
    #[serde(default)]
    refused: u8,
    /// Links followed.
    #[serde(default, skip_serializing_if = "LinkTrail::is_empty")]
    trail: LinkTrail,
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
    /// By number and along links only, again and again until a pass adds nothing.
    Linked(Linked),
    /// Nothing succeeded since something failed, for this reason: does an interval that has no rows? Else it is not
    /// about these records.
    Probe { why: Why, then: Then },
    /// Ids and instants only, then each record by itself.
    Ids { queue: Vec<String>, next: Option<Position> },
    /// No filter, ascending: rows without an instant come first (OData 4.01 part 1, §11.2.6.2). So many were met.
    Undated { met: u16 },
}

/// What follows when a probe succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Then {
    /// It is about these records: which of them?
    Isolate,
    /// It is about these: they are set aside.
    SetAside,
    /// An earlier probe failed, and the outage has ended.
    Begin,
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
    /// An interval to set aside, with the reason; without an end it goes as far as the range.
    pub(super) aside_interval: Option<(Property, Timestamp, Option<Timestamp>, Why)>,
    /// A record to set aside, with the reason and the interval that it lies in.
    pub(super) aside_record: Option<(String, Why, Option<Interval>)>,
    /// Filter or order were not as asked.
    pub(super) unasked: bool,
    /// By what the list is known to come in the order that is asked for: so before this answer, and after it.
    pub(super) ordered: Ordered,
    /// Everything failed, down to the last second, and nothing succeeded since: not about these records.
    pub(super) outage: bool,
}

/// An interval by a property.
pub(super) type Interval = (Property, Timestamp, Timestamp);

/// By what a list comes in the order that is asked for, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ordered {
    created: bool,
    updated: bool,
}

impl Ordered {
    pub(super) fn by(&mut self, property: Property) -> &mut bool {
        match property {
            Property::Created => &mut self.created,
            Property::Updated => &mut self.updated,
        }
    }
}

/// So many instants in ascending order are no accident: that they come so from an unordered list has a
/// chance of one in 10!, some three million.
const PROOF: usize = 10;

impl Effects {
    /// Of an answer that may show it.
    fn learn_order(&mut self, by: Property, keys: &[Option<Timestamp>]) {
        let steps = keys.windows(2).filter(|pair| pair[0] < pair[1]).count();
        let ordered = self.ordered.by(by);
        *ordered = keys.is_sorted() && (*ordered || steps + 1 >= PROOF);
    }
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
            refused: 0,
            trail: LinkTrail::default(),
        }
    }

    /// The rows without an instant, which no filter finds.
    pub(super) fn undated(kind: RecordKind) -> Self {
        Self { mode: Mode::Undated { met: 0 }, ..Self::new(kind, Property::Updated, None, None) }
    }

    /// Whether the position has passed the end.
    pub(super) fn is_past_end(&self) -> bool {
        matches!((self.at, self.to), (Some(at), Some(to)) if at > to)
    }

    /// Whether something is wrong with it: repeats are the ladder's, not the session's.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.failures > 0 || matches!(self.mode, Mode::Isolate | Mode::Ids { .. } | Mode::Probe { .. })
    }

    pub(super) fn ask(&self, kind: RecordKind) -> Ask {
        let record = |id: &String| Ask { target: Target::Record(id.clone()), keep: Keep::All };
        if let Some(id) = &self.doubt {
            return record(id);
        }
        if let Mode::Probe { .. } = self.mode {
            let nothing = Condition { property: self.by, comparison: Comparison::Le, instant: BEFORE_GRAPH };
            let (filter, order, select) = (vec![nothing], self.by, Select::Instants);
            let query = Query { kind, filter, order, top: 1, skip: 0, select };
            return Ask { target: Target::Page(query), keep: Keep::Nothing };
        }
        let (keep, select) = match &self.mode {
            Mode::Ids { queue, .. } => match queue.last() {
                Some(id) => return record(id),
                None => (Keep::Nothing, Select::Instants),
            },
            Mode::Undated { .. } => (Keep::Undated, Select::Whole),
            _ => (Keep::All, Select::Whole),
        };
        if let Some(link) = &self.link {
            return Ask { target: Target::Link(link.clone()), keep };
        }
        let skip = match &self.mode {
            Mode::Linked(walk) => walk.skip,
            Mode::Undated { met } => *met,
            _ => 0,
        };
        let (filter, order, top) = (self.filter(), self.by, self.top);
        Ask { target: Target::Page(Query { kind, filter, order, top, skip, select }), keep }
    }

    fn filter(&self) -> Vec<Condition> {
        let condition = |property, comparison, instant| Condition { property, comparison, instant };
        let mut filter = Vec::with_capacity(2);
        match self.fixed {
            Some((property, from, to)) if from == to => {
                filter.push(condition(property, Comparison::Eq, from));
            }
            Some((property, from, to)) => {
                filter.push(condition(property, Comparison::Ge, from));
                filter.push(condition(property, Comparison::Le, to));
            }
            None => {}
        }
        let (from, to) = match self.mode {
            Mode::Undated { .. } => return filter,
            Mode::Linked(_) if self.fixed.is_some() && self.at.is_some() && self.at == self.to => {
                filter.extend(self.at.map(|at| condition(self.by, Comparison::Eq, at)));
                return filter;
            }
            Mode::Bisect | Mode::Linked(_) => (self.at.map(floor_second), self.to.map(ceil_second)),
            Mode::Keyset | Mode::Isolate | Mode::Ids { .. } | Mode::Probe { .. } => (self.at, self.to),
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
        if let Mode::Probe { why, then } = &self.mode {
            let (why, then) = (why.clone(), *then);
            return self.probed(kind, why, then, fallback_end, effects);
        }
        if let Mode::Ids { queue, .. } = &mut self.mode
            && queue.pop().is_some()
        {
            return self.leave_ids(kind, effects);
        }
        let keys: Vec<_> = taken.rows.iter().map(|row| self.key(row)).collect();
        effects.learn_order(self.by, &keys);
        if taken.partial && self.partials + 1 < PARTIAL_TRIES {
            self.partials += 1;
            return Flow::Continue(());
        }
        if taken.partial {
            self.set_partial_aside(taken, effects);
        }
        self.partials = 0;
        self.failures = 0;
        match self.mode {
            Mode::Keyset => self.took_keyset(kind, taken, &keys, fallback_end, effects),
            Mode::Bisect => self.took_bisect(kind, taken, fallback_end, effects),
            Mode::Isolate => self.took_isolate(kind, taken, &keys, fallback_end, effects),
            Mode::Linked(_) => self.took_linked(taken, effects),
            // Returned above.
            Mode::Probe { .. } => Flow::Continue(()),
            Mode::Ids { .. } => self.took_ids(kind, taken, fallback_end, effects),
            Mode::Undated { .. } => self.took_undated(taken),
        }
    }

    /// A step fails for the first time.
    pub(super) fn is_first_failure(&self) -> bool {
        self.failures == 0
    }

    fn key(&self, row: &Row) -> Option<Timestamp> {
        key_of(row, self.by)
    }

    /// Whether a row lies in the tie, or in the second, that this is of.
    fn is_fixed(&self, row: &Row) -> bool {
        self.fixed.is_none_or(|(by, from, to)| key_of(row, by).is_some_and(|key| from <= key && key <= to))
    }

    fn contains(&self, key: Option<Timestamp>) -> bool {
        key >= self.at && (self.to.is_none() || key <= self.to)
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

pub(super) fn floor_second(instant: Timestamp) -> Timestamp {
    let nanos = instant.as_nanosecond().rem_euclid(1_000_000_000);
    instant - SignedDuration::from_nanos(i64::try_from(nanos).unwrap_or(0))
}

/// A second at least: literals are taken as they are written at whole ones, and a walk around what is set
/// aside stops there.
fn whole_seconds(by: Property, from: Timestamp, to: Timestamp) -> Interval {
    let from = floor_second(from);
    (by, from, ceil_second(to).max(from + SECOND))
}

pub(super) fn ceil_second(instant: Timestamp) -> Timestamp {
    let floor = floor_second(instant);
    if floor == instant { instant } else { floor + SECOND }
}
