//! What a sync costs, counted: the engine with the simulator, the store and the secrets on AWS.

use std::collections::BTreeMap;

use defender_sim::{Generator, TenantSpec};
use graph_security::RecordKind::Incident;
use incident_store::{Connections as _, GroupId, Lifecycle, NewConnection, SyncState, SyncStore as _};
use lambda_support::Aws;
use soc_anywhere_tests::counted::Counted;
use sync_incidents::Outcome;

use crate::desk::{Desk, at, id, lease, noise, record, settings};
use crate::scene::{Scene, changes};

/// What the attempt of every ten minutes costs in write request units, and what an hour's sweeps cost at most:
/// docs/operations.md counts with them.
const ATTEMPT: f64 = 4.0;
const SWEEPS: f64 = 36.0;

#[tokio::test]
async fn an_idle_tick_is_no_write_and_one_call_of_graph_per_stream() {
    // In which whole hours pass without an incident.
    let few = Generator { incidents: 3, documented: false, ..Generator::default() };
    let spec = TenantSpec::demo(1000).with_generator(few);
    let Some(mut scene) = Scene::new(spec, 30).await else { return };
    let (simulator, counted) = (scene.simulator.clone(), scene.counted.clone());
    let first = scene.sync().await;
    assert!(first.streams.incidents.created > 0 && first.streams.alerts.created > 0, "{first:?}");
    scene.settle().await;

    let _ = counted.take();
    let asked = simulator.requests().len();
    let idle = scene.turn().await;
    assert_eq!((&idle.outcome, idle.usage.calls, idle.claimed), (&Outcome::Complete, 2, false), "{idle:?}");
    let asked = simulator.requests().split_off(asked);
    assert_eq!(asked.len(), 2, "one call of Graph per stream and none for a token: {asked:?}");
    let idle = counted.take();
    let operations = BTreeMap::from([("GetItem".to_owned(), 2)]);
    assert_eq!(
        idle.operations, operations,
        "the connection and the state are read; nothing is written, no secret read"
    );
    assert!(idle.write_units < 0.01, "{idle:?}");
    println!("an idle tick, warm: {} calls of Graph, of AWS {idle:?}", asked.len());

    let hours = 6;
    let (mut ticks, mut attempts, mut sweeps, mut all) = (0.0, 0.0, 0.0, 0.0);
    for minute in 1..=hours * 60 {
        scene.later(minute * 60);
        let report = scene.turn().await;
        let told = counted.take();
        (ticks, all) = (ticks + 1.0, all + told.write_units);
        let is_settled =
            told.operations.contains_key("TransactWriteItems") && !told.operations.contains_key("UpdateItem");
        if changes(&report) > 0 || told.operations.contains_key("BatchGetItem") {
            // Something has happened, and is read again for a while: that is no idle tick.
            all -= told.write_units;
        } else if !report.claimed {
            assert_eq!((report.usage.calls, &told.operations), (2, &operations), "minute {minute}");
        } else if is_settled {
            attempts += 1.0;
            let operations = [("GetItem", 2), ("TransactWriteItems", 1)];
            let operations = operations.map(|(operation, number)| (operation.to_owned(), number)).into();
            assert_eq!((report.usage.calls, &told.operations), (2, &operations), "minute {minute}");
            assert!((told.write_units - ATTEMPT).abs() < 0.01, "the attempt and the state: {told:?}");
        } else {
            sweeps += told.write_units;
        }
    }
    println!(
        "{hours} idle hours: {ticks} ticks, {attempts} attempts, {sweeps} units for sweeps, {all} units in all"
    );
    assert!((20.0..=36.0).contains(&attempts), "an attempt every ten minutes: {attempts}");
    assert!(sweeps / f64::from(i32::try_from(hours).unwrap()) <= SWEEPS, "{sweeps}");
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
