//! `kill -9` at random moments of a sync, again and again, on a store on disk: nothing lost, nothing torn.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use defender_sim::{Faults, Generator, Kind, Simulator, TenantHandle, TenantSpec};
use graph_http::Clock;
use graph_security::RecordKind;
use incident_store::sqlite::SqliteStore;
use incident_store::{Connections, SyncStore};
use jiff::{SignedDuration, Timestamp};

/// At least as many as the promise was made for.
const KILLS: u32 = 200;

/// The tenant's history: several pages of incidents and more of alerts, so that kills fall into the first
/// sync, between pages, into writes and into the runs after it.
const INCIDENTS: u32 = 400;

struct Tenant {
    simulator: Arc<Simulator>,
    handle: TenantHandle,
    origin: String,
}

/// A tenant behind a socket, in which something changes all the time.
fn tenant() -> Tenant {
    let simulator = Arc::new(Simulator::new(11, Timestamp::now()));
    let spec = TenantSpec::demo(11).with_generator(Generator {
        incidents: INCIDENTS,
        new_every: Some(Duration::from_secs(2)),
        update_every: Some(Duration::from_millis(500)),
        longest_lag: Duration::from_secs(1),
        ..Generator::demo()
    });
    let handle = simulator.add_tenant(spec);
    let slow = Faults { slow: Some(Duration::from_millis(3)), ..Faults::default() };
    simulator.set_faults(handle.tenant_id, slow);
    let (sender, receiver) = std::sync::mpsc::channel();
    let served = simulator.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
            defender_sim::serve(listener, served, Clock::system()).await;
        });
    });
    Tenant { simulator, handle, origin: receiver.recv().unwrap() }
}

fn command(tenant: &Tenant, store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soc-anywhere"));
    command
        .args(arguments)
        .arg("--store")
        .arg(store)
        .env("SOC_ANYWHERE_LOGIN_URL", &tenant.origin)
        .env("SOC_ANYWHERE_GRAPH_URL", &tenant.origin)
        .env("SOC_ANYWHERE_CLIENT_SECRET", &tenant.handle.secret)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn sync(tenant: &Tenant, store: &Path) {
    assert!(command(tenant, store, &["sync"]).status().unwrap().success());
}

/// A new store with the tenant's connection.
fn connect(tenant: &Tenant, store: &Path) {
    let (id, client) = (tenant.handle.tenant_id.to_string(), tenant.handle.client_id.to_string());
    let add = ["connections", "add", "--no-test", "--tenant-id", &id, "--client-id", &client];
    assert!(command(tenant, store, &add).status().unwrap().success());
}

/// Every version that was visible at `settled` is in the store, or a newer one is. A record that changed again after
/// that may have been nowhere while the last sync read: it had left the interval, and what came of it was still to come.
async fn compare(tenant: &Tenant, path: &Path, settled: Timestamp) {
    let store = SqliteStore::open(path).unwrap();
    let connection = store.connections(None).await.unwrap().remove(0);
    for (kind, sim) in [(RecordKind::Incident, Kind::Incidents), (RecordKind::Alert, Kind::Alerts)] {
        let history = tenant.simulator.history(tenant.handle.tenant_id, sim);
        let moved: BTreeSet<String> = (history.iter())
            .filter(|version| version.visible > settled)
            .map(|version| version.id.to_string())
            .collect();
        let mut newest: BTreeMap<String, Timestamp> = BTreeMap::new();
        for version in history {
            let id = version.id.to_string();
            if !moved.contains(&id) && version.instant >= connection.settings.since {
                newest.insert(id, version.instant);
            }
        }
        let ids: Vec<String> = newest.keys().cloned().collect();
        assert!(ids.len() > INCIDENTS as usize, "{kind:?}: only {}", ids.len());
        let stored = store.versions(connection.id, kind, &ids).await.unwrap();
        for (id, stored) in ids.iter().zip(stored) {
            let held = stored.and_then(|stored| stored.head.updated);
            assert!(held >= Some(newest[id]), "{kind:?} {id}: {held:?}, and the tenant had {}", newest[id]);
        }
    }
}

/// As if its time had passed: a killed run leaves its lease behind.
fn end_lease(path: &Path) {
    let store = rusqlite::Connection::open(path).unwrap();
    store.busy_timeout(Duration::from_secs(5)).unwrap();
    store.execute("UPDATE connections SET lease_until = NULL", []).unwrap();
}

/// SQLite's own judgement of the file.
fn check_integrity(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[test]
fn two_hundred_kills_lose_nothing() {
    let tenant = tenant();
    let folder = tempfile::tempdir().unwrap();
    let store: PathBuf = folder.path().join("store.db");
    let mut rng = fastrand::Rng::with_seed(5);
    let mut killed = 0;
    connect(&tenant, &store);
    while killed < KILLS {
        // From time to time a new store, so that first syncs are killed as often as later ones.
        if killed % 40 == 39 {
            end_lease(&store);
            sync(&tenant, &store);
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(folder.path().join(format!("store.db{suffix}")));
            }
            connect(&tenant, &store);
        }
        end_lease(&store);
        let mut child = command(&tenant, &store, &["sync"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(rng.u64(5..160)));
        let finished = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u32::from(!finished);
    }
    end_lease(&store);
    sync(&tenant, &store);
    // What changes while history is read is the next sync's. One second, since Graph's `Date` has no fractions.
    let settled = Timestamp::now() - SignedDuration::from_secs(1);
    sync(&tenant, &store);
    check_integrity(&store);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(compare(&tenant, &store, settled));
}
