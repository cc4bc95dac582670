//! The engine with the simulator, the store and the secrets on AWS, and every call counted.

use std::sync::Arc;
use std::time::Duration;

use defender_sim::{InProcess, Simulator, TenantSpec};
use graph_auth::{EndpointOverride, TokenCache};
use graph_http::Clock;
use graph_security::Graph;
use incident_store::dynamodb::DynamoStore;
use incident_store::{Connections as _, Lifecycle, NewConnection, SecretVault as _, SecretVersion};
use jiff::SignedDuration;
use lambda_support::{Aws, SecretsManager};
use soc_anywhere_tests::counted::Counted;
use sync_incidents::{Budget, Outcome, Report, Settings, Syncer, Turn};
use uuid::Uuid;

use crate::desk::{Desk, at, id, settings};

/// One connection, number 1, to one simulated tenant.
pub(crate) struct Scene {
    pub(crate) syncer: Syncer<DynamoStore, InProcess, SecretsManager>,
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) counted: Counted,
    pub(crate) clock: Clock,
    /// It ends with this.
    _desk: Desk,
}

impl Scene {
    /// With a connection that goes back so many days. `None` where there is no emulator.
    pub(crate) async fn new(spec: TenantSpec, days: i64) -> Option<Self> {
        let desk = Desk::new().await?;
        let clock = Clock::simulated(at(0));
        let simulator = Arc::new(Simulator::new(7, at(0)));
        let tenant = simulator.add_tenant(spec);
        let counted = Counted::default();
        let mut environment = desk.aws.settings();
        environment.table = Some(desk.table().await);
        let aws = Aws::new(&environment, counted.clone()).unwrap();
        let (store, secrets) = (aws.store().unwrap(), aws.secrets(clock.clone()).unwrap());
        let connection = NewConnection {
            tenant_id: tenant.tenant_id,
            client_id: tenant.client_id,
            since: at(0) - SignedDuration::from_hours(days * 24),
            ..settings(1)
        };
        store.create(id(1), connection, Lifecycle::Connected, at(0)).await.unwrap();
        let version = SecretVersion(Uuid::from_u128(1));
        secrets.stage(id(1), version, tenant.secret.clone().into()).await.unwrap();
        secrets.promote(id(1), version).await.unwrap();
        let transport = InProcess { simulator: simulator.clone(), clock: clock.clone() };
        let syncer = Syncer {
            store,
            graph: Graph { transport, clock: clock.clone(), tokens: TokenCache::default() },
            secrets,
            endpoints: EndpointOverride::default(),
            settings: Settings {
                budget: Budget::Unlimited,
                success_every: SignedDuration::from_mins(10),
                lease_margin: Duration::from_secs(60),
                seed: 1,
            },
        };
        Some(Self { syncer, simulator, counted, clock, _desk: desk })
    }

    /// Its turn in a slot that begins now.
    pub(crate) async fn turn(&self) -> Report {
        let slot = self.syncer.graph.clock.now();
        let turn = Turn { connection: id(1), slot, until: slot + SignedDuration::from_hours(1) };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(600);
        Box::pin(self.syncer.turn(turn, deadline)).await.unwrap()
    }

    /// It is so many seconds later.
    pub(crate) fn later(&mut self, seconds: i64) {
        let clock = self.clock.skewed(SignedDuration::from_secs(seconds));
        self.syncer.graph.transport.clock = clock.clone();
        self.syncer.graph.clock = clock;
    }

    pub(crate) async fn sync(&self) -> Report {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(600);
        Box::pin(self.syncer.sync(id(1), deadline)).await.unwrap()
    }

    /// Until there is nothing to do; how many records were written meanwhile.
    pub(crate) async fn settle(&self) -> u64 {
        let mut written = 0;
        for _ in 0..50 {
            let report = self.sync().await;
            written += changes(&report);
            if report.outcome == Outcome::Complete && report.usage.calls == 2 {
                return written;
            }
        }
        panic!("it does not come to rest");
    }
}

/// How many records a sync wrote.
pub(crate) fn changes(report: &Report) -> u64 {
    report.streams.values().map(|stream| stream.created + stream.updated).sum()
}
