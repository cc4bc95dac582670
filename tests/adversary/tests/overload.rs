//! A queue of a thousand connections while Microsoft is slow, in simulated time: the queue as SQS delivers, five batches
//! at a time, each message at least once.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adversary::store::ModelStore;
use defender_sim::{Content, Generator, InProcess, Simulator, TenantSpec};
use fastrand::Rng;
use futures_util::StreamExt as _;
use graph_auth::{Cloud, EndpointOverride, TokenCache};
use graph_http::{Clock, Request, Transport, TransportError};
use graph_security::Graph;
use incident_store::schedule::ATTEMPTED_EVERY;
use incident_store::{ClientSecrets, ConnectionId, Connections as _, Lifecycle, NewConnection, SecretError};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sync_incidents::{Budget, Settings, Shift, Syncer, Turn};
use tokio::time::{Instant, sleep, sleep_until};

const CONNECTIONS: u16 = 1_000;
const TICK: Duration = Duration::from_secs(60);

/// As the template has it.
const MAXIMUM_CONCURRENCY: usize = 5;
const BATCH: usize = 10;
const VISIBILITY: Duration = Duration::from_secs(181);
const RETENTION: Duration = Duration::from_secs(900);

/// As the function has it: its time less its margin, a connection's share of it, and how messages are spread.
const TIME: Duration = Duration::from_secs(25);
const EACH: Duration = Duration::from_secs(20);
const SPREAD: u64 = 21;

/// Microsoft answers within this when it is well, and within that when it is not.
const WELL: Duration = Duration::from_millis(750);
const SLOW: Duration = Duration::from_secs(25);

/// Of so many messages one is delivered twice.
const TWICE: u32 = 50;

fn start() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().unwrap()
}

#[derive(Clone)]
struct Slowly {
    inner: InProcess,
    is_slow: Arc<AtomicBool>,
}

impl Transport for Slowly {
    type Body = Content;

    async fn send(&self, request: Request) -> Result<http::Response<Content>, TransportError> {
        sleep(if self.is_slow.load(Ordering::Relaxed) { SLOW } else { WELL }).await;
        self.inner.send(request).await
    }
}

struct Secret(String);

impl ClientSecrets for Secret {
    async fn client_secret(&self, _: ConnectionId, _: bool) -> Result<SecretString, SecretError> {
        Ok(self.0.clone().into())
    }
}

#[derive(Clone)]
struct Message {
    body: String,
    sent: Instant,
}

/// By when they are visible, and their number.
type Messages = BTreeMap<(Instant, u64), Message>;

struct World {
    syncer: Syncer<ModelStore, Slowly, Secret>,
    is_slow: Arc<AtomicBool>,
    clock: Clock,
    queue: Mutex<Messages>,
    rng: Mutex<Rng>,
    turns: Mutex<HashMap<Turn, Counted>>,
}

/// What was done for a turn.
#[derive(Clone, Copy, Default)]
struct Counted {
    looks: u32,
    claims: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    async fn new() -> Arc<Self> {
        let clock = Clock::simulated(start());
        let simulator = Arc::new(Simulator::new(7, start()));
        simulator.keep_requests(0);
        let few = Generator { incidents: 3, documented: false, ..Generator::default() };
        let tenant = simulator.add_tenant(TenantSpec::demo(1000).with_generator(few));
        let is_slow = Arc::new(AtomicBool::new(false));
        let inner = InProcess { simulator, clock: clock.clone() };
        let store = ModelStore::default();
        for number in 0..CONNECTIONS {
            let settings = NewConnection {
                group: format!("group {number}").into(),
                name: None,
                tenant_id: tenant.tenant_id,
                client_id: tenant.client_id,
                cloud: Cloud::Global,
                since: start() - SignedDuration::from_hours(1),
                interval: TICK,
                secret_expires: None,
            };
            store.create(id(number), settings, Lifecycle::Connected, start()).await.unwrap();
        }
        let syncer = Syncer {
            store,
            graph: Graph {
                transport: Slowly { inner, is_slow: is_slow.clone() },
                clock: clock.clone(),
                tokens: TokenCache::default(),
            },
            secrets: Secret(tenant.secret.clone()),
            endpoints: EndpointOverride::default(),
            settings: Settings {
                budget: Budget::Microsoft,
                success_every: ATTEMPTED_EVERY,
                lease_margin: Duration::from_secs(20),
                seed: 1,
            },
        };
        let (queue, turns, rng) = (Mutex::default(), Mutex::default(), Mutex::new(Rng::with_seed(7)));
        Arc::new(Self { syncer, is_slow, clock, queue, rng, turns })
    }

