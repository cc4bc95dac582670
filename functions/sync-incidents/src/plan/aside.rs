//! What is set aside: named, retried every hour, and gone from the list when it could be read.

use graph_security::{Property, RecordKind};
use incident_store::believed::has_passed;
use incident_store::{Aside, SetAside};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Why;

/// How often it is tried again.
const AGAIN: SignedDuration = SignedDuration::from_secs(3600);

/// The most entries that are kept apart. Beyond it intervals grow together, so that the list stays small
/// and nothing falls off it.
const MOST: usize = 200;

/// What grew longer than this holds much that could be read.
const SHORT: SignedDuration = SignedDuration::from_secs(60);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct AsideList(Vec<SetAside>);

impl AsideList {
    pub(super) fn entries(&self) -> &[SetAside] {
        &self.0
    }

    /// Short intervals that end by `read_up_to`, in order: what fails there need not be found anew by every
    /// walk that comes by, and is retried by itself.
    pub(super) fn known(&self, by: Property, read_up_to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut known: Vec<_> = self
            .0
            .iter()
            .filter_map(|entry| match entry.what {
                Aside::Interval { by: other, from, to } if other == by => Some((from, to)),
                _ => None,
            })
            .filter(|(from, to)| *to <= read_up_to && to.duration_since(*from) <= SHORT)
            .collect();
        known.sort_unstable();
        known
    }

    pub(super) fn record(&mut self, kind: RecordKind, id: String, why: Why, now: Timestamp) {
        let what = Aside::Record { id };
        match self.0.iter_mut().find(|entry| entry.what == what) {
            Some(entry) => {
                entry.last_try = now;
                (entry.reason, entry.evidence) = (why.reason, why.evidence);
            }
            None => self.0.push(set_aside(kind, what, why, (now, 1), now)),
        }
    }

    /// Whether records are to be set aside with what lies around them.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// What lies within `healing`, which is being tried again, takes its place when that has ended.
    pub(super) fn interval(
        &mut self,
        kind: RecordKind,
        (by, from, to): (Property, Timestamp, Timestamp),
        why: Why,
        now: Timestamp,
        healing: Option<&Aside>,
    ) {
        let healing = self.0.iter().position(|entry| Some(&entry.what) == healing);
        let touching = self.0.iter_mut().enumerate().find_map(|(place, entry)| match &mut entry.what {
            Aside::Interval { by: other, from: start, to: end }
                if *other == by && *start <= to && from <= *end && Some(place) != healing =>
            {
                Some((start, end))
            }
            _ => None,
        });
        if let Some((start, end)) = touching {
            // When it is tried again does not change: what grows all the time would never be.
            *start = from.min(*start);
            *end = to.max(*end);
            return;
        }
        if self.is_full() && self.widen((by, from, to), healing) {
            return;
        }
        let what = Aside::Interval { by, from, to };
        let before = healing.map(|place| &self.0[place]);
        let (since, tries) = before.map_or((now, 1), |before| (before.since, before.tries));
        self.0.push(set_aside(kind, what, why, (since, tries), now));
    }

    /// The list is full: to forget would be a loss, so one interval takes all. False when there is none.
    fn widen(&mut self, (by, from, to): (Property, Timestamp, Timestamp), healing: Option<usize>) -> bool {
        let others = self.0.iter_mut().enumerate().filter(|(place, _)| Some(*place) != healing);
        let interval = others.into_iter().find_map(|(_, entry)| match &mut entry.what {
            Aside::Interval { by: other, from, to } if *other == by => Some((from, to)),
            _ => None,
        });
        let is_there = interval.is_some();
        if let Some((start, end)) = interval {
            *start = from.min(*start);
            *end = to.max(*end);
        }
        is_there
    }

    /// One that is to be tried again now; it counts as tried.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Aside> {
        let is_due = |entry: &SetAside| has_passed(entry.last_try + AGAIN, AGAIN, now);
        let entry = self.0.iter_mut().find(|entry| is_due(entry))?;
        entry.last_try = now;
        entry.tries += 1;
        Some(entry.what.clone())
    }

    /// All of it is to be tried again now.
    pub(super) fn make_due(&mut self) {
        for entry in &mut self.0 {
            entry.last_try -= AGAIN;
        }
    }

    /// It could be read; or what of it could not has an entry of its own, which is newer.
    pub(super) fn healed(&mut self, what: &Aside) {
        if let Some(place) = self.0.iter().position(|entry| entry.what == *what) {
            self.0.remove(place);
        }
    }

    /// This record was met and read in a page.
    pub(super) fn met(&mut self, id: &str) {
        if !self.0.is_empty() {
            self.0.retain(|entry| !matches!(&entry.what, Aside::Record { id: other } if other == id));
        }
    }
}

fn set_aside(
    kind: RecordKind,
    what: Aside,
    why: Why,
    (since, tries): (Timestamp, u32),
    last_try: Timestamp,
) -> SetAside {
    let Why { reason, evidence } = why;
    SetAside { kind, what, reason, evidence, since, last_try, tries }
}
