//! A tenant's records and what becomes of them: a queue of events, run up to whatever instant is asked for.

mod cast;
mod catalogue;
mod documented;
mod evidence;
mod life;
mod making;

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use crate::model::{Alert, Incident};
use crate::seeds::{mix, wait};
use crate::stamp::{self, Stamp};
use crate::table::{Slot, Table};
use crate::tenant::{Generator, TenantSpec};
use cast::Cast;

/// Something that can be made to happen in a tenant, besides what its generator does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A new incident with its first alerts.
    Arrival,
    /// A change to one of the open incidents.
    Touch,
    /// One of the open incidents is merged into another: its alerts move, it stays as `redirected`.
    Merge,
    /// The older half of the open incidents, at most so many, are resolved at one instant, and their alerts.
    BulkClose(u32),
}

/// A change that belongs to the life of one incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Assign,
    Begin,
    Comment,
    Tag,
    Await,
    Progress,
    Prioritise,
    Summarise,
    Resolve,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Once(Happening),
    Recurring(Happening),
    Documented(usize),
    Join(Slot),
    Merge(Slot),
    Change(Slot, Change),
}

/// Every event has a seed of its own, so that a write from outside does not change what later ones draw:
/// the others' arrivals and lives go on as they would have.
#[derive(Clone, Copy, Debug)]
struct Event {
    seed: u64,
    what: What,
}

/// What an incident's later alerts need to fit its first ones.
#[derive(Debug)]
struct Case {
    alerts: Vec<Slot>,
    user: usize,
    device: usize,
    subject: &'static str,
}

/// All records of a tenant, as of the last instant they were asked for.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) incidents: Table<Incident>,
    pub(crate) alerts: Table<Alert>,
    /// By the incident's slot.
    cases: Vec<Case>,
    open: BTreeSet<Slot>,
    queue: BTreeMap<(i64, u64), Event>,
    scheduled: u64,
    documented: Vec<documented::Documented>,
    cast: Cast,
    generator: Generator,
    seed: u64,
    start: i64,
    reached: i64,
    next_incident: u64,
}

impl World {
    pub(crate) fn new(seed: u64, start: Timestamp, spec: &TenantSpec) -> Self {
        let generator = spec.generator.clone();
        let mut rng = Rng::with_seed(mix(seed, 1));
        let mut world = Self {
            incidents: Table::new(),
            alerts: Table::new(),
            cases: Vec::new(),
            open: BTreeSet::new(),
            queue: BTreeMap::new(),
            scheduled: 0,
            documented: if generator.documented {
                documented::records(spec.tenant_id, start)
            } else {
                Vec::new()
            },
            cast: Cast::new(mix(seed, 2), spec.tenant_id, &spec.domain),
            seed,
            start: stamp::ticks(start),
            reached: i64::MIN,
            next_incident: rng.u64(100_000..900_000),
            generator,
        };
        for number in 0..world.documented.len() {
            let at = world.documented[number].visible();
            world.add(at.ticks(), Event { seed: 0, what: What::Documented(number) });
        }
        let over = i64::try_from(world.generator.over.as_nanos() / 100).unwrap_or(i64::MAX).max(1);
        for _ in 0..world.generator.incidents {
            // The last minute stays free: what is visible at the start was settled a little before.
            let at = world.start - 600_000_000 - rng.i64(0..over);
            let event = Event { seed: rng.u64(..), what: What::Once(Happening::Arrival) };
            world.add(at, event);
        }
        for _ in 0..world.generator.past_closings {
            let at = world.start - rng.i64(0..over);
            let event = Event { seed: rng.u64(..), what: What::Once(Happening::BulkClose(25)) };
            world.add(at, event);
        }
        for happening in [Happening::Arrival, Happening::Touch, Happening::BulkClose(25)] {
            world.recur(world.start, rng.u64(..), happening);
        }
        world.advance(start);
        world
    }

