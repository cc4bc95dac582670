//! What really happened: every version of every record, and when each could be seen.
#![expect(clippy::cast_precision_loss, reason = "a mean time needs no last digits")]

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::hostility::Hostility;
use super::injected::{Hostile, Injected};
use super::instants::Instants;
use super::ticks::{self, DAY, HOUR, MINUTE, SECOND};
use super::twists::{FUTURE, Twist};
use super::version::{Order, Version};
use super::view::View;
use crate::{Kind, seeds};

/// A record that fails every page it is in, for a while.
#[derive(Clone, Debug)]
pub struct Poison {
    /// Which list.
    pub kind: Kind,
    /// Which record.
    pub record: u32,
    /// From when.
    pub from: i64,
    /// Until when.
    pub until: i64,
    /// A page of ids and instants fails, too.
    pub hides_ids: bool,
    pub(super) how: Hostile,
}

/// Before it is connected a tenant has this much of a past.
const PAST: i64 = 35 * DAY;

/// Changes are to one of so many of the newest records: what is old rests.
const RECENT: usize = 300;

#[derive(Debug)]
pub(super) struct World {
    rng: Rng,
    /// For the kinds that came later.
    twist_rng: Rng,
    /// From then on nothing new goes wrong.
    calm: i64,
    start: i64,
    next_event: i64,
    next_poison: i64,
    pub(super) versions: Vec<Version>,
    /// Of each record its newest version.
    newest: [Vec<u32>; 2],
    /// Of each record the instants of its versions.
    instants: [Vec<Instants>; 2],
    redirects: Vec<Option<u32>>,
    pub(super) poisons: Vec<Poison>,
    pub(super) views: Vec<View>,
}

impl World {
    pub(super) fn new(
        seed: u64,
        hostility: &Hostility,
        start: i64,
        calm: i64,
        injected: &mut Injected,
    ) -> Self {
        let mut world = Self {
            rng: Rng::with_seed(seeds::mix(seed, 21)),
            twist_rng: Rng::with_seed(seeds::mix(seed, 34)),
            calm,
            start,
            next_event: start - PAST,
            next_poison: start,
            versions: Vec::new(),
            newest: [Vec::new(), Vec::new()],
            instants: [Vec::new(), Vec::new()],
            redirects: Vec::new(),
            poisons: Vec::new(),
            views: hostility.lags.iter().map(|lag| View::new(lag * SECOND)).collect(),
        };
        world.create_incident(start - PAST, hostility, injected);
        world.advance(start, hostility, injected);
        world
    }

    /// Lets everything happen that is due.
    pub(super) fn advance(&mut self, now: i64, hostility: &Hostility, injected: &mut Injected) {
        while self.next_event <= now {
            let at = self.next_event;
            self.happen(at, hostility, injected);
            let mean = if at < self.start {
                PAST as f64 / hostility.past_events
            } else {
                DAY as f64 / hostility.events_per_day
            };
            self.next_event = at + 1 + self.wait(mean);
        }
        while self.next_poison <= now {
            if hostility.poison_per_day == 0.0 {
                self.next_poison = i64::MAX;
                break;
            }
            let at = self.next_poison;
            if at > self.start && at < self.calm {
                self.poison(at, hostility, injected);
            }
            self.next_poison = at + 1 + self.wait(DAY as f64 / hostility.poison_per_day);
        }
        for view in &mut self.views {
            view.advance(now, &self.versions);
        }
    }

    fn wait(&mut self, mean_ticks: f64) -> i64 {
        seeds::wait(&mut self.rng, Duration::from_secs_f64(mean_ticks / 1e7))
    }

