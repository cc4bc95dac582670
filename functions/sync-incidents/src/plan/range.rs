//! A range still to be read: a stack of parts, the topmost being walked.

use std::ops::ControlFlow;

use graph_security::{Property, RecordKind};
use incident_store::Aside;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::part::{Effects, Ordered, Part, floor_second};
use super::{Ask, CLOCKS_DIFFER, Failure, Taken};

/// Why a range is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Purpose {
    /// What is new.
    Live,
    /// A slice of history.
    History,
    /// Rows without an instant.
    Undated,
    /// The last 24 hours once more.
    HourlySweep,
    /// The last seven days once more.
    DailySweep,
    /// An interval that was set aside.
    Retry,
}

/// A range, and where the walk through it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Range {
    pub(super) purpose: Purpose,
    parts: Vec<Part>,
    /// Where it begins.
    pub(super) from: Option<Timestamp>,
    /// A live range's end: the `Date` of its first answer.
    end: Option<Timestamp>,
    /// The newest instant met.
    newest: Option<Timestamp>,
    /// When the first answer came, by our clock.
    #[serde(default)]
    begun: Option<Timestamp>,
    /// How long after it the last one came.
    #[serde(default)]
    took: SignedDuration,
    /// Answers taken.
    pub(super) pages: u32,
    /// Changes met.
    pub(super) changes: u64,
    /// Whether anything succeeded since something failed.
    healthy: bool,
    /// Something of it was set aside.
    pub(super) incomplete: bool,
    /// Whether what is left of a live range are instants of the future, which lie behind its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    beyond_end: bool,
}

/// Where an interval of the future ends that must be halved.
const FAR_FUTURE: SignedDuration = SignedDuration::from_hours(100 * 365 * 24);

impl Range {
    /// What lies in `left_out`, intervals in order, is left out.
    pub(super) fn new(
        kind: RecordKind,
        purpose: Purpose,
        by: Property,
        (from, to): (Timestamp, Option<Timestamp>),
        left_out: &[(Timestamp, Timestamp)],
    ) -> Self {
        let (mut at, mut parts) = (from, Vec::new());
        for (start, end) in left_out.iter().filter(|(_, end)| to.is_none_or(|to| *end < to)) {
            if at < *start {
                parts.push(Part::new(kind, by, Some(at), Some(*start)));
            }
            at = at.max(*end);
        }
        parts.push(Part::new(kind, by, Some(at), to));
        parts.reverse();
        Self::of(purpose, parts, Some(from))
    }

    pub(super) fn undated(kind: RecordKind) -> Self {
        Self::of(Purpose::Undated, vec![Part::undated(kind)], None)
    }