    /// Runs everything that is due. Time does not go backwards: an earlier instant changes nothing.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        let now = stamp::ticks(now);
        self.reached = self.reached.max(now);
        while let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= now
        {
            let ((at, _), event) = entry.remove_entry();
            self.run(at, event);
        }
    }

    /// The latest instant that was asked for: a write is visible then, whatever a skewed clock says.
    pub(crate) fn now(&self) -> Timestamp {
        stamp::timestamp(self.reached)
    }

    /// Lets something happen once, at `at`, or now where that is over.
    pub(crate) fn schedule(&mut self, at: Timestamp, happening: Happening) {
        let at = stamp::ticks(at).max(self.reached);
        let seed = mix(mix(self.seed, self.scheduled), at.unsigned_abs());
        self.add(at, Event { seed, what: What::Once(happening) });
    }

    /// The slots of an incident's alerts.
    pub(crate) fn alerts_of(&self, incident: Slot) -> &[Slot] {
        &self.cases[incident as usize].alerts
    }

    fn add(&mut self, at: i64, event: Event) {
        self.queue.insert((at, self.scheduled), event);
        self.scheduled += 1;
    }

    fn recur(&mut self, after: i64, seed: u64, happening: Happening) {
        let mean = match happening {
            Happening::Arrival => self.generator.new_every,
            Happening::Touch => self.generator.update_every,
            Happening::BulkClose(_) => self.generator.bulk_close_every,
            Happening::Merge => None,
        };
        let Some(mean) = mean else { return };
        let mut rng = Rng::with_seed(seed);
        let at = after + wait(&mut rng, mean) + 1;
        self.add(at, Event { seed: rng.u64(..), what: What::Recurring(happening) });
    }

    /// Whether an incident's own life goes on at that instant.
    fn lives_at(&self, at: i64) -> bool {
        at <= self.start || self.generator.update_every.is_some() || self.generator.new_every.is_some()
    }

    fn run(&mut self, at: i64, event: Event) {
        let mut rng = Rng::with_seed(event.seed);
        match event.what {
            What::Once(happening) => self.happen(at, happening, &mut rng),
            What::Recurring(happening) => {
                self.recur(at, rng.u64(..), happening);
                self.happen(at, happening, &mut rng);
            }
            What::Documented(number) => self.document(number),
            What::Join(incident) => self.join(at, incident, &mut rng),
            What::Merge(incident) => self.merge(at, incident, &mut rng),
            What::Change(incident, change) => self.change(at, incident, change, &mut rng),
        }
    }

    fn happen(&mut self, at: i64, happening: Happening, rng: &mut Rng) {
        match happening {
            Happening::Arrival => self.arrive(at, rng),
            Happening::Touch => self.touch(at, rng),
            Happening::Merge => {
                if let Some(incident) = self.some_open(rng) {
                    self.merge(at, incident, rng);
                }
            }
            Happening::BulkClose(most) => self.bulk_close(at, most, rng),
        }
    }

    fn some_open(&self, rng: &mut Rng) -> Option<Slot> {
        let nth = (!self.open.is_empty()).then(|| rng.usize(..self.open.len()))?;
        self.open.iter().nth(nth).copied()
    }

    /// The instant that a record bears which can be found from `visible` on.
    fn stamp(&self, visible: i64, rng: &mut Rng) -> Stamp {
        let most = i64::try_from(self.generator.longest_lag.as_nanos() / 100).unwrap_or(i64::MAX);
        let lag = match rng.u8(..100) {
            0..80 => 150_000_000,
            80..98 => 450_000_000,
            _ => most,
        };
        let at = stamp::timestamp(visible - rng.i64(0..=lag.min(most)));
        match rng.u8(..10) {
            0..5 => Stamp::sql(at),
            5..7 => Stamp::new(at, 7),
            7 => Stamp::new(at, 3),
            8 => Stamp::new(at, 1),
            _ => Stamp::new(at, 0),
        }
    }

    /// Changes an incident; its `lastUpdateDateTime` grows in any case.
    pub(crate) fn edit_incident(
        &mut self,
        incident: Slot,
        stamp: Stamp,
        visible: Timestamp,
        change: impl FnOnce(&mut Incident),
    ) {
        self.incidents.edit(incident, visible, |record| {
            record.last_update_date_time = later(record.last_update_date_time, stamp);
            change(record);
        });
    }

    /// Changes an alert; the incident it belongs to is updated by that too.
    pub(crate) fn edit_alert(
        &mut self,
        alert: Slot,
        stamp: Stamp,
        visible: Timestamp,
        change: impl FnOnce(&mut Alert),
    ) {
        self.edit_only_alert(alert, stamp, visible, change);
        if let Some(incident) = self.incidents.find(&self.alerts.record(alert).incident_id) {
            self.edit_incident(incident, stamp, visible, |_| {});
        }
    }

    /// For a change that updates the incident by itself.
    fn edit_only_alert(
        &mut self,
        alert: Slot,
        stamp: Stamp,
        visible: Timestamp,
        change: impl FnOnce(&mut Alert),
    ) {
        self.alerts.edit(alert, visible, |record| {
            record.last_update_date_time = later(record.last_update_date_time, stamp);
            change(record);
        });
    }
}

/// `wanted`, or the next instant after `previous` where that is not later.
fn later(previous: Stamp, wanted: Stamp) -> Stamp {
    if wanted.ticks() > previous.ticks() { wanted } else { previous.next() }
}

/// An instant a little before a stamp.
fn before(stamp: Stamp, seconds: i64) -> Timestamp {
    stamp.timestamp() - SignedDuration::from_secs(seconds)
}
