//! What a sync costs, counted: the engine with the simulator, the store and the secrets on AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use defender_sim::{Generator, TenantSpec};
use graph_security::RecordKind::Incident;
use incident_store::{Connections as _, GroupId, Lifecycle, NewConnection, SyncState, SyncStore as _};
use lambda_support::Aws;
use soc_anywhere_tests::counted::Counted;
use sync_incidents::Outcome;

use crate::desk::{Desk, at, id, lease, noise, record, settings};
use crate::scene::Scene;

/// What a written success costs beside the claim, in write request units: docs/operations.md counts with it.
const WRITTEN_SUCCESS: f64 = 5.0;

#[tokio::test]
async fn an_idle_tick_is_one_write_and_one_call_of_graph_per_stream() {
    // In which whole hours pass without an incident.
    let few = Generator { incidents: 3, documented: false, ..Generator::default() };
    let spec = TenantSpec::demo(1000).with_generator(few);
    let Some(scene) = Scene::new(spec, 30).await else { return };
    let Scene { simulator, counted, .. } = &scene;
    let first = scene.sync().await;
    assert!(first.streams.incidents.created > 0 && first.streams.alerts.created > 0, "{first:?}");
    scene.settle().await;

    let _ = counted.take();
    let asked = simulator.requests().len();
    let idle = scene.sync().await;
    assert_eq!((idle.outcome, idle.usage.calls), (Outcome::Complete, 2));
    assert_eq!(
        idle.streams.incidents.created
            + idle.streams.incidents.updated
            + idle.streams.alerts.created
            + idle.streams.alerts.updated,
        0
    );
    let asked = simulator.requests().split_off(asked);
    assert_eq!(asked.len(), 2, "one call of Graph per stream and none for a token: {asked:?}");
    let idle = counted.take();
    let operations = BTreeMap::from([("GetItem".to_owned(), 2), ("UpdateItem".to_owned(), 1)]);
    assert_eq!(idle.operations, operations, "one write, the claim; no secret is read");
    assert!((idle.write_units - 1.0).abs() < 0.01, "of one kilobyte: {idle:?}");
    println!("an idle tick, warm: {} calls of Graph, of AWS {idle:?}", asked.len());

    // Every ten minutes the success is written; now and then something happens in the tenant meanwhile.
    for _ in 0..20 {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(601)).await;
        tokio::time::resume();
        let _ = counted.take();
        let report = scene.sync().await;
        let told = counted.take();
        if report.usage.calls == 2 && !told.operations.contains_key("BatchGetItem") {
            println!("a success that is written: {told:?}");
            let operations = [("GetItem", 2), ("TransactWriteItems", 1), ("UpdateItem", 2)];
            let operations = operations.map(|(operation, number)| (operation.to_owned(), number)).into();
            assert_eq!(told.operations, operations, "the claim, the state, and the lease given back");
            assert!((told.write_units - 1.0 - WRITTEN_SUCCESS).abs() < 0.01, "{told:?}");
            return;
        }
    }
    panic!("no ten minutes passed without a change or a sweep");
}

#[tokio::test]
async fn what_is_done_costs_what_data_md_says() {
    let Some(desk) = Desk::new().await else { return };
    let counted = Counted::default();
    let mut environment = desk.aws.settings();
    environment.table = Some(desk.table().await);
    let store = Aws::new(&environment, counted.clone()).unwrap().store().unwrap();
    let settings = NewConnection {
        group: GroupId::new(at(0), [7; 10]),
        name: Some("Contoso, Ltd. (production)".into()),
        ..settings(1)
    };
    store.create(id(1), settings, Lifecycle::Connected, at(0)).await.unwrap();
    let held = lease(&store, 1, 60).await.unwrap();
    let _ = counted.take();
    let mut one = record("1", 1, noise(2_900));
    one.record.head.title = Some("Multi-stage incident involving Initial access & Discovery".into());
    store.upsert(&held, Incident, std::slice::from_ref(&one)).await.unwrap();
    let created = counted.take();
    one.record.head.updated = Some(at(2));
    store.upsert(&held, Incident, std::slice::from_ref(&one)).await.unwrap();
    let changed = counted.take();
    store.upsert(&held, Incident, &[one]).await.unwrap();
    let known = counted.take();
    let state = SyncState { checkpoint: "c".repeat(3_000), status: "s".repeat(900) };
    store.save(&held, &state, None).await.unwrap();
    let saved = counted.take();
    println!("a new record of 3 KB: {created:?}\nchanged: {changed:?}\nknown: {known:?}\nstate: {saved:?}");
    let near = |units: f64, expected: f64| (units - expected).abs() < 0.01;
    assert!(near(created.write_units, 2.0 + 6.0 + 2.0), "{created:?}");
    assert!(near(changed.write_units, 2.0 + 6.0 + 4.0), "{changed:?}");
    assert!(near(known.write_units, 0.0), "{known:?}");
    assert!(near(saved.write_units, 2.0 + 2.0), "{saved:?}");
}