    #[expect(clippy::same_functions_in_if_condition, reason = "each takes its own share of one draw")]
    fn happen(&mut self, at: i64, hostility: &Hostility, injected: &mut Injected) {
        let mut share = self.rng.f64();
        let mut is = |rate: f64| {
            let hit = share < rate;
            share -= rate;
            hit
        };
        if is(hostility.bulk) {
            self.bulk(at, hostility, injected);
        } else if is(hostility.in_place) {
            self.change_in_place(at, hostility, injected);
        } else if is(hostility.merges) {
            self.merge(at, hostility, injected);
        } else if is(hostility.undated) {
            let incident = self.recent(Kind::Incidents);
            injected.count(Hostile::UndatedAlert);
            let record = self.new_record(Kind::Alerts);
            self.write(Kind::Alerts, record, None, at, incident, at, hostility, injected);
        } else if is(0.15) {
            self.create_incident(at, hostility, injected);
        } else if is(0.15) {
            let incident = self.recent(Kind::Incidents);
            self.create_alert(at, at, incident, hostility, injected);
            self.update(Kind::Incidents, incident, at, hostility, injected);
        } else {
            let kind = if self.rng.bool() { Kind::Incidents } else { Kind::Alerts };
            let record = self.recent(kind);
            self.update(kind, record, at, hostility, injected);
            if self.rng.u32(..3) == 0 {
                self.follow_up(kind, record, at, hostility, injected);
            }
        }
    }

    /// Once more soon after: half of them within the same second.
    fn follow_up(
        &mut self,
        kind: Kind,
        record: u32,
        at: i64,
        hostility: &Hostility,
        injected: &mut Injected,
    ) {
        let most = if self.rng.bool() { SECOND } else { 3 * MINUTE };
        let later = at + self.rng.i64(1..most);
        self.update(kind, record, later, hostility, injected);
    }

    fn create_incident(&mut self, at: i64, hostility: &Hostility, injected: &mut Injected) {
        let incident = self.new_record(Kind::Incidents);
        let instant = self.precise(at);
        self.write(Kind::Incidents, incident, Some(instant), instant, incident, at, hostility, injected);
        for _ in 0..self.rng.u32(1..4) {
            let created = instant - self.rng.i64(0..10 * MINUTE);
            self.create_alert(created, at, incident, hostility, injected);
        }
    }

    fn create_alert(
        &mut self,
        created: i64,
        at: i64,
        incident: u32,
        hostility: &Hostility,
        injected: &mut Injected,
    ) {
        let record = self.new_record(Kind::Alerts);
        let instant = self.precise(at);
        self.write(Kind::Alerts, record, Some(instant), created, incident, at, hostility, injected);
    }

    fn update(&mut self, kind: Kind, record: u32, at: i64, hostility: &Hostility, injected: &mut Injected) {
        let instant = self.precise(at);
        let newest = self.newest(kind, record);
        let (created, incident, last) = (newest.created, newest.incident, newest.instant);
        let is_stormy = at > self.start && at < self.calm;
        let twist = if is_stormy { Twist::draw(&hostility.twists, &mut self.twist_rng) } else { None };
        let instant = match (twist, last) {
            (Some(Twist::Ahead(by)), _) => {
                injected.count(Hostile::FutureInstant);
                instant + by
            }
            (Some(Twist::Back(by)), Some(last)) => {
                injected.count(Hostile::BackwardInstant);
                last - by
            }
            _ => return self.move_to(kind, record, instant, at, hostility, injected),
        };
        self.write(kind, record, Some(instant), created, incident, at, hostility, injected);
    }

    fn newest(&self, kind: Kind, record: u32) -> &Version {
        &self.versions[self.newest[kind as usize][record as usize] as usize]
    }

    /// A new version at `instant`, or as soon after the last one as Graph can say.
    fn move_to(
        &mut self,
        kind: Kind,
        record: u32,
        instant: i64,
        at: i64,
        hostility: &Hostility,
        injected: &mut Injected,
    ) {
        let newest = self.newest(kind, record);
        let (created, incident) = (newest.created, newest.incident);
        let instant = after(newest.instant, instant, at);
        self.write(kind, record, Some(instant), created, incident, at, hostility, injected);
    }