    /// As the function's tick does it.
    async fn tick(&self) {
        let tick = self.clock.now();
        let due = self.syncer.store.due(tick, usize::MAX).await.unwrap().these;
        for turn in due.iter().filter_map(|due| Turn::of(due, tick)) {
            let delay = Duration::from_secs(lock(&self.rng).u64(..SPREAD));
            self.put(serde_json::to_string(&turn).unwrap(), delay);
        }
    }

    fn put(&self, body: String, delay: Duration) {
        let (sent, number) = (Instant::now(), lock(&self.rng).u64(..));
        lock(&self.queue).insert((sent + delay, number), Message { body, sent });
    }

    /// Some messages, which nobody else receives for a while.
    fn receive(&self) -> Vec<((Instant, u64), String)> {
        let now = Instant::now();
        let mut queue = lock(&self.queue);
        let mut received = Vec::new();
        while received.len() < BATCH {
            let Some(first) = queue.first_entry().filter(|first| first.key().0 <= now) else { break };
            let ((_, number), message) = first.remove_entry();
            if now >= message.sent + RETENTION {
                continue;
            }
            if lock(&self.rng).u32(..TWICE) == 0 {
                // A copy that nobody knows to be received.
                queue.insert((now + Duration::from_secs(1), lock(&self.rng).u64(..)), message.clone());
            }
            received.push(((now + VISIBILITY, number), message.body.clone()));
            queue.insert((now + VISIBILITY, number), message);
        }
        received
    }

    /// One poller of the queue, and the batches that it gives the function.
    async fn poll(self: Arc<Self>) {
        loop {
            let received = self.receive();
            if received.is_empty() {
                sleep(Duration::from_secs(1)).await;
                continue;
            }
            let now = self.clock.now();
            let mut turns: HashMap<ConnectionId, (Turn, Vec<(Instant, u64)>)> = HashMap::new();
            for (key, body) in received {
                let turn: Turn = serde_json::from_str(&body).unwrap();
                let known = turns.entry(turn.connection).or_insert((turn, Vec::new()));
                known.1.push(key);
                if turn.slot > known.0.slot {
                    known.0 = turn;
                }
            }
            let shift = Shift { deadline: Instant::now() + TIME, each: EACH, parallel: 32 };
            let given: Vec<Turn> = turns.values().map(|(turn, _)| *turn).collect();
            let ended: Vec<_> = Box::pin(self.syncer.sync_all(given, shift)).collect::<Vec<_>>().await;
            for (connection, ended) in ended {
                let (turn, keys) = &turns[&connection];
                let mut counted = lock(&self.turns);
                let counted = counted.entry(*turn).or_default();
                counted.looks += u32::from(!turn.is_over(now));
                let report = ended.expect("nothing fails by a fault of ours");
                counted.claims += u32::from(report.claimed);
                for key in keys {
                    lock(&self.queue).remove(key);
                }
            }
        }
    }

    /// Two minutes in which Microsoft is well, ten in which it is slow, and two in which it is well again; how many
    /// messages are left at their end.
    async fn storm() -> (Arc<Self>, usize) {
        let world = Self::new().await;
        let begun = Instant::now();
        let pollers: Vec<_> = (0..MAXIMUM_CONCURRENCY).map(|_| tokio::spawn(world.clone().poll())).collect();
        for minute in 0..14 {
            sleep_until(begun + TICK * minute).await;
            world.is_slow.store((2..12).contains(&minute), Ordering::Relaxed);
            world.tick().await;
        }
        // Just before the next tick.
        sleep_until(begun + TICK * 14 - Duration::from_secs(1)).await;
        pollers.iter().for_each(tokio::task::JoinHandle::abort);
        let left = lock(&world.queue).len();
        (world, left)
    }
}

fn id(number: u16) -> ConnectionId {
    let mut random = [0; 10];
    random[..2].copy_from_slice(&number.to_be_bytes());
    ConnectionId::new(start(), random)
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_empty_two_minutes_after_microsoft_is_well_again() {
    let (world, left) = World::storm().await;
    assert_eq!(left, 0, "messages are left");
    let turns = lock(&world.turns);
    let claims = turns.values().map(|counted| counted.claims).max();
    assert_eq!(claims, Some(1), "a slot has one run at most");
    let slots = f64::from(u32::try_from(turns.len()).unwrap());
    let looks = f64::from(turns.values().map(|counted| counted.looks).sum::<u32>());
    assert!(looks / slots <= 1.1, "{looks} looks in {slots} slots");
    // Each of them has had its turn since.
    let well = start() + SignedDuration::from_mins(12);
    let synced = turns.keys().filter(|turn| turn.slot >= well).map(|turn| turn.connection);
    let synced: HashSet<_> = synced.collect();
    assert_eq!(synced.len(), usize::from(CONNECTIONS));
    println!("{looks} looks in {slots} slots");
}
