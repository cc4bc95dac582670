//! One seed: a tenant, a store, a connection, and so many days of ticks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use defender_sim::Kind;
use defender_sim::hostile::{HostileTransport, Hostility, Tenant};
use fastrand::Rng;
use graph_auth::{Cloud, EndpointOverride, TokenCache};
use graph_http::Clock;
use graph_security::{Graph, RecordKind};
use incident_store::sqlite::SqliteStore;
use incident_store::{
    ClientSecrets, ConnectionId, Connections, Lifecycle, NewConnection, SecretError, SetAside, SyncStore,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sync_incidents::plan::Plan;
use sync_incidents::{Budget, Outcome, Report, Settings, Syncer, Turn};
use tokio::time::Instant;

use crate::check::{Checker, Minute, Run};
use crate::coupled::Coupled;
use crate::interleave::{Gate, Gated, polls};
use crate::jumps::Jumps;
use crate::mixture::Mixture;
use crate::result::SeedResult;
use crate::store::{Blocking, Faulty, Flaw, Misfortunes, ModelStore, Rates, Watched};

/// A trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Everything random follows from it.
    pub seed: u64,
    /// Days of ticks; the last day and a half are calm.
    pub days: u32,
    /// What the tenant and our clock do.
    pub mixture: Mixture,
    /// On SQLite in memory rather than on the model.
    pub sqlite: bool,
    /// A bug of the store.
    pub flaw: Option<Flaw>,
    /// The store says at some ticks only that the connection is due: a minute without a run owes nothing.
    pub sparse: bool,
    /// Ends at the first loss.
    pub until_broken: bool,
    /// Prints every run and request between these seconds after connecting.
    pub trace: Option<(i64, i64)>,
}

/// The calm at the end: longer than a daily sweep takes to come round.
const CALM: SignedDuration = SignedDuration::from_hours(36);

/// Ticks added to the calm at most, while sweeps do not fit: ten days.
const MOST_EXTRA: u64 = 10 * 24 * 60;

/// A lease outlives its run by this: clocks that share a store are within half of it.
const LEASE_MARGIN: Duration = Duration::from_secs(60);

/// Between two ticks.
const TICK: Duration = Duration::from_secs(60);

/// What is done to us, by name.
const CUT: &str = "run cut at an await";
const TWIN: &str = "two runs at once";
const FROZEN: &str = "run frozen past its lease";
const AHEAD: &str = "run with our clock ahead";
const BEHIND: &str = "run with our clock behind";
const LEFT_OUT: &str = "tick left out";
const OUTAGE: &str = "tick left out in an outage";
const JUMP: &str = "tick with our clock gone astray";

type Net = Gated<Coupled<HostileTransport>>;

impl Trial {
    /// The engine against everything but the kinds that came later.
    #[must_use]
    pub fn full(seed: u64, days: u32, sqlite: bool) -> Self {
        Self {
            seed,
            days,
            mixture: Mixture::Full,
            sqlite,
            flaw: None,
            sparse: false,
            until_broken: false,
            trace: None,
        }
    }

    /// Whether the kinds that came later are in it.
    #[must_use]
    pub fn is_twisted(&self) -> bool {
        self.mixture == Mixture::Twisted
    }

    fn hostility(&self) -> Hostility {
        match self.mixture {
            Mixture::Mild => Hostility::mild(self.seed),
            Mixture::Full => Hostility::full(self.seed),
            Mixture::Twisted => Hostility::twisted(self.seed),
        }
    }

    /// Runs it with this planning; the same trial gives the same result.
    #[must_use]
    pub fn run<P: Plan>(self) -> SeedResult {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let Ok(runtime) = runtime else { unreachable!("a runtime without a driver can be built") };
        let gate = Gate::default();
        runtime.block_on(async {
            if self.sqlite {
                let Ok(inner) = SqliteStore::in_memory() else { unreachable!("there is memory") };
                self.with_store::<P, _>(Blocking { inner }, gate).await
            } else if let Some(flaw) = self.flaw {
                self.with_store::<P, _>(ModelStore::flawed(flaw, gate.clone()), gate).await
            } else {
                self.with_store::<P, _>(ModelStore::default(), gate).await
            }
        })
    }

