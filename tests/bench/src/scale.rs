//! Many idle connections in one warm process: how many a second, how much memory, and whether both grow as their
//! number does. The engine is the function's; the store is SQLite's in a file, the simulator another process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use defender_sim::{Generator, Simulator, TenantSpec};
use futures_util::StreamExt as _;
use graph_auth::{Cloud, EndpointOverride, PrivateHosts, TestOrigin, TokenCache};
use graph_http::{Clock, HttpsTransport};
use graph_security::Graph;
use incident_store::sqlite::SqliteStore;
use incident_store::{ClientSecrets, ConnectionId, Connections as _, Lifecycle, NewConnection, SecretError};
use jiff::{SignedDuration, Timestamp};
use nix::sys::resource::{UsageWho, getrusage};
use secrecy::SecretString;
use sync_incidents::{Budget, Outcome, Settings, Shift, Syncer, Turn};

use crate::figures::{float, mib, ms, print};
use crate::process::resident;
use crate::row;
use crate::server::Server;

/// As the function has it: `PARALLEL` in functions/sync-incidents/src/tick.rs.
const PARALLEL: usize = 32;

/// More than it takes until a connection has nothing to do.
const MOST_SYNCS: usize = 50;

fn spec(number: u64) -> TenantSpec {
    let few = Generator { incidents: 3, documented: false, past_closings: 0, ..Generator::default() };
    TenantSpec::new(1_000_000 + number, defender_sim::Scenario::Good).with_generator(few)
}

/// The tenants: says where it listens, and serves.
pub(crate) async fn tenants(count: u64) -> anyhow::Result<()> {
    let clock = Clock::system();
    let simulator = Arc::new(Simulator::new(1, clock.now()));
    simulator.keep_requests(0);
    for number in 0..count {
        simulator.add_tenant(spec(number));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    defender_sim::serve(listener, simulator, clock).await;
    Ok(())
}

#[derive(Debug, Default)]
struct Secrets(HashMap<ConnectionId, String>);

impl ClientSecrets for Secrets {
    async fn client_secret(&self, id: ConnectionId, _: bool) -> Result<SecretString, SecretError> {
        self.0.get(&id).map(|secret| secret.clone().into()).ok_or(SecretError::Missing)
    }
}

type Desk = Syncer<SqliteStore, HttpsTransport, Secrets>;

/// Measures ticks of so many connections: each number is of all that are there by then.
pub(crate) async fn run(numbers: &[u64]) -> anyhow::Result<()> {
    ensure!(numbers.is_sorted(), "smallest number first");
    let simulator = Server::of_tenants(*numbers.last().context("how many?")?)?;
    let measured = measure(numbers, &simulator).await?;
    print("Scale: idle connections in one warm process", &measured);
    Ok(())
}

async fn measure(numbers: &[u64], simulator: &Server) -> anyhow::Result<Vec<Vec<String>>> {
    let origin = TestOrigin::parse(&simulator.origin, PrivateHosts::Refused)?;
    let folder = tempfile::tempdir()?;
    let mut desk = desk(SqliteStore::open(&folder.path().join("store.db"))?, origin);
    let mut rows = vec![row![
        "connections",
        "connections/s",
        "CPU a connection, ms",
        "the simulator's, ms",
        "calls of Graph a connection",
        "RSS, MiB",
        "KiB a connection",
    ]];
    let before = resident()?;
    let mut ids = Vec::new();
    for number in numbers {
        let from = ids.len() as u64;
        for number in from..*number {
            ids.push(enter(&mut desk, number).await?);
        }
        let added = &ids[usize::try_from(from)?..];
        let mut busy = added.to_vec();
        for _ in 0..MOST_SYNCS {
            busy = tick(&desk, &busy).await?.busy;
            if busy.is_empty() {
                break;
            }
        }
        ensure!(busy.is_empty(), "{} connections do not come to rest", busy.len());
        let (begun, cpu, served) = (Instant::now(), cpu()?, simulator.used()?.cpu);
        let ticked = tick(&desk, &ids).await?;
        ensure!(ticked.busy.is_empty(), "{} connections were not idle", ticked.busy.len());
        let (wall, cpu) = (begun.elapsed(), self::cpu()?.saturating_sub(cpu));
        let served = simulator.used()?.cpu.saturating_sub(served);
        let rss = resident()?;
        let count = float(*number);
        rows.push(row![
            number,
            format!("{:.0}", count / wall.as_secs_f64()),
            format!("{:.2}", ms(cpu) / count),
            format!("{:.2}", ms(served) / count),
            format!("{:.2}", float(ticked.calls) / count),
            format!("{:.1}", mib(rss)),
            format!("{:.1}", float(rss.saturating_sub(before)) / count),
        ]);
    }
    Ok(rows)
}

fn desk(store: SqliteStore, origin: TestOrigin) -> Desk {
    let settings = Settings {
        budget: Budget::Unlimited,
        success_every: SignedDuration::from_mins(10),
        lease_margin: Duration::from_secs(20),
        seed: 1,
    };
    Syncer {
        store,
        graph: Graph {
            transport: HttpsTransport::new(),
            clock: Clock::system(),
            tokens: TokenCache::default(),
        },
        secrets: Secrets::default(),
        endpoints: EndpointOverride { login: Some(origin.clone()), graph: Some(origin) },
        settings,
    }
}

async fn enter(desk: &mut Desk, number: u64) -> anyhow::Result<ConnectionId> {
    let (spec, now) = (spec(number), Timestamp::now());
    let id = ConnectionId::new(now, u128::from(number).to_be_bytes()[6..].try_into()?);
    let settings = NewConnection {
        group: "one".into(),
        name: None,
        tenant_id: spec.tenant_id,
        client_id: spec.client_id,
        cloud: Cloud::Global,
        since: now - SignedDuration::from_hours(30 * 24),
        interval: Duration::from_secs(60),
        secret_expires: None,
    };
    desk.store.create(id, settings, Lifecycle::Connected, now).await?;
    desk.secrets.0.insert(id, spec.secret);
    Ok(id)
}

struct Ticked {
    /// Those that did more than ask each list once.
    busy: Vec<ConnectionId>,
    calls: u64,
}

async fn tick(desk: &Desk, ids: &[ConnectionId]) -> anyhow::Result<Ticked> {
    let now = tokio::time::Instant::now();
    let hour = Duration::from_secs(3600);
    let shift = Shift { deadline: now + hour, each: Duration::from_secs(20), parallel: PARALLEL };
    let mut ended = std::pin::pin!(desk.sync_all(ids.iter().map(|id| turn(*id)), shift));
    let mut ticked = Ticked { busy: Vec::new(), calls: 0 };
    while let Some((id, report)) = ended.next().await {
        let report = report?;
        ticked.calls += u64::from(report.usage.calls);
        if report.outcome != Outcome::Complete || report.usage.calls > 2 {
            ticked.busy.push(id);
        }
    }
    Ok(ticked)
}

/// One that is not over: each round is a slot of its own.
fn turn(connection: ConnectionId) -> Turn {
    Turn { connection, slot: Timestamp::now(), until: Timestamp::MAX }
}

/// This process's, of all threads.
fn cpu() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    Ok(Duration::from_micros(u64::try_from(micros(usage.user_time()) + micros(usage.system_time()))?))
}
