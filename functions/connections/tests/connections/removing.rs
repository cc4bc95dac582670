//! Removing a connection.

use defender_sim::Scenario;
use graph_security::RecordKind;
use incident_store::{
    Claim, Claimed, ConnectionId, Connections as _, Lease, Lifecycle, Records, StoreError, SyncState,
    SyncStore as _,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::World;

async fn lease(world: &World, id: ConnectionId) -> Lease {
    let now = Timestamp::now();
    let after = |minutes| now + SignedDuration::from_mins(minutes);
    let claim = Claim { now, until: after(15), next_due: after(1), slot: None };
    match world.desk.store.claim(id, claim).await.unwrap() {
        Claimed::Held { lease, .. } => lease,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_removed_connection_is_gone_with_its_secret_and_a_running_sync_writes_nothing_more() {
    let world = World::new().await;
    for rest in ["", "?records=keep"] {
        let tenant = world.tenant(1, Scenario::Good);
        let path = world.enter("a", &tenant).await;
        let id: ConnectionId = path.strip_prefix("/connections/").unwrap().parse().unwrap();
        let running = lease(&world, id).await;
        let removed = world.send("a", "DELETE", &format!("{path}{rest}"), &Value::Null).await;
        assert_eq!((removed.status, removed.text.as_str()), (204, ""));
        assert_eq!(world.desk.vault.ids(), []);
        let late = world.desk.store.upsert(&running, RecordKind::Incident, &[]).await;
        assert!(matches!(late, Err(StoreError::Gone)), "{late:?}");
        let late = world.desk.store.save(&running, &SyncState::default(), None).await;
        assert!(matches!(late, Err(StoreError::Gone)), "{late:?}");
        for (method, path) in
            [("GET", path.clone()), ("DELETE", path.clone()), ("POST", format!("{path}/test"))]
        {
            world.send("a", method, &path, &Value::Null).await.problem(404, "not-found");
        }
        assert_eq!(world.get("a", "/connections").await.json["connections"], json!([]));
        let counts = world.desk.store.counts().await.unwrap();
        assert_eq!(counts.iter().any(|counts| counts.connection == id), !rest.is_empty(), "{rest}");
    }
    world.enter("a", &world.tenant(1, Scenario::Good)).await;
}

#[tokio::test]
async fn a_removal_is_for_what_was_read_where_that_is_said() {
    let world = World::new().await;
    let path = world.enter("a", &world.tenant(1, Scenario::Good)).await;
    let stale = world.send_if("a", "DELETE", &path, Some("\"99\""), &Value::Null).await;
    stale.problem(412, "changed-meanwhile");
    let tag = world.get("a", &path).await.tag().to_owned();
    assert_eq!(world.send_if("a", "DELETE", &path, Some(&tag), &Value::Null).await.status, 204);
}

#[tokio::test]
async fn an_interrupted_removal_is_finished_by_the_next_one_and_hides_meanwhile() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    let id = path.strip_prefix("/connections/").unwrap().parse().unwrap();
    let mut connection = world.desk.store.connection(id).await.unwrap().unwrap();
    (connection.lifecycle, connection.records) = (Lifecycle::Removing, Records::Keep);
    world.desk.store.update(&connection).await.unwrap();
    world.get("a", &path).await.problem(404, "not-found");
    assert_eq!(world.get("a", "/connections").await.json["connections"], json!([]));
    world.send("b", "DELETE", &path, &Value::Null).await.problem(404, "not-found");
    // Entered anew, it is in nobody's way.
    let again = world.enter("a", &tenant).await;
    assert_eq!(world.desk.vault.ids().len(), 1);
    world.send("a", "DELETE", &path, &Value::Null).await.problem(404, "not-found");
    assert_eq!(world.get("a", &again).await.status, 200);
    let kept = world.desk.store.counts().await.unwrap();
    assert!(
        kept.iter().any(|counts| counts.connection == id && counts.removed),
        "its records stay, as asked"
    );
}
