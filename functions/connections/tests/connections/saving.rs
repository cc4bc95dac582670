//! Saving, beside other requests and after interrupted ones.

use defender_sim::Scenario;
use incident_store::{Connection, Connections as _, Lifecycle, SecretVault as _, SecretVersion};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{World, entry};

/// A saving that was cut after the secret was staged, `ago` minutes ago.
async fn interrupted(world: &World, ago: i64) -> Connection {
    let path = world.enter("a", &world.tenant(1, Scenario::Good)).await;
    let id = path.strip_prefix("/connections/").unwrap().parse().unwrap();
    let connection = world.desk.store.connection(id).await.unwrap().unwrap();
    world.send("a", "DELETE", &path, &Value::Null).await;
    let begun = Timestamp::now() - SignedDuration::from_mins(ago);
    let id = incident_store::ConnectionId::new(begun, [7; 10]);
    let created = world.desk.store.create(id, connection.settings, Lifecycle::Pending, begun).await;
    world.desk.vault.stage(id, SecretVersion(uuid::Uuid::from_u128(1)), "staged".into()).await.unwrap();
    created.unwrap()
}

#[tokio::test]
async fn of_two_requests_at_once_one_saves_and_the_other_is_told_of_it() {
    let world = World::new().await;
    let body = entry(&world.tenant(1, Scenario::Good));
    let post = || world.send("a", "POST", "/connections", &body);
    let (one, other) = tokio::join!(post(), post());
    let (saved, refused) = if one.status == 201 { (one, other) } else { (other, one) };
    assert_eq!(saved.status, 201, "{}", saved.text);
    refused.problem(409, "duplicate");
    assert_eq!(refused.json["connection"], saved.json["connection"]["id"]);
    assert_eq!(world.desk.vault.ids(), [saved.id()]);
}

#[tokio::test]
async fn what_an_interrupted_saving_left_is_in_nobodys_way() {
    let world = World::new().await;
    let left = interrupted(&world, 3).await;
    let path = world.enter("a", &world.tenant(1, Scenario::Good)).await;
    assert_eq!(world.get("a", &format!("/connections/{}", left.id)).await.status, 404);
    assert_eq!(world.desk.vault.ids(), [path.strip_prefix("/connections/").unwrap().parse().unwrap()]);
}

#[tokio::test]
async fn a_saving_under_way_is_shown_and_only_removed() {
    let world = World::new().await;
    let pending = interrupted(&world, 0).await;
    let path = format!("/connections/{}", pending.id);
    let shown = world.get("a", &path).await;
    assert_eq!((shown.status, &shown.json["health"]["state"]), (200, &json!("pending")));
    let twice = world.send("a", "POST", "/connections", &entry(&world.tenant(1, Scenario::Good))).await;
    twice.problem(409, "duplicate");
    for (method, rest, body) in [
        ("PATCH", "", json!({"paused": true})),
        ("PUT", "/credential", json!({"clientSecret": "x"})),
        ("POST", "/test", Value::Null),
    ] {
        let answer = world.send_if("a", method, &format!("{path}{rest}"), Some("*"), &body).await;
        answer.problem(409, "unfinished");
    }
    assert_eq!(world.send("a", "DELETE", &path, &Value::Null).await.status, 204);
    assert_eq!(world.desk.vault.ids(), []);
}

#[tokio::test]
async fn cleaning_leaves_what_is_under_way_and_what_is_saved() {
    let world = World::new().await;
    let left = interrupted(&world, 60).await;
    let path = {
        let tenant = world.tenant(2, Scenario::Good);
        world.enter("a", &tenant).await
    };
    let (store, vault) = (&world.desk.store, &world.desk.vault);
    let hour = SignedDuration::from_mins(61);
    let clean = async |before| {
        let mut cleaned = connections::Cleaned::default();
        connections::clean(store, vault, before, 100, &mut cleaned).await.unwrap();
        cleaned
    };
    assert_eq!(clean(Timestamp::now() - hour).await.removed, 0, "it may be under way");
    assert_eq!(vault.ids().len(), 2);
    assert_eq!(clean(Timestamp::now()).await.removed, 1);
    assert_eq!(store.connection(left.id).await.unwrap(), None);
    assert_eq!(vault.ids().len(), 1);
    assert_eq!(world.get("a", &path).await.status, 200);
    assert_eq!(clean(Timestamp::now()).await, connections::Cleaned::default());
}