    fn of(purpose: Purpose, parts: Vec<Part>, from: Option<Timestamp>) -> Self {
        Self {
            purpose,
            parts,
            from,
            end: None,
            newest: None,
            begun: None,
            took: SignedDuration::ZERO,
            pages: 0,
            changes: 0,
            healthy: false,
            incomplete: false,
            beyond_end: false,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// Read to its end in one page that changed nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.is_done() && self.pages == 1 && self.changes == 0 && !self.incomplete
    }

    pub(super) fn is_in_trouble(&self) -> bool {
        self.parts.last().is_some_and(Part::is_in_trouble)
    }

    pub(super) fn ask(&self, kind: RecordKind) -> Option<Ask> {
        self.parts.last().map(|part| part.ask(kind))
    }

    /// Up to where everything is read once the range is done, by Microsoft's clock: the first answer's
    /// `Date`; where there was none, the newest row's instant, less the time that the walk took: it was
    /// perhaps met at the end, long after what stands at the beginning was read.
    pub(super) fn read_up_to(&self) -> Option<Timestamp> {
        self.end.or(self.newest.map(|newest| floor_second(newest - self.took)))
    }

    pub(super) fn took(
        &mut self,
        kind: RecordKind,
        taken: &Taken<'_>,
        fallback: Timestamp,
        ordered: Ordered,
    ) -> Effects {
        self.pages += 1;
        let begun = *self.begun.get_or_insert(taken.now);
        self.took = taken.now.duration_since(begun).abs().max(self.took);
        self.healthy = true;
        let has_happened = |updated: &Timestamp| *updated <= taken.at_least();
        let newest = taken.rows.iter().filter_map(|row| row.updated).filter(has_happened).max();
        self.newest = self.newest.max(newest);
        self.changes += taken.rows.iter().filter(|row| row.novelty.is_change()).count() as u64;
        if self.purpose == Purpose::Live && self.end.is_none() && self.pages == 1 {
            self.end = taken.date.map(floor_second);
        }
        let mut effects = Effects { ordered, ..Effects::default() };
        let end = self.last_end(fallback);
        if let Some(part) = self.parts.last_mut() {
            let flow = part.took(kind, taken, end, &mut effects);
            self.settle(flow, end, &mut effects);
        }
        if self.purpose == Purpose::Live && !self.beyond_end {
            // From the second page on the live range has an end, so that it cannot run after its own tail.
            for part in &mut self.parts {
                part.to = part.to.or(self.end);
            }
        }
        self.leave_walked();
        self.go_beyond_end(kind);
        effects
    }

    pub(super) fn failed(
        &mut self,
        kind: RecordKind,
        failure: &Failure,
        fallback: Timestamp,
        ordered: Ordered,
    ) -> Effects {
        let mut effects = Effects { ordered, ..Effects::default() };
        let end = self.last_end(fallback);
        if let Some(part) = self.parts.last_mut() {
            if part.is_first_failure() {
                self.healthy = false;
            }
            let flow = part.failed(kind, failure, self.healthy, end, &mut effects);
            self.settle(flow, end, &mut effects);
        }
        self.leave_walked();
        self.go_beyond_end(kind);
        effects
    }

    /// Where an interval ends that has no end and must be halved.
    fn last_end(&self, fallback: Timestamp) -> Timestamp {
        match self.end {
            Some(end) if self.beyond_end => end.checked_add(FAR_FUTURE).unwrap_or(Timestamp::MAX),
            Some(end) => end,
            None => fallback,
        }
    }

    /// A live range of one page has no end: it shows instants of the future as well. One of more pages ends at the first
    /// answer's `Date`, and what Graph dates later than any change can be is asked for by itself.
    fn go_beyond_end(&mut self, kind: RecordKind) {
        let Some(end) = self.end.filter(|_| self.purpose == Purpose::Live && self.pages > 1) else { return };
        // What is set aside is tried again by itself; what kept it from being read would keep this from it, too.
        if self.is_done() && !self.beyond_end && !self.incomplete {
            self.beyond_end = true;
            self.parts.push(Part::new(kind, Property::Updated, Some(end + CLOCKS_DIFFER), None));
        }
    }

    /// Leaves the parts that stand beyond their end: a range is done as soon as nothing is left to ask.
    fn leave_walked(&mut self) {
        while self.parts.last().is_some_and(Part::is_past_end) {
            self.parts.pop();
        }
    }

    fn settle(&mut self, flow: ControlFlow<()>, end: Timestamp, effects: &mut Effects) {
        if let Some(split) = effects.split.take() {
            self.parts.pop();
            self.parts.extend(split);
        } else if flow.is_break() {
            self.parts.pop();
        }
        if let Some((_, from, to, _)) = &mut effects.aside_interval {
            to.get_or_insert(end.max(*from));
        }
        self.incomplete |= effects.aside_interval.is_some() || effects.aside_record.is_some();
    }

    /// The walk through what was set aside; a record is asked for by itself.
    pub(super) fn retry_of(kind: RecordKind, what: &Aside) -> Option<Self> {
        match what {
            Aside::Record { .. } => None,
            Aside::Interval { by, from, to } => {
                Some(Self::new(kind, Purpose::Retry, *by, (*from, Some(*to)), &[]))
            }
        }
    }
}
