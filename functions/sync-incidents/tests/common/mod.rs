//! One simulated tenant, one store in memory, one connection between them; in simulated time.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(unreachable_pub, reason = "shared by the test files")]
#![allow(dead_code, reason = "each test file uses its own part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use defender_sim::{InProcess, Kind, Simulator, TenantHandle, TenantSpec};
use graph_auth::{Cloud, EndpointOverride, TokenCache};
use graph_http::Clock;
use graph_security::{Graph, RecordKind};
use incident_store::sqlite::SqliteStore;
use incident_store::{
    ClientSecrets, ConnectionId, Connections, Lifecycle, NewConnection, SecretError, SyncStore,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sync_incidents::{Budget, Report, Settings, Syncer};

/// Client secrets of one connection, as a person would replace them.
#[derive(Clone)]
pub struct Secrets(Arc<Mutex<String>>);

impl Secrets {
    pub fn replace(&self, secret: &str) {
        secret.clone_into(&mut self.0.lock().unwrap());
    }
}

impl ClientSecrets for Secrets {
    async fn client_secret(&self, _: ConnectionId, _: bool) -> Result<SecretString, SecretError> {
        Ok(self.0.lock().unwrap().clone().into())
    }
}

pub struct Desk {
    pub simulator: Arc<Simulator>,
    pub tenant: TenantHandle,
    pub syncer: Syncer<SqliteStore, InProcess, Secrets>,
    pub secrets: Secrets,
    pub id: ConnectionId,
    pub clock: Clock,
}

pub fn start() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().unwrap()
}

impl Desk {
    /// A connection to `spec`'s tenant that goes back 30 days.
    pub async fn with(spec: TenantSpec, budget: Budget) -> Self {
        let clock = Clock::simulated(start());
        let simulator = Arc::new(Simulator::new(7, start()));
        let tenant = simulator.add_tenant(spec);
        let secrets = Secrets(Arc::new(Mutex::new(tenant.secret.clone())));
        let transport = InProcess { simulator: simulator.clone(), clock: clock.clone() };
        let syncer = Syncer {
            store: SqliteStore::in_memory().unwrap(),
            graph: Graph { transport, clock: clock.clone(), tokens: TokenCache::default() },
            secrets: secrets.clone(),
            endpoints: EndpointOverride::default(),
            settings: Settings {
                budget,
                success_every: SignedDuration::from_mins(10),
                lease_margin: Duration::from_secs(40),
                seed: 1,
            },
        };
        let id = ConnectionId::new(start(), [1; 10]);
        let settings = NewConnection {
            group: "local".into(),
            name: None,
            tenant_id: tenant.tenant_id,
            client_id: tenant.client_id,
            cloud: Cloud::Global,
            since: start() - SignedDuration::from_hours(30 * 24),
            interval: Duration::from_secs(60),
            secret_expires: None,
        };
        syncer.store.create(id, settings, Lifecycle::Connected, start()).await.unwrap();
        Self { simulator, tenant, syncer, secrets, id, clock }
    }

    pub async fn demo() -> Self {
        Self::with(TenantSpec::demo(3), Budget::Unlimited).await
    }

    /// One run of a minute.
    pub async fn run(&self) -> Report {
        self.syncer.sync(self.id, tokio::time::Instant::now() + Duration::from_secs(60)).await.unwrap()
    }

    /// Runs until nothing is left to be resumed.
    pub async fn runs(&self) -> Vec<Report> {
        let mut reports = Vec::new();
        loop {
            let report = self.run().await;
            let resume = report.resume;
            reports.push(report);
            assert!(reports.len() < 500, "no end: {:?}", reports.last());
            let Some(resume) = resume else { return reports };
            let wait = resume.duration_since(self.clock.now());
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        }
    }

    /// The ids of records that should be in the store by now, as the tenant has them, and are not, or are
    /// there in another version.
    pub async fn missing(&self, kind: RecordKind) -> Vec<String> {
        self.missing_versions(kind).await.into_iter().map(|(id, _)| id).collect()
    }

    /// The same with the instants of the versions that should be there.
    pub async fn missing_versions(&self, kind: RecordKind) -> Vec<(String, Timestamp)> {
        let sim = match kind {
            RecordKind::Incident => Kind::Incidents,
            RecordKind::Alert => Kind::Alerts,
        };
        let now = self.clock.now();
        // The tenant lives on while nobody asks.
        self.simulator.advance(now);
        let since = start() - SignedDuration::from_hours(30 * 24);
        let mut truth = BTreeMap::new();
        for version in self.simulator.history(self.tenant.tenant_id, sim) {
            if version.visible <= now {
                truth.insert(version.id.to_string(), version.instant);
            }
        }
        truth.retain(|_, instant| *instant >= since);
        let ids: Vec<String> = truth.keys().cloned().collect();
        let stored = self.syncer.store.versions(self.id, kind, &ids).await.unwrap();
        let held = stored.into_iter().map(|stored| stored.and_then(|stored| stored.head.updated));
        truth.into_iter().zip(held).filter(|((_, is), held)| Some(*is) != *held).map(|(is, _)| is).collect()
    }

    /// How many records of this kind the tenant shows since the connection's horizon.
    pub fn stored(&self, kind: Kind) -> usize {
        let since = start() - SignedDuration::from_hours(30 * 24);
        let history = self.simulator.history(self.tenant.tenant_id, kind);
        let ids: BTreeSet<_> =
            history.iter().filter(|version| version.instant >= since).map(|version| &version.id).collect();
        ids.len()
    }

    /// Nothing of the tenant's last 30 days is missing.
    pub async fn assert_complete(&self) {
        for kind in [RecordKind::Incident, RecordKind::Alert] {
            let missing = self.missing(kind).await;
            assert!(missing.is_empty(), "{kind:?}: {} missing, {:?}", missing.len(), missing.first());
        }
    }
}