    /// Many records at one instant; some are made at one instant, too.
    fn bulk(&mut self, at: i64, hostility: &Hostility, injected: &mut Injected) {
        let kind = if self.rng.bool() { Kind::Incidents } else { Kind::Alerts };
        let page = if kind == Kind::Incidents { 50 } else { 100 };
        let large = self.rng.f64() < hostility.bulk_large;
        let size = if large { page + self.rng.usize(..page) } else { self.rng.usize(2..12) };
        injected.count(if large { Hostile::BulkBeyondPage } else { Hostile::BulkEdit });
        let instant = self.precise(at);
        if self.rng.f64() < hostility.bulk_creation {
            injected.count(Hostile::BulkCreation);
            let incident = self.recent(Kind::Incidents);
            for _ in 0..size {
                let record = self.new_record(kind);
                let incident = if kind == Kind::Incidents { record } else { incident };
                self.write(kind, record, Some(instant), instant, incident, at, hostility, injected);
            }
            return;
        }
        let records = self.newest[kind as usize].len();
        let first = records.saturating_sub(size + self.rng.usize(..50));
        let edited = first..(first + size).min(records);
        for record in edited.clone() {
            self.move_to(kind, narrow(record), instant, at, hostility, injected);
        }
        // Some are edited once more by hand, perhaps while the list is being read.
        for _ in 0..self.rng.u32(..4) {
            let record = narrow(self.rng.usize(edited.clone()));
            self.follow_up(kind, record, at, hostility, injected);
        }
    }

    fn change_in_place(&mut self, at: i64, hostility: &Hostility, injected: &mut Injected) {
        let kind = if self.rng.bool() { Kind::Incidents } else { Kind::Alerts };
        let record = self.recent(kind);
        let newest = self.newest(kind, record);
        let (instant, created, incident) = (newest.instant, newest.created, newest.incident);
        if at > self.start {
            injected.count(Hostile::ChangedInPlace);
        }
        self.write(kind, record, instant, created, incident, at, hostility, injected);
        if let Some(version) = self.versions.last_mut() {
            version.in_place = true;
        }
    }

    /// One incident becomes a pointer to another, and its alerts move: sometimes all at one instant,
    /// sometimes in a circle.
    fn merge(&mut self, at: i64, hostility: &Hostility, injected: &mut Injected) {
        let (from, into) = (self.recent(Kind::Incidents), self.recent(Kind::Incidents));
        if from == into {
            return;
        }
        injected.count(Hostile::Merge);
        let instant = self.precise(at);
        self.redirects[from as usize] = Some(into);
        self.move_to(Kind::Incidents, from, instant, at, hostility, injected);
        self.move_to(Kind::Incidents, into, instant, at, hostility, injected);
        let alerts = &self.newest[Kind::Alerts as usize];
        let of_it = |index: &&u32| self.versions[**index as usize].incident == from;
        let moved: Vec<u32> = alerts.iter().filter(of_it).copied().collect();
        for index in moved {
            let version = &self.versions[index as usize];
            let (record, created) = (version.record, version.created);
            let instant = after(version.instant, instant, at);
            self.write(Kind::Alerts, record, Some(instant), created, into, at, hostility, injected);
        }
    }

    fn poison(&mut self, at: i64, hostility: &Hostility, injected: &mut Injected) {
        let kind = if self.rng.bool() { Kind::Incidents } else { Kind::Alerts };
        let record = self.recent(kind);
        let how = match self.rng.u32(..12) {
            0..=5 => Hostile::ServerError,
            6 => Hostile::NotJson,
            7 => Hostile::BrokenOff,
            8 => Hostile::NoArray,
            9 => Hostile::Unavailable,
            10 => Hostile::Reset,
            _ => Hostile::Stall,
        };
        let until = at + HOUR / 2 + self.rng.i64(0..8 * HOUR);
        let hides_ids = self.rng.bool();
        self.poisons.push(Poison { kind, record, from: at, until, hides_ids, how });
        if self.rng.bool() {
            self.update(kind, record, at, hostility, injected);
        }
    }

    /// The poison that a row of this record is at `now`.
    pub(super) fn poison_of(&self, kind: Kind, record: u32, now: i64) -> Option<&Poison> {
        // Few are long, so the newest ones are all that can be.
        let newest = self.poisons.iter().rev().take(64);
        newest.into_iter().find(|poison| {
            poison.kind == kind && poison.record == record && (poison.from..poison.until).contains(&now)
        })
    }

    fn recent(&mut self, kind: Kind) -> u32 {
        let records = self.newest[kind as usize].len();
        narrow(records - 1 - self.rng.usize(..records.min(RECENT)))
    }

