//! Many connections in one turn: each has its own end.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::time::Duration;

use common::start;
use defender_sim::{InProcess, Simulator, TenantSpec};
use futures_util::StreamExt as _;
use graph_auth::{Cloud, EndpointOverride, TokenCache};
use graph_http::Clock;
use graph_security::Graph;
use incident_store::sqlite::SqliteStore;
use incident_store::{
    ClientSecrets, ConnectionId, Connections, Lifecycle, NewConnection, SecretError, SyncStore,
};
use jiff::SignedDuration;
use secrecy::SecretString;
use sync_incidents::{Budget, Ended, NotSynced, Outcome, Settings, Shift, Syncer, Turn};
use tokio::time::Instant;

/// Reads every secret but one, at which this program has a defect.
struct Secrets {
    secret: String,
    defect: ConnectionId,
}

impl ClientSecrets for Secrets {
    async fn client_secret(&self, id: ConnectionId, _: bool) -> Result<SecretString, SecretError> {
        assert_ne!(id, self.defect, "a defect");
        Ok(self.secret.clone().into())
    }
}

fn id(number: u8) -> ConnectionId {
    ConnectionId::new(start(), [number; 10])
}

/// Ten connections to one tenant; the one numbered 3 meets a defect.
async fn syncer() -> Syncer<SqliteStore, InProcess, Secrets> {
    let clock = Clock::simulated(start());
    let simulator = std::sync::Arc::new(Simulator::new(7, start()));
    let tenant = simulator.add_tenant(TenantSpec::demo(3));
    let syncer = Syncer {
        store: SqliteStore::in_memory().unwrap(),
        graph: Graph {
            transport: InProcess { simulator, clock: clock.clone() },
            clock,
            tokens: TokenCache::default(),
        },
        secrets: Secrets { secret: tenant.secret.clone(), defect: id(3) },
        endpoints: EndpointOverride::default(),
        settings: Settings {
            budget: Budget::Unlimited,
            success_every: SignedDuration::from_mins(10),
            lease_margin: Duration::from_secs(20),
            seed: 1,
        },
    };
    for number in 0..10 {
        let settings = NewConnection {
            group: format!("group {number}").into(),
            name: None,
            tenant_id: tenant.tenant_id,
            client_id: tenant.client_id,
            cloud: Cloud::Global,
            since: start() - SignedDuration::from_hours(24),
            interval: Duration::from_secs(60),
            secret_expires: None,
        };
        syncer.store.create(id(number), settings, Lifecycle::Connected, start()).await.unwrap();
    }
    syncer
}

async fn run(syncer: &Syncer<SqliteStore, InProcess, Secrets>, time: Duration) -> Vec<(ConnectionId, Ended)> {
    let shift = Shift { deadline: Instant::now() + time, each: Duration::from_secs(20), parallel: 4 };
    let until = start() + SignedDuration::from_hours(1);
    let turns = (0..10).map(|number| Turn { connection: id(number), slot: start(), until });
    syncer.sync_all(turns, shift).collect().await
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_connection_is_that_connection_s() {
    let syncer = syncer().await;
    let ended = run(&syncer, Duration::from_secs(300)).await;
    assert_eq!(ended.len(), 10);
    for (connection, ended) in ended {
        if connection == id(3) {
            assert!(matches!(ended, Err(NotSynced::Panicked)), "{ended:?}");
        } else {
            assert_eq!(ended.unwrap().outcome, Outcome::Complete);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_time_for_is_not_begun_and_stays_due() {
    let syncer = syncer().await;
    let ended = run(&syncer, Duration::from_secs(1)).await;
    assert!(ended.iter().all(|(_, ended)| matches!(ended, Err(NotSynced::NoTime))), "{ended:?}");
    assert_eq!(syncer.store.due(start(), 100).await.unwrap().these.len(), 10);
    assert_eq!(syncer.store.progress(id(0)).await.unwrap().last_attempt, None);
}
