//! Two owners cannot see, change, count against or guess each other's connections, route by route.

use defender_sim::Scenario;
use http_api::{Limits, Window};
use incident_store::sqlite::SqliteStore;
use serde_json::{Value, json};

use crate::support::{A_CENTURY, Answer, World, entry, with};

/// What may differ between two answers to alike requests: when they were given.
fn shown(answer: &Answer) -> (u16, String, String) {
    let headers = answer.headers.lines().filter(|line| !line.to_lowercase().starts_with("date:"));
    (answer.status, headers.collect::<Vec<_>>().join("\n"), answer.text.clone())
}

#[tokio::test]
async fn another_owners_connection_answers_on_every_route_as_one_that_never_was() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let theirs = world.enter("a", &tenant).await;
    let never = format!("/connections/{}", uuid::Uuid::from_u128(0x0190_f5fe_7c00_7a00_8000_0000_0000_0001));
    let before = world.get("a", &theirs).await;
    let new = json!({"clientSecret": tenant.secret, "saveAnyway": true});
    let routes = [
        ("GET", "", Value::Null),
        ("PATCH", "", json!({"paused": true})),
        ("PUT", "/credential", new),
        ("POST", "/test", Value::Null),
        ("DELETE", "", Value::Null),
        ("DELETE", "?records=keep", Value::Null),
        ("PATCH", "", json!({"intervalSeconds": 1})),
        ("PUT", "/credential", json!({"clientSecret": ""})),
    ];
    let asked = world.simulator.requests().len();
    for (method, rest, body) in routes {
        for tag in [Some("*"), Some(before.tag()), Some("\"99\""), None] {
            let ask = |path: &str| {
                let path = format!("{path}{rest}");
                let (world, body, tag) = (&world, body.clone(), tag.map(str::to_owned));
                async move { shown(&world.send_if("b", method, &path, tag.as_deref(), &body).await) }
            };
            let (answer, unknown) = (ask(&theirs).await, ask(&never).await);
            assert_eq!(answer, unknown, "{method} {rest} {tag:?}");
            assert!([404, 428].contains(&answer.0), "{method} {rest} {tag:?}: {answer:?}");
        }
    }
    assert_eq!(world.simulator.requests().len(), asked, "nothing of theirs is tested");
    assert_eq!(shown(&world.get("a", &theirs).await), shown(&before), "nothing of theirs has changed");
}

#[tokio::test]
async fn a_list_shows_ones_own() {
    let world = World::new().await;
    let theirs = world.enter("a", &world.tenant(1, Scenario::Good)).await;
    let own = world.enter("b", &world.tenant(2, Scenario::Good)).await;
    let listed = world.get("b", "/connections").await;
    let ids: Vec<_> = listed.json["connections"].as_array().unwrap().iter().map(|c| &c["id"]).collect();
    assert_eq!(ids, [own.strip_prefix("/connections/").unwrap()]);
    let after = theirs.strip_prefix("/connections/").unwrap();
    let after = world.get("b", &format!("/connections?after={after}")).await;
    assert_eq!(after.json, listed.json, "a place in somebody's list tells nothing of it");
    let nobody = world.get("c", "/connections").await;
    assert_eq!(nobody.json, json!({"connections": [], "next": null}));
}

#[tokio::test]
async fn the_same_tenant_is_entered_by_another_owner_as_if_nobody_had() {
    let world = World::new().await;
    let (taken, free) = (world.tenant(1, Scenario::Good), world.tenant(2, Scenario::Good));
    let first = world.enter("a", &taken).await;
    // What a test refuses it refuses alike, and names nobody.
    for anyway in [false, true] {
        let mut answers = Vec::new();
        for (tenant, owner) in [(&taken, "b"), (&free, "c")] {
            let wrong = with(with(entry(tenant), "clientSecret", "wrong-wrong-wrong~"), "saveAnyway", anyway);
            let answer = world.send(owner, "POST", "/connections", &wrong).await;
            let first = first.strip_prefix("/connections/").unwrap();
            assert!(!answer.text.contains(first), "{}", answer.text);
            let states = answer.json.pointer("/test/checks").unwrap().as_array().unwrap();
            let states: Vec<_> = states.iter().map(|check| check["status"].clone()).collect();
            answers.push((answer.status, answer.json["type"].clone(), states));
        }
        assert_eq!(answers[0], answers[1], "saved anyway: {anyway}");
    }
    let second = world.enter("d", &taken).await;
    assert_ne!(first, second, "each has one of their own");
    let removed = world.send("d", "DELETE", &second, &Value::Null).await;
    assert_eq!(removed.status, 204);
    assert_eq!(world.get("a", &first).await.status, 200, "and removes nobody else's");
}