    /// Runs it on a store that works on threads of its own, in real time; the tenant and the runs are in
    /// simulated time all the same.
    #[must_use]
    pub fn run_on<P: Plan>(self, inner: impl Connections + SyncStore) -> SeedResult {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let Ok(runtime) = runtime else { unreachable!("a runtime without a driver can be built") };
        runtime.block_on(self.with_store::<P, _>(Blocking { inner }, Gate::default()))
    }

    async fn with_store<P: Plan, S: Connections + SyncStore>(self, store: S, gate: Gate) -> SeedResult {
        let desk = Desk::new(self, store, gate).await;
        desk.live::<P>().await
    }
}

/// What happens to us: by the seed.
struct Ours {
    rng: Rng,
    budget: Budget,
    deadline: Duration,
    skew: SignedDuration,
    cut: f64,
    twin: f64,
    frozen: f64,
    skipped: f64,
    outages_per_day: f64,
    store: Rates,
}

impl Ours {
    fn new(trial: Trial) -> Self {
        let mut rng = Rng::with_seed(trial.seed.wrapping_mul(0x9e37_79b9).wrapping_add(31));
        let mut some = |share: f64, most: f64| {
            let (drawn, hit) = (rng.f64(), rng.f64() < share);
            if hit { most * (0.2 + 0.8 * drawn) } else { 0.0 }
        };
        let store = Rates {
            before: some(0.5, 0.01),
            half: some(0.5, 0.02),
            after: some(0.5, 0.01),
            throttled: some(0.4, 0.01),
        };
        let (cut, mut twin, mut frozen) = (some(0.6, 0.05), some(0.5, 0.02), some(0.5, 0.02));
        let (skipped, outages_per_day) = (some(0.5, 0.05), some(0.4, 0.4));
        let skew = match rng.u32(..3) {
            0 => SignedDuration::ZERO,
            1 => SignedDuration::from_secs(rng.i64(-600..=600)),
            _ => SignedDuration::from_secs(if rng.bool() { 600 } else { -600 }),
        };
        let budget = if rng.bool() { Budget::Microsoft } else { Budget::Unlimited };
        let deadline = Duration::from_secs(rng.u64(20..=60));
        if trial.mixture == Mixture::Mild {
            // A bug that shows only where runs overlap is to show soon.
            (twin, frozen) = (0.1, 0.05);
        }
        Self { rng, budget, deadline, skew, cut, twin, frozen, skipped, outages_per_day, store }
    }
}

/// The customer's secrets, as entered.
#[derive(Clone, Debug)]
struct Entered {
    tenant: Arc<Tenant>,
    clock: Clock,
}

impl ClientSecrets for Entered {
    async fn client_secret(&self, _: ConnectionId, _: bool) -> Result<SecretString, SecretError> {
        Ok(self.tenant.entered_secret(self.clock.now()).into())
    }
}

struct Desk<S> {
    trial: Trial,
    ours: Ours,
    tenant: Arc<Tenant>,
    checker: Arc<Mutex<Checker>>,
    syncer: Syncer<Faulty<Watched<S>>, Net, Entered>,
    /// Another process: the same store, tokens of its own.
    other: Syncer<Faulty<Watched<S>>, Net, Entered>,
    clock: Clock,
    gate: Gate,
    begun: Instant,
    result: SeedResult,
    /// The last time when something on our side was amiss.
    unwell: Timestamp,
    jumps: Jumps,
    /// The minute's run was killed, or there was none.
    is_killed: bool,
    /// Until when a lease that a killed run left behind, or a clock that was astray, may keep us from syncing.
    hindered: Timestamp,
    /// Until when our clock was astray last: see [`Run::astray`].
    astray: Timestamp,
    /// Requests that the tenant had got at the end of each minute of the last hour.
    requests: VecDeque<u64>,
    last: Option<Report>,
}

