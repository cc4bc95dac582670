//! What an operator may ask of all connections, whoever owns them.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Desk, start};
use incident_store::{ConnectionId, Connections as _, GroupId, Groups as _, Lifecycle};
use jiff::SignedDuration;
use logging::testing::Lines;
use serde_json::{Value, json};
use sync_incidents::operator::Ordered;

/// What the event is answered, as Lambda sends it.
async fn ask(desk: &Desk, mut event: Value) -> Value {
    event["by"] = "somebody".into();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let Ordered { by, order } = Ordered::read(event).unwrap();
    serde_json::to_value(desk.syncer.operate(&by, order, deadline).await.unwrap()).unwrap()
}

/// A desk whose connection is of an owner's home.
async fn owned() -> Desk {
    let desk = Desk::demo().await;
    desk.syncer.store.home("local", "local".into()).await.unwrap();
    desk
}

/// A second connection of another owner, to the same tenant.
async fn enter(desk: &Desk, number: u8, owner: &str) -> ConnectionId {
    let id = ConnectionId::new(start(), [number; 10]);
    let mut settings = desk.syncer.store.connection(desk.id).await.unwrap().unwrap().settings;
    let store = &desk.syncer.store;
    settings.group = store.home(owner, GroupId::new(start(), [number; 10])).await.unwrap();
    settings.name = Some(format!("number {number}"));
    store.create(id, settings, Lifecycle::Connected, start()).await.unwrap();
    id
}

#[tokio::test(start_paused = true)]
async fn all_connections_of_all_owners_are_told_by_health_and_cause() {
    let desk = owned().await;
    desk.runs().await;
    enter(&desk, 2, "two").await;
    desk.secrets.replace("S3ntinel");
    let failing = enter(&desk, 3, "three").await;
    ask(&desk, json!({ "operator": "sync", "connection": failing })).await;

    let all = ask(&desk, json!({ "operator": "list" })).await;
    assert_eq!(all["connections"], 3, "{all}");
    let groups: BTreeSet<_> = all["groups"].as_array().unwrap().iter().map(ToString::to_string).collect();
    let of = |state: &str, cause: Option<&str>| json!({ "state": state, "cause": cause, "connections": 1 });
    let expected = [of("connected", None), of("pending", None), of("failing", Some("wrong_secret"))];
    assert_eq!(groups, expected.iter().map(ToString::to_string).collect());
    // Without a filter only what somebody has to look at.
    let (listed, left_out) = (all["listed"].as_array().unwrap(), &all["leftOut"]);
    assert_eq!((listed.len(), left_out), (1, &json!(0)), "{all}");
    let line = &listed[0];
    assert_eq!(
        (&line["connection"], &line["owner"], &line["name"], &line["since"]),
        (&json!(failing), &json!("three"), &json!("number 3"), &json!(desk.clock.now())),
        "{line}"
    );

    for (filter, owners) in [
        (json!({ "state": "connected" }), vec!["local"]),
        (json!({ "state": "pending" }), vec!["two"]),
        (json!({ "cause": "wrong_secret" }), vec!["three"]),
        (json!({ "cause": "wrong_secret", "state": "connected" }), vec![]),
    ] {
        let mut event = filter.clone();
        event["operator"] = "list".into();
        let told = ask(&desk, event).await;
        let found: Vec<_> =
            told["listed"].as_array().unwrap().iter().map(|line| line["owner"].clone()).collect();
        assert_eq!(found, owners, "{filter}");
        assert_eq!(told["groups"], all["groups"], "the groups are of all");
    }
    assert!(!all.to_string().contains("S3ntinel"));
}