#[tokio::test]
async fn an_owners_tests_use_up_nobody_elses() {
    let window = |most| vec![Window { length: A_CENTURY, most, parameter: None }];
    let limits = Limits { owner: window(4), tenant: window(1000), connections: u32::MAX };
    let world = World::with(limits, SqliteStore::in_memory().unwrap()).await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    let ask = async |owner| world.send(owner, "POST", "/test-connection", &entry(&tenant)).await.status;
    for _ in 0..4 {
        assert_eq!(ask("b").await, 200);
    }
    assert_eq!(ask("b").await, 429);
    for _ in 0..3 {
        assert_eq!(world.send("a", "POST", &format!("{path}/test"), &Value::Null).await.status, 200);
    }
    assert_eq!(world.send("a", "POST", &format!("{path}/test"), &Value::Null).await.status, 429);
    assert_eq!(ask("c").await, 200);
}

#[tokio::test]
async fn guesses_by_others_neither_keep_an_owner_out_nor_tell_of_one() {
    let window = |most| vec![Window { length: A_CENTURY, most, parameter: None }];
    let limits = Limits { owner: window(1000), tenant: window(3), connections: u32::MAX };
    let world = World::with(limits, SqliteStore::in_memory().unwrap()).await;
    let (taken, free) = (world.tenant(1, Scenario::Good), world.tenant(2, Scenario::Good));
    let path = world.enter("a", &taken).await;
    for _ in 0..5 {
        // An owner's own doings, by which somebody could tell that there is one.
        assert_eq!(world.send("a", "POST", &format!("{path}/test"), &Value::Null).await.status, 200);
        assert_eq!(world.send("a", "POST", "/test-connection", &entry(&taken)).await.status, 200);
    }
    for tenant in [&taken, &free] {
        let wrong = with(entry(tenant), "clientSecret", "wrong-wrong-wrong~");
        let mut statuses = Vec::new();
        for route in
            ["/test-connection", "/connections", "/test-connection", "/connections", "/test-connection"]
        {
            statuses.push(world.send("b", "POST", route, &wrong).await.status);
        }
        assert_eq!(statuses, [200, 422, 200, 429, 429], "three guesses, whoever has the tenant");
    }
    let tag = world.get("a", &path).await.tag().to_owned();
    let new = json!({"clientSecret": taken.secret});
    let replaced = world.send_if("a", "PUT", &format!("{path}/credential"), Some(&tag), &new).await;
    assert_eq!(replaced.status, 200, "{}", replaced.text);
    assert_eq!(world.send("a", "POST", &format!("{path}/test"), &Value::Null).await.status, 200);
}

#[tokio::test]
async fn saving_anyway_is_no_way_round_the_count() {
    let window = |most| vec![Window { length: A_CENTURY, most, parameter: None }];
    let limits = Limits { owner: window(1000), tenant: window(3), connections: u32::MAX };
    let world = World::with(limits, SqliteStore::in_memory().unwrap()).await;
    let tenant = world.tenant(1, Scenario::Good);
    let wrong = with(with(entry(&tenant), "clientSecret", "wrong-wrong-wrong~"), "saveAnyway", true);
    let saved = world.send("b", "POST", "/connections", &wrong).await;
    assert_eq!(saved.status, 201);
    let path = format!("{}/credential", saved.header("location"));
    let mut statuses = Vec::new();
    for guess in 0..4 {
        let new = json!({"clientSecret": format!("guess-guess-guess~{guess}")});
        statuses.push(world.send_if("b", "PUT", &path, Some("*"), &new).await.status);
    }
    assert_eq!(statuses, [422, 422, 429, 429]);
}

#[tokio::test]
async fn what_an_owner_has_passes_to_another_one_and_is_that_one_s_as_if_it_always_had_been() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    world.enter("b", &world.tenant(2, Scenario::Good)).await;
    let before = world.get("a", &path).await;
    assert_eq!(connections::move_all(&world.desk.store, "zoe", "a", "b").await.unwrap(), 1);
    world.get("a", &path).await.problem(404, "not-found");
    assert_eq!(world.get("a", "/connections").await.json["connections"], json!([]));
    assert_eq!(
        shown(&world.get("b", &path).await),
        shown(&before),
        "it is what it was, its version included"
    );
    assert_eq!(world.get("b", "/connections").await.json["connections"].as_array().unwrap().len(), 2);
    world.send("b", "POST", "/connections", &entry(&tenant)).await.problem(409, "duplicate");
    assert_eq!(world.send("b", "POST", &format!("{path}/test"), &Value::Null).await.status, 200);
    // Who has given it away may enter the tenant again, and has another connection then.
    assert_ne!(world.enter("a", &tenant).await, path);
    assert_eq!(connections::move_all(&world.desk.store, "zoe", "nobody", "b").await.unwrap(), 0);
}