fn lock(checker: &Mutex<Checker>) -> MutexGuard<'_, Checker> {
    checker.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> Timestamp {
    Timestamp::from_second(1_793_610_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The one connection of a trial.
#[must_use]
pub fn connection() -> ConnectionId {
    ConnectionId::new(start(), [1; 10])
}

impl<S: Connections + SyncStore> Desk<S> {
    async fn new(trial: Trial, store: S, gate: Gate) -> Self {
        let mut ours = Ours::new(trial);
        let clock = Clock::simulated(start());
        let calm = start() + SignedDuration::from_hours(24 * i64::from(trial.days)) - CALM;
        let tenant = Arc::new(Tenant::new(trial.seed, trial.hostility(), start(), calm));
        let since = start() - SignedDuration::from_hours(24 * ours.rng.i64(3..31));
        let jumps = if trial.is_twisted() { Jumps::new(trial.seed, start(), calm) } else { Jumps::default() };
        let checker = Arc::new(Mutex::new(Checker::new(tenant.clone(), start(), since, jumps.are_none())));
        let watched = Watched { inner: store, checker: checker.clone(), clock: clock.clone() };
        let store = Faulty::new(watched, gate.clone(), trial.seed.wrapping_add(41), Rates::default());
        let settings = NewConnection {
            group: "local".into(),
            name: None,
            tenant_id: Tenant::TENANT_ID,
            client_id: Tenant::CLIENT_ID,
            cloud: Cloud::Global,
            since,
            interval: TICK,
            secret_expires: None,
        };
        let skewed = clock.skewed(ours.skew);
        if store.create(connection(), settings, Lifecycle::Connected, skewed.now()).await.is_err() {
            unreachable!("a new store takes a connection");
        }
        store.set_rates(ours.store);
        let inner = HostileTransport { tenant: tenant.clone(), clock: clock.clone() };
        let inner = Coupled::new(inner, trial.flaw);
        let transport = Gated { inner, gate: gate.clone(), trace: Arc::default() };
        let success_every = SignedDuration::from_mins(if ours.rng.bool() { 0 } else { 10 });
        let process = || Syncer {
            store: store.clone(),
            graph: Graph {
                transport: transport.clone(),
                clock: skewed.clone(),
                tokens: TokenCache::default(),
            },
            secrets: Entered { tenant: tenant.clone(), clock: clock.clone() },
            endpoints: EndpointOverride::default(),
            settings: Settings {
                budget: ours.budget,
                success_every,
                lease_margin: LEASE_MARGIN,
                seed: trial.seed,
            },
        };
        let (syncer, other) = (process(), process());
        let result = SeedResult {
            seed: trial.seed,
            days: trial.days.into(),
            sqlite: trial.sqlite,
            mixture: trial.mixture,
            ..SeedResult::default()
        };
        Self {
            trial,
            ours,
            tenant,
            checker,
            syncer,
            other,
            clock,
            gate,
            begun: Instant::now(),
            result,
            unwell: start(),
            jumps,
            is_killed: false,
            hindered: start(),
            astray: start(),
            requests: VecDeque::new(),
            last: None,
        }
    }

    async fn live<P: Plan>(mut self) -> SeedResult {
        let ticks = u64::from(self.trial.days) * 24 * 60;
        let calm = ticks - u64::try_from(CALM.as_secs() / 60).unwrap_or(0);
        let mut tick = 0;
        // Sweeps that do not fit come less often and say so; the last ones of the calm are to end.
        let most = ticks + MOST_EXTRA;
        while tick < ticks || (tick < most && !self.checker().sweeps_fit(self.clock.now())) {
            tokio::time::sleep_until(self.begun + TICK * u32::try_from(tick).unwrap_or(u32::MAX)).await;
            self.tenant.advance(self.clock.now());
            if tick == calm {
                self.syncer.store.set_rates(Rates::default());
            }
            tick += 1;
            self.jump();
            let began = self.clock.now();
            let (amiss, runs) = (self.store_misfortunes(), self.result.runs);
            if tick > calm {
                self.plain::<P>().await;
            } else {
                tick += self.stormy::<P>().await;
            }
            if !self.trial.sparse || self.result.runs > runs {
                self.judge_minute(began, amiss);
            }
            // A run may have taken longer than a tick.
            let passed = self.begun.elapsed().as_secs().div_ceil(60);
            tick = tick.max(passed);
            self.result.ticks = tick;
            if self.trial.until_broken && self.checker().has_failed() {
                return self.finish();
            }
        }
        if !self.checker().sweeps_fit(self.clock.now()) {
            self.checker().sweeps_do_not_fit();
        }
        self.conclude().await;
        self.finish()
    }

    fn checker(&self) -> MutexGuard<'_, Checker> {
        lock(&self.checker)
    }

    fn count(&mut self, what: &str) {
        if self.syncer.graph.transport.trace.load(Ordering::Relaxed) {
            eprintln!("  {what}");
        }
        match self.result.injected.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(self.result.injected.insert(what.to_owned(), 1)),
        }
    }

    /// Our clock goes astray, or is right again.
    fn jump(&mut self) {
        let now = self.clock.now();
        let (off, hinders) = self.jumps.at(now);
        if off != SignedDuration::ZERO {
            self.count(JUMP);
        }
        self.astray = hinders;
        self.hindered = self.hindered.max(hinders);
        self.unwell = self.unwell.max(hinders);
        let clock = self.clock.skewed(self.ours.skew + off);
        self.syncer.graph.clock = clock.clone();
        self.other.graph.clock = clock;
    }

    fn store_misfortunes(&self) -> u64 {
        let Misfortunes { before, half, after, throttled } = self.syncer.store.misfortunes();
        before + half + after + throttled
    }

    /// Judges the minute that began then, unless something on our side kept us from reading to the end of what is new.
    fn judge_minute(&mut self, began: Timestamp, amiss: u64) {
        let ended = self.clock.now();
        let requests = self.tenant.requests();
        self.requests.push_back(requests);
        if self.requests.len() > 61 {
            self.requests.pop_front();
        }
        let since = |ago: usize| {
            let index = self.requests.len().checked_sub(ago + 1);
            requests - index.map_or(0, |index| self.requests[index])
        };
        let half = SignedDuration::try_from(self.ours.deadline / 2).unwrap_or(SignedDuration::MAX);
        // Of 25 requests a minute and 1,500 an hour, two a minute are kept for looks. The minute is our clock's, so this
        // run and the one before may share one.
        let is_spent = self.ours.budget == Budget::Microsoft && (since(2) >= 18 || since(60) >= 1_280)
            || ended.duration_since(began) >= half;
        let is_hindered = began <= self.hindered;
        if self.store_misfortunes() > amiss {
            // The run may have ended without giving its lease back.
            self.killed();
        }
        if self.is_killed || is_spent || is_hindered {
            self.is_killed = false;
            return;
        }
        let set_aside =
            self.last.as_ref().map(|report| report.status.set_aside.as_slice()).unwrap_or_default();
        lock(&self.checker).judge_minute(&Minute { began, ended, set_aside });
    }

    /// A run was killed, or stood still: its lease may be left behind.
    fn killed(&mut self) {
        self.is_killed = true;
        let lease = self.ours.deadline + LEASE_MARGIN + TICK;
        self.hindered = self.hindered.max(self.clock.now() + lease);
    }

    /// One tick with what may happen to us; how many further ticks are left out.
    async fn stormy<P: Plan>(&mut self) -> u64 {
        let mut share = self.ours.rng.f64();
        let mut is = |rate: f64| {
            let hit = share < rate;
            share = if hit { f64::INFINITY } else { share - rate };
            hit
        };
        let (cut, twin, frozen, skipped) =
            (is(self.ours.cut), is(self.ours.twin), is(self.ours.frozen), is(self.ours.skipped));
        let outage = is(self.ours.outages_per_day / 1440.0);
        if outage {
            let long = self.ours.rng.u32(..3) == 0;
            let minutes = self.ours.rng.u32(10..if long { 36 * 60 } else { 120 });
            self.unwell = self.clock.now() + TICK * minutes;
            self.checker().unwell(self.unwell);
            *self.result.injected.entry(OUTAGE.to_owned()).or_default() += u64::from(minutes);
            self.is_killed = true;
            return minutes.into();
        } else if skipped {
            self.count(LEFT_OUT);
            self.is_killed = true;
        } else if cut {
            self.cut::<P>().await;
        } else if twin {
            self.twin::<P>().await;
        } else if frozen {
            self.frozen::<P>().await;
        } else {
            self.plain::<P>().await;
        }
        0
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.ours.deadline
    }

    /// The turn of this tick, as the function gives it.
    async fn given(&self) -> Option<Turn> {
        let tick = self.syncer.graph.clock.now();
        let due = self.syncer.store.due(tick, 1).await.ok()?;
        due.these.first().and_then(|due| Turn::of(due, tick))
    }

    /// A turn out of the tick's order: of a slot that begins now.
    fn turn(&self) -> Turn {
        let slot = self.syncer.graph.clock.now();
        Turn { connection: connection(), slot, until: slot + TICK * 2 }
    }

    fn begin(&mut self) -> Timestamp {
        self.result.runs += 1;
        if let Some((from, to)) = self.trial.trace {
            let at = self.clock.now().duration_since(start()).as_secs();
            let is_traced = (from..=to).contains(&at);
            self.syncer.graph.transport.trace.store(is_traced, Ordering::Relaxed);
            if is_traced {
                eprintln!("{at} s");
            }
        }
        if self.ours.skew > SignedDuration::ZERO {
            self.count(AHEAD);
        } else if self.ours.skew < SignedDuration::ZERO {
            self.count(BEHIND);
        }
        self.clock.now()
    }

    async fn plain<P: Plan>(&mut self) {
        let Some(turn) = self.given().await else { return };
        let began = self.begin();
        let report = Box::pin(self.syncer.turn_planned::<P>(turn, self.deadline())).await;
        self.judge(began, report.ok());
    }

    /// A run that ends at some await.
    async fn cut<P: Plan>(&mut self) {
        let began = self.begin();
        self.gate.open(true);
        let turn = self.turn();
        let most = self.ours.rng.u32(1..50);
        let report = {
            let mut run = Box::pin(self.syncer.turn_planned::<P>(turn, self.deadline()));
            polls(&mut run, most).await
        };
        self.gate.open(false);
        if report.is_none() {
            self.count(CUT);
            self.killed();
        }
        self.judge(began, report.and_then(Result::ok));
    }

    /// Two runs at once: one of them finds the other's lease.
    async fn twin<P: Plan>(&mut self) {
        let began = self.begin();
        self.count(TWIN);
        self.gate.open(true);
        let turn = self.turn();
        let one = self.syncer.turn_planned::<P>(turn, self.deadline());
        let other = self.other.turn_planned::<P>(turn, self.deadline());
        let (one, other) = futures_util::future::join(one, other).await;
        self.gate.open(false);
        self.judge(began, one.ok());
        self.judge(began, other.ok());
    }

    /// A run that stands still at some await for longer than its lease, while another one runs; then both
    /// go on.
    async fn frozen<P: Plan>(&mut self) {
        let began = self.begin();
        self.gate.open(true);
        let turn = self.turn();
        let most = self.ours.rng.u32(1..40);
        let asleep = self.ours.deadline + Duration::from_secs(61);
        let ahead = self.ours.rng.u32(1..60);
        let mut is_frozen = false;
        let (frozen, second, other) = {
            let mut frozen = Box::pin(self.syncer.turn_planned::<P>(turn, self.deadline()));
            if let Some(report) = polls(&mut frozen, most).await {
                (Some(report), began, None)
            } else {
                *self.result.injected.entry(FROZEN.to_owned()).or_default() += 1;
                is_frozen = true;
                tokio::time::sleep(asleep).await;
                self.tenant.advance(self.clock.now());
                let second = self.clock.now();
                let turn = self.turn();
                let mut other = Box::pin(self.other.turn_planned::<P>(turn, self.deadline()));
                if let Some(report) = polls(&mut other, ahead).await {
                    (Some(frozen.await), second, Some(report))
                } else {
                    let (report, other) = futures_util::future::join(frozen, other).await;
                    (Some(report), second, Some(other))
                }
            }
        };
        self.gate.open(false);
        if is_frozen {
            self.killed();
        }
        self.judge(began, frozen.and_then(Result::ok));
        self.judge(second, other.and_then(Result::ok));
    }

    fn judge(&mut self, began: Timestamp, report: Option<Report>) {
        let is_traced = self.syncer.graph.transport.trace.load(Ordering::Relaxed);
        let Some(report) = report else {
            if is_traced {
                eprintln!("  cut, or the store failed");
            }
            return;
        };
        if is_traced {
            let Report { outcome, usage, resume, status, .. } = &report;
            let read_up_to = status.read_up_to.map(|at| at.duration_since(start()).as_secs());
            eprintln!(
                "  {outcome:?}, {} calls, read up to {read_up_to:?} s, resume {resume:?}, {:?}, aside {:?}",
                usage.calls, status.observed, status.set_aside
            );
        }
        if matches!(report.outcome, Outcome::Busy | Outcome::Over | Outcome::Inactive) {
            return;
        }
        let ended = self.clock.now();
        let we_were_well = ended.duration_since(self.unwell) > SignedDuration::from_hours(7);
        let astray = self.astray;
        self.checker().judge(&Run { began, ended, report: &report, we_were_well, astray });
        self.result.calls += u64::from(report.usage.calls);
        self.result.looks += u64::from(!report.claimed);
        self.last = Some(report);
    }

    /// Compares the store with what really happened.
    async fn conclude(&mut self) {
        let now = self.clock.now();
        let mut held: BTreeMap<(RecordKind, u32), Option<u32>> = BTreeMap::new();
        for (kind, sim) in [(RecordKind::Incident, Kind::Incidents), (RecordKind::Alert, Kind::Alerts)] {
            let count = u32::try_from(self.checker().records(sim)).unwrap_or(u32::MAX);
            let ids: Vec<String> = self.tenant.truth(|truth| {
                let mut ids = vec![String::new(); count as usize];
                for version in truth.versions.iter().filter(|version| version.kind == sim) {
                    if ids.get(version.record as usize).is_some_and(String::is_empty) {
                        ids[version.record as usize] = version.id();
                    }
                }
                ids
            });
            let stored = self.syncer.store.versions(connection(), kind, &ids).await.unwrap_or_default();
            for (number, stored) in (0..count).zip(stored) {
                let title = stored.and_then(|stored| stored.head.title);
                if let Some(title) = title {
                    held.insert((kind, number), title.strip_prefix('v').and_then(|v| v.parse().ok()));
                }
            }
        }
        let set_aside = self.last.as_ref().map(|report| report.status.set_aside.clone()).unwrap_or_default();
        let record_kind = |kind| match kind {
            Kind::Incidents => RecordKind::Incident,
            Kind::Alerts => RecordKind::Alert,
        };
        let mut checker = self.checker();
        checker.conclude(
            now,
            |kind, number| held.get(&(record_kind(kind), number)).copied(),
            |kind, number| Checker::names(&set_aside, kind, number),
        );
        // What was set aside lately has not been tried often enough.
        let old = |entry: &&SetAside| now.duration_since(entry.since).abs() > SignedDuration::from_hours(5);
        for entry in set_aside.iter().filter(old) {
            checker.found.not_healed += 1;
            checker.found.note(|| format!("not healed: {entry:?}"));
        }
    }

    fn finish(mut self) -> SeedResult {
        let misfortunes = self.syncer.store.misfortunes();
        let jump = self.trial.is_twisted().then_some((JUMP, 0));
        let none = [CUT, TWIN, FROZEN, AHEAD, BEHIND, LEFT_OUT, OUTAGE].map(|name| (name, 0));
        let ours = [
            ("store failed before a write", misfortunes.before),
            ("store failed half-way", misfortunes.half),
            ("store lost an answer", misfortunes.after),
            ("store throttled", misfortunes.throttled),
        ];
        for (name, count) in self.tenant.injected().by_kind().chain(ours).chain(none).chain(jump) {
            *self.result.injected.entry(name.to_owned()).or_default() += count;
        }
        let mut found = self.checker().found.clone();
        if let Some(last) = &self.last {
            let observed = &last.status.observed;
            found.swept = (observed.found_by_hourly_sweep, observed.found_by_daily_sweep);
        }
        self.result.found = found;
        self.result
    }
}
