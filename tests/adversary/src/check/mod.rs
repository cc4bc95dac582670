//! The checker: set-full, in Jepsen's sense, over the versions of records.
//!
//! Each version of each record ends as one of: *stable*, it was stored; *superseded*, the record had
//! already moved on when somebody could have read it, or a newer one was stored in its place; *lost*, by
//! the time promised nothing of the record was there; *stale*, an older version was. What is set aside and
//! named is neither until it can be read again.

mod class;
mod facts;
mod judge;

use std::sync::Arc;

use defender_sim::Kind;
use defender_sim::hostile::ticks::{SECOND, from_timestamp};
use defender_sim::hostile::{Tenant, record_of};
use graph_security::{Head, RecordKind};
use incident_store::Upserted;
use jiff::Timestamp;

pub use class::Class;
use facts::{Facts, SETTLED};
pub use judge::{Minute, Run};

use crate::result::Found;

/// Watches one trial.
#[derive(Debug)]
pub struct Checker {
    facts: Facts,
    /// What was found.
    pub found: Found,
    last_revision: u64,
    /// Of incidents, and of alerts.
    last_success: [i64; 2],
    /// When sweeps last did not fit.
    stretched: i64,
    /// How many times less often they came at the end of the last run.
    stretch: u64,
}

impl Checker {
    /// For a connection made at `connected` that goes back to `since`. `trusts_dates`: our clock is never so wrong that
    /// an answer's `Date` is not believed.
    #[must_use]
    pub fn new(tenant: Arc<Tenant>, connected: Timestamp, since: Timestamp, trusts_dates: bool) -> Self {
        let (connected, since) = (from_timestamp(connected), from_timestamp(since));
        Self {
            facts: Facts::new(tenant, connected, since, trusts_dates),
            found: Found::default(),
            last_revision: 0,
            last_success: [connected; 2],
            stretched: i64::MIN,
            stretch: 1,
        }
    }

    /// What a store made of a record, just now.
    pub fn saw(&mut self, kind: RecordKind, head: &Head, upserted: &Upserted, now: Timestamp) {
        let (revision, created) = match upserted {
            Upserted::Created { revision } => (*revision, true),
            Upserted::Updated { revision, .. } => (*revision, false),
            Upserted::Unchanged | Upserted::Older { .. } => return,
        };
        let kind = sim_kind(kind);
        let title = head.title.as_deref().and_then(|title| title.strip_prefix('v'));
        let index: Option<u32> = title.and_then(|number| number.parse().ok());
        let (Some(record), Some(index)) = (record_of(kind, &head.id), index) else {
            self.found.torn += 1;
            return;
        };
        self.facts.learn(&mut self.found);
        if revision <= self.last_revision {
            self.found.revisions_back += 1;
        }
        self.last_revision = revision.max(self.last_revision);
        let before = self.facts.stored(kind, record);
        match before {
            Some(before) if created || before == index => self.found.spurious += 1,
            Some(before)
                if index < before
                    && (self.facts.is_of_the_future(before, from_timestamp(now))
                        || self.facts.instant(index) > self.facts.instant(before)) =>
            {
                // The later answer wins over an instant of the future, also where a front end lags. And where the
                // instant of the later version went back, a front end that lags shows the later instant.
                self.found.flipped += 1;
            }
            Some(before) if index < before && self.facts.instant(index) != self.facts.instant(before) => {
                self.found.regressed += 1;
                let seconds = (from_timestamp(now) - self.facts.connected) / SECOND;
                let what = format!("{kind:?} {} from v{before} to v{index}", head.id);
                self.found.note(|| format!("regressed: {what}, {seconds} s after connecting"));
            }
            Some(before) if index < before => self.found.flipped += 1,
            _ => {}
        }
        self.facts.store(kind, record, index, from_timestamp(now), &mut self.found);
    }

    /// Every record as the store holds it at the end, against what was seen to be written and against what
    /// really happened.
    pub fn conclude(
        &mut self,
        now: Timestamp,
        stored: impl Fn(Kind, u32) -> Option<Option<u32>>,
        exempt: impl Fn(Kind, u32) -> bool,
    ) {
        self.facts.learn(&mut self.found);
        self.facts.conclude(from_timestamp(now), stored, exempt, &mut self.found);
    }

    /// How many records there were.
    #[must_use]
    pub fn records(&self, kind: Kind) -> usize {
        self.facts.records(kind)
    }

    /// Whether no sweep was put off for longer than a daily one takes to come round.
    #[must_use]
    pub fn sweeps_fit(&self, now: Timestamp) -> bool {
        from_timestamp(now) > self.stretched.saturating_add(SETTLED)
    }

    /// Something on our side is amiss until then.
    pub fn unwell(&mut self, until: Timestamp) {
        self.facts.unwell = from_timestamp(until);
    }

    /// The trial found a loss, or something went back.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.found.lost + self.found.stale + self.found.regressed > 0
    }
}

pub(crate) fn sim_kind(kind: RecordKind) -> Kind {
    match kind {
        RecordKind::Incident => Kind::Incidents,
        RecordKind::Alert => Kind::Alerts,
    }
}
