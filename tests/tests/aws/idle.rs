//! What a sync costs, counted: the engine with the simulator, the store and the secrets on AWS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use defender_sim::{InProcess, Simulator, TenantSpec};
use graph_auth::{EndpointOverride, TokenCache};
use graph_http::Clock;
use graph_security::Graph;
use incident_store::{Connections as _, Lifecycle, NewConnection, SecretVault as _, SecretVersion};
use jiff::SignedDuration;
use lambda_support::Aws;
use soc_anywhere_tests::counted::Counted;
use sync_incidents::{Budget, Outcome, Settings, Syncer};
use uuid::Uuid;

use crate::desk::{Desk, at, id, settings};

#[tokio::test]
async fn an_idle_tick_is_one_write_and_one_call_of_graph_per_stream() {
    let Some(desk) = Desk::new().await else { return };
    let clock = Clock::simulated(at(0));
    let simulator = Arc::new(Simulator::new(7, at(0)));
    let tenant = simulator.add_tenant(TenantSpec::demo(3));

    let counted = Counted::default();
    let mut environment = desk.aws.settings();
    environment.table = Some(desk.table().await);
    let aws = Aws::new(&environment, counted.clone()).unwrap();
    let (store, secrets) = (aws.store().unwrap(), aws.secrets(clock.clone()).unwrap());
    let connection = NewConnection {
        tenant_id: tenant.tenant_id,
        client_id: tenant.client_id,
        since: at(0) - SignedDuration::from_hours(7 * 24),
        ..settings(1)
    };
    store.create(id(1), connection, Lifecycle::Connected, at(0)).await.unwrap();
    let version = SecretVersion(Uuid::from_u128(1));
    secrets.stage(id(1), version, tenant.secret.clone().into()).await.unwrap();
    secrets.promote(id(1), version).await.unwrap();

    let transport = InProcess { simulator: simulator.clone(), clock: clock.clone() };
    let syncer = Syncer {
        store,
        graph: Graph { transport, clock, tokens: TokenCache::default() },
        secrets,
        endpoints: EndpointOverride::default(),
        settings: Settings {
            budget: Budget::Unlimited,
            success_every: SignedDuration::from_mins(10),
            lease_margin: Duration::from_secs(60),
            seed: 1,
        },
    };
    let sync = async || {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        syncer.sync(id(1), deadline).await.unwrap()
    };
    let first = sync().await;
    assert!(first.incidents.created > 10 && first.alerts.created > 10, "{first:?}");
    let mut last = first;
    for _ in 0..50 {
        if last.outcome == Outcome::Complete && last.usage.calls == 2 {
            break;
        }
        last = sync().await;
    }

    let _ = counted.take();
    let asked = simulator.requests().len();
    let idle = sync().await;
    assert_eq!((idle.outcome, idle.usage.calls), (Outcome::Complete, 2));
    assert_eq!(
        idle.incidents.created + idle.incidents.updated + idle.alerts.created + idle.alerts.updated,
        0
    );
    let asked = simulator.requests().split_off(asked);
    assert_eq!(asked.len(), 2, "one call of Graph per stream and none for a token: {asked:?}");
    let calls = counted.take();
    let reads: usize = ["GetItem", "BatchGetItem"].iter().filter_map(|name| calls.get(*name)).sum();
    let writes: BTreeMap<&str, usize> = (calls.iter())
        .filter(|(name, _)| !["GetItem", "BatchGetItem"].contains(&name.as_str()))
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(writes, BTreeMap::from([("UpdateItem", 1)]), "one write, the claim; no secret is read");
    assert!(reads <= 4, "{calls:?}");
    println!("an idle tick, warm: {} calls of Graph, AWS: {calls:?}", idle.usage.calls);
}
