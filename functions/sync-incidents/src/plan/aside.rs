//! What is set aside: named, retried every hour, and gone from the list when it could be read.

use graph_security::{Property, RecordKind};
use incident_store::{Aside, SetAside};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

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

    pub(super) fn record(&mut self, kind: RecordKind, id: String, reason: String, now: Timestamp) {
        self.add(kind, Aside::Record { id }, reason, now);
    }

    pub(super) fn interval(
        &mut self,
        kind: RecordKind,
        (by, from, to): (Property, Timestamp, Timestamp),
        reason: String,
        now: Timestamp,
    ) {
        let touching = self.0.iter_mut().find_map(|entry| match &mut entry.what {
            Aside::Interval { by: other, from: start, to: end }
                if *other == by && *start <= to && from <= *end =>
            {
                Some((start, end, &mut entry.last_try))
            }
            _ => None,
        });
        if let Some((start, end, last_try)) = touching {
            *start = from.min(*start);
            *end = to.max(*end);
            *last_try = now;
        } else if self.0.len() < MOST || !self.widen(by, from, to) {
            self.add(kind, Aside::Interval { by, from, to }, reason, now);
        }
    }

    /// The list is full: to forget would be a loss, so one interval takes all. False when there is none.
    fn widen(&mut self, by: Property, from: Timestamp, to: Timestamp) -> bool {
        let interval = self.0.iter_mut().find_map(|entry| match &mut entry.what {
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

    fn add(&mut self, kind: RecordKind, what: Aside, reason: String, now: Timestamp) {
        match self.0.iter_mut().find(|entry| entry.what == what) {
            Some(entry) => {
                entry.last_try = now;
                entry.reason = reason;
            }
            None => self.0.push(SetAside { kind, what, reason, since: now, last_try: now, tries: 1 }),
        }
    }

    /// One that is to be tried again now; it counts as tried.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Aside> {
        let entry = self.0.iter_mut().find(|entry| now.duration_since(entry.last_try) >= AGAIN)?;
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

    /// It could be read.
    pub(super) fn healed(&mut self, what: &Aside) {
        self.0.retain(|entry| entry.what != *what);
    }

    /// This record was met and read in a page.
    pub(super) fn met(&mut self, id: &str) {
        if !self.0.is_empty() {
            self.0.retain(|entry| !matches!(&entry.what, Aside::Record { id: other } if other == id));
        }
    }
}