#[tokio::test(start_paused = true)]
async fn one_connection_is_shown_with_what_its_last_sync_has_left_and_without_its_secret() {
    let desk = owned().await;
    desk.runs().await;
    let shown = ask(&desk, json!({ "operator": "show", "connection": desk.id })).await;
    assert_eq!(
        (&shown["connection"], &shown["owner"], &shown["lifecycle"], &shown["health"]["state"]),
        (&json!(desk.id), &json!("local"), &json!("connected"), &json!("connected")),
        "{shown}"
    );
    assert_eq!(shown["status"]["observed"]["foundByDailySweep"], 0, "{shown}");
    assert!(shown["status"]["readUpTo"].is_string() && shown["nextDue"].is_string(), "{shown}");
    assert!(!shown.to_string().contains(desk.tenant.secret.as_str()));

    let nobody = ConnectionId::new(start(), [9; 10]);
    for operator in ["show", "pause", "resume"] {
        let told = ask(&desk, json!({ "operator": operator, "connection": nobody })).await;
        assert_eq!(told, json!({ "error": "there is no such connection" }), "{operator}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_paused_connection_is_not_synced_until_it_goes_on() {
    let desk = owned().await;
    desk.runs().await;
    let version = || async { desk.syncer.store.connection(desk.id).await.unwrap().unwrap().version };
    for _ in 0..2 {
        let paused = ask(&desk, json!({ "operator": "pause", "connection": desk.id })).await;
        assert_eq!(
            (&paused["health"]["state"], &paused["nextDue"]),
            (&json!("paused"), &Value::Null),
            "{paused}"
        );
    }
    let once = version().await;
    let later = desk.clock.now() + SignedDuration::from_hours(9);
    assert!(desk.syncer.store.due(later, 9).await.unwrap().these.is_empty());
    let synced = ask(&desk, json!({ "operator": "sync", "connection": desk.id })).await;
    assert_eq!(synced["outcome"]["result"], "inactive", "{synced}");

    for _ in 0..2 {
        let resumed = ask(&desk, json!({ "operator": "resume", "connection": desk.id })).await;
        assert_eq!(resumed["health"]["state"], "connected", "{resumed}");
    }
    assert_eq!(version().await, once + 1, "what is as it is asked for is left alone");
    let due = desk.syncer.store.due(desk.clock.now(), 9).await.unwrap().these;
    assert_eq!(due.iter().map(|due| due.timing.id).collect::<Vec<_>>(), [desk.id]);
    let synced = ask(&desk, json!({ "operator": "sync", "connection": desk.id })).await;
    assert_eq!(synced["outcome"]["result"], "complete", "{synced}");
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_changes_is_on_the_trail_of_all_changes_with_its_owner() {
    let lines = Lines::default();
    // The whole process's: which lines a thread's own subscriber gets depends on the other tests' threads.
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let desk = owned().await;
    let id = enter(&desk, 7, "the owner").await;
    for operator in ["pause", "pause", "show", "resume"] {
        ask(&desk, json!({ "operator": operator, "connection": id })).await;
    }
    let lines = lines.text();
    let trail: Vec<_> = lines.lines().filter(|line| line.contains(&format!("connection={id}"))).collect();
    let told = format!(
        "connection changed owner=\"the owner\" person=\"somebody\" connection={id} what=\"changed\" fields=\"paused\" \
         outcome=\"made\""
    );
    assert_eq!(trail.len(), 2, "one line for each change that was made: {trail:?}");
    assert!(trail.iter().all(|line| line.contains(&told)), "{trail:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_entered_yet_or_is_being_removed_is_not_turned() {
    let desk = Desk::demo().await;
    let mut connection = desk.syncer.store.connection(desk.id).await.unwrap().unwrap();
    for (lifecycle, said) in [
        (Lifecycle::Pending, "the connection is still being entered"),
        (Lifecycle::Removing, "the connection is being removed"),
    ] {
        connection.lifecycle = lifecycle;
        connection = desk.syncer.store.update(&connection).await.unwrap();
        for operator in ["pause", "resume"] {
            let told = ask(&desk, json!({ "operator": operator, "connection": desk.id })).await;
            assert_eq!(told, json!({ "error": said }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_engine_s_levers_are_pulled() {
    let desk = owned().await;
    desk.runs().await;
    let id = desk.id;
    let since = start() - SignedDuration::from_hours(10 * 24);
    let idle = ask(&desk, json!({ "operator": "sync", "connection": id })).await;
    assert_eq!((&idle["outcome"]["result"], &idle["calls"]), (&json!("complete"), &json!(2)), "{idle}");
    for (operator, least) in [("again", 20), ("sweep", 20), ("forget-checkpoint", 50)] {
        let mut event = json!({ "operator": operator, "connection": id });
        if operator == "again" {
            event["since"] = json!(since);
        }
        let first = ask(&desk, event).await;
        let seen =
            |report: &Value| ["incidents", "alerts"].map(|list| report[list]["seen"].as_u64().unwrap());
        let mut rows: u64 = seen(&first).iter().sum();
        for report in desk.runs().await {
            rows += report.streams.values().map(|stream| stream.seen).sum::<u64>();
        }
        assert!(rows >= least, "{operator}: {rows} rows");
        desk.assert_complete().await;
    }
    let noted = ask(&desk, json!({ "operator": "note", "text": "the reason" })).await;
    assert_eq!(noted, json!({ "noted": "the reason" }));
}