    fn new_record(&mut self, kind: Kind) -> u32 {
        let newest = &mut self.newest[kind as usize];
        newest.push(u32::MAX);
        self.instants[kind as usize].push(Instants::default());
        if kind == Kind::Incidents {
            self.redirects.push(None);
        }
        narrow(newest.len() - 1)
    }

    /// An instant with 0 to 7 digits of fraction.
    fn precise(&mut self, at: i64) -> i64 {
        let step = 10_i64.pow(self.rng.u32(..8));
        at.div_euclid(step) * step
    }

    #[expect(clippy::too_many_arguments, reason = "a version's parts")]
    fn write(
        &mut self,
        kind: Kind,
        record: u32,
        instant: Option<i64>,
        created: i64,
        incident: u32,
        at: i64,
        hostility: &Hostility,
        injected: &mut Injected,
    ) {
        let index = narrow(self.versions.len());
        let delay = if at < self.calm { hostility.delay(&mut self.rng) } else { 0 };
        let shown = instant.unwrap_or(created);
        let visible = if shown >= at + FUTURE { at } else { at.max(shown) } + delay;
        let kinds = [
            (9 * DAY, Hostile::LateBeyond),
            (7 * DAY, Hostile::LateWithinWeek),
            (DAY, Hostile::LateWithinDay),
            (300 * SECOND, Hostile::LateWithinOverlap),
        ];
        if at > self.start && delay > 0 {
            let bound = kinds.iter().rfind(|(bound, _)| delay <= *bound);
            if let Some((_, kind)) = bound {
                injected.count(*kind);
            }
        }
        let empty_date = instant.is_none()
            && hostility.twists.empty > 0.0
            && self.twist_rng.f64() < hostility.twists.empty;
        if empty_date {
            injected.count(Hostile::EmptyInstant);
        }
        let instants = &mut self.instants[kind as usize][record as usize];
        let before = instants.latest();
        let order = instant.map_or(Order::Forward, |instant| instants.order(instant, visible));
        if let Some(instant) = instant {
            instants.push(instant, visible);
        }
        let version = Version {
            kind,
            record,
            instant,
            created,
            visible,
            in_place: false,
            order,
            before,
            empty_date,
            incident,
            row: Arc::default(),
        };
        let version = Version { row: self.row(&version, index), ..version };
        self.versions.push(version);
        self.newest[kind as usize][record as usize] = index;
        for view in &mut self.views {
            view.expect(visible, index);
        }
    }

    fn row(&self, version: &Version, index: u32) -> Arc<str> {
        let mut row = ids_and_instants(version);
        row.pop();
        let severity = ["informational", "low", "medium", "high"][index as usize % 4];
        let _ = match version.kind {
            Kind::Incidents => {
                let redirect = self.redirects[version.record as usize];
                let redirect = redirect.map_or("null".to_owned(), |into| format!("\"{into}\""));
                write!(
                    row,
                    r#","displayName":"v{index}","status":"active","severity":"{severity}","redirectIncidentId":{redirect}}}"#
                )
            }
            Kind::Alerts => write!(
                row,
                r#","title":"v{index}","status":"new","severity":"{severity}","incidentId":"{}"}}"#,
                version.incident
            ),
        };
        row.into()
    }
}

/// An update's instant: as soon after the last one as Graph can say, where that one is not of the future.
fn after(last: Option<i64>, instant: i64, at: i64) -> i64 {
    last.filter(|last| *last < at + FUTURE).map_or(instant, |last| instant.max(last + 1))
}

/// A row of a page that was asked for ids and instants only.
pub(super) fn ids_and_instants(version: &Version) -> String {
    let mut row = String::with_capacity(320);
    let _ = write!(row, r#"{{"id":"{}","createdDateTime":""#, version.id());
    ticks::print(&mut row, version.created);
    row.push_str(r#"","lastUpdateDateTime":"#);
    match version.instant {
        Some(instant) => {
            row.push('"');
            ticks::print(&mut row, instant);
            row.push_str("\"}");
        }
        None if version.empty_date => row.push_str(r#""0001-01-01T00:00:00Z"}"#),
        None => row.push_str("null}"),
    }
    row
}

/// There are fewer records than a `u32` counts.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
