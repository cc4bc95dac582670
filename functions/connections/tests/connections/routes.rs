//! Route by route: what each answers.

use defender_sim::Scenario;
use serde_json::{Value, json};

use crate::support::{World, entry, with};

#[tokio::test]
async fn a_good_connection_is_entered_read_listed_and_tested() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let body = with(with(entry(&tenant), "name", " Contoso "), "secretExpires", "2099-02-28");
    let entered = world.send("a", "POST", "/connections", &body).await;
    assert_eq!(entered.status, 201, "{}", entered.text);
    assert_eq!(entered.header("cache-control"), "no-store");
    assert_eq!(entered.json["test"]["ok"], true);
    let connection = &entered.json["connection"];
    for (name, value) in [
        ("name", json!("Contoso")),
        ("tenantId", json!(tenant.tenant_id)),
        ("clientId", json!(tenant.client_id)),
        ("cloud", json!("global")),
        ("intervalSeconds", json!(60)),
        ("secretExpires", json!("2099-02-28")),
        ("paused", json!(false)),
        ("capabilities", json!({"writeBack": true, "customDetections": true})),
    ] {
        assert_eq!(connection[name], value, "{name}");
    }
    assert_eq!(connection["health"]["state"], "pending");
    let path = entered.header("location").to_owned();
    assert_eq!(path, format!("/connections/{}", entered.id()));

    let read = world.get("a", &path).await;
    assert_eq!((read.status, read.tag()), (200, entered.tag()));
    assert_eq!(&read.json, connection);
    let listed = world.get("a", "/connections").await;
    assert_eq!(listed.json, json!({"connections": [connection], "next": null}));
    let tested = world.send("a", "POST", &format!("{path}/test"), &Value::Null).await;
    assert_eq!((tested.status, &tested.json["ok"]), (200, &json!(true)));
    assert_eq!(tested.tag(), entered.tag(), "a test that finds nothing new changes nothing");
}

#[tokio::test]
async fn a_bad_connection_is_saved_only_when_told_so() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::WrongSecret);
    let refused = world.send("a", "POST", "/connections", &entry(&tenant)).await;
    refused.problem(422, "test-failed");
    assert_eq!(refused.json["test"]["ok"], false);
    assert_eq!(refused.json["test"]["checks"][3]["cause"], "wrong_secret");
    assert!(refused.json["detail"].as_str().unwrap().contains("secret"), "{}", refused.text);
    assert_eq!(world.get("a", "/connections").await.json["connections"], json!([]));
    assert_eq!(world.desk.vault.ids(), []);

    let anyway = with(entry(&tenant), "saveAnyway", true);
    let saved = world.send("a", "POST", "/connections", &anyway).await;
    assert_eq!((saved.status, &saved.json["test"]["ok"]), (201, &json!(false)));
    assert_eq!(world.secret(saved.id()).await.as_deref(), Some(tenant.secret.as_str()));
    let capabilities = json!({"writeBack": null, "customDetections": null});
    assert_eq!(saved.json["connection"]["capabilities"], capabilities);
}

#[tokio::test]
async fn values_that_cannot_be_are_never_saved() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let anyway = with(entry(&tenant), "saveAnyway", true);
    for (name, value, cause) in [
        ("tenantId", "contoso".to_owned(), "tenant_id_malformed"),
        ("clientId", "my app".to_owned(), "client_id_malformed"),
        ("clientId", tenant.tenant_id.to_string(), "client_id_is_tenant_id"),
        ("clientSecret", " \u{200b}".to_owned(), "secret_missing"),
        ("clientSecret", tenant.client_id.to_string(), "secret_is_secret_id"),
        ("cloud", "china".to_owned(), "cloud_unsupported"),
        ("cloud", "simulated".to_owned(), "cloud_unsupported"),
    ] {
        let answer = world.send("a", "POST", "/connections", &with(anyway.clone(), name, value)).await;
        answer.problem(422, "test-failed");
        assert_eq!(answer.json["test"]["checks"][0]["cause"], cause);
    }
    for (name, value) in [
        ("name", json!("two\nlines")),
        ("name", json!("x".repeat(101))),
        ("since", json!("2001-01-01T00:00:00Z")),
        ("since", json!("2999-01-01T00:00:00Z")),
        ("intervalSeconds", json!(59)),
        ("intervalSeconds", json!(86_401)),
        ("secretExpires", json!("2020-01-01")),
    ] {
        let answer = world.send("a", "POST", "/connections", &with(anyway.clone(), name, value)).await;
        answer.problem(422, "invalid-field");
        assert_eq!(answer.json["field"], name);
    }
    assert_eq!(world.get("a", "/connections").await.json["connections"], json!([]));
}

#[tokio::test]
async fn settings_are_changed_by_whom_has_read_them() {
    let world = World::new().await;
    let path = world.enter("a", &world.tenant(1, Scenario::Good)).await;
    let first = world.get("a", &path).await.tag().to_owned();
    let change = async |tag: Option<&str>, body| world.send_if("a", "PATCH", &path, tag, &body).await;
    change(None, json!({"paused": true})).await.problem(428, "precondition-required");
    change(Some("seven"), json!({"paused": true})).await.problem(400, "malformed-request");

    let paused = change(Some(&first), json!({"paused": true, "name": "Fabrikam"})).await;
    assert_eq!((paused.status, &paused.json["paused"]), (200, &json!(true)), "{}", paused.text);
    assert_eq!(
        (&paused.json["name"], &paused.json["health"]["state"]),
        (&json!("Fabrikam"), &json!("paused"))
    );
    assert_ne!(paused.tag(), first);
    change(Some(&first), json!({"paused": false})).await.problem(412, "changed-meanwhile");
    change(Some(&format!("W/{}", paused.tag())), json!({})).await.problem(412, "changed-meanwhile");

    let expires = json!({"secretExpires": "2099-01-01", "intervalSeconds": 300, "paused": false});
    let changed = change(Some(paused.tag()), expires).await;
    assert_eq!(changed.json["secretExpires"], "2099-01-01");
    assert_eq!((&changed.json["intervalSeconds"], &changed.json["name"]), (&json!(300), &json!("Fabrikam")));
    let cleared = change(Some("*"), json!({"secretExpires": null, "name": null})).await;
    assert_eq!((&cleared.json["secretExpires"], &cleared.json["name"]), (&Value::Null, &Value::Null));
    assert_eq!(cleared.json["intervalSeconds"], 300);
    change(Some("*"), json!({"tenantId": "x"})).await.problem(400, "malformed-body");
    change(Some("*"), json!({"intervalSeconds": 1})).await.problem(422, "invalid-field");
    change(Some("*"), json!({"secretExpires": "2020-01-01"})).await.problem(422, "invalid-field");
    let past = json!({"clientSecret": "another-secret-of-this-application~", "secretExpires": "2020-01-01"});
    let credential = format!("{path}/credential");
    world.send_if("a", "PUT", &credential, Some("*"), &past).await.problem(422, "invalid-field");
    change(Some("*"), json!({"intervalSeconds": null})).await.problem(400, "malformed-body");
}

#[tokio::test]
async fn the_same_tenant_and_client_twice_is_a_conflict_that_names_the_first() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    let asked = world.simulator.requests().len();
    for body in [entry(&tenant), with(entry(&tenant), "saveAnyway", true)] {
        let twice = world.send("a", "POST", "/connections", &body).await;
        twice.problem(409, "duplicate");
        assert_eq!(format!("/connections/{}", twice.json["connection"].as_str().unwrap()), path);
    }
    assert_eq!(world.simulator.requests().len(), asked, "nobody is asked for what is not saved");
    let other_cloud = with(with(entry(&tenant), "cloud", "dod"), "saveAnyway", true);
    assert_eq!(world.send("a", "POST", "/connections", &other_cloud).await.status, 201);
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let world = World::new().await;
    let mut paths = Vec::new();
    for seed in 0..5 {
        paths.push(world.enter("a", &world.tenant(seed, Scenario::Good)).await);
    }
    let (mut found, mut target) = (Vec::new(), "/connections?limit=2".to_owned());
    loop {
        let page = world.get("a", &target).await;
        let connections = page.json["connections"].as_array().unwrap();
        assert!(connections.len() <= 2);
        let path = |connection: &Value| format!("/connections/{}", connection["id"].as_str().unwrap());
        found.extend(connections.iter().map(path));
        let Some(next) = page.json["next"].as_str() else { break };
        target = format!("/connections?limit=2&after={next}");
    }
    assert_eq!(found, paths, "oldest first, each once");
}

#[tokio::test]
async fn a_test_notes_what_has_changed_and_never_repeats_the_secret() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let path = world.enter("a", &tenant).await;
    let before = world.get("a", &path).await;
    world
        .simulator
        .revoke(tenant.tenant_id, &["SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All"]);
    world.simulator.grant(tenant.tenant_id, &["SecurityIncident.Read.All", "SecurityAlert.Read.All"]);
    let tested = world.send("a", "POST", &format!("{path}/test"), &Value::Null).await;
    assert_eq!((tested.status, &tested.json["ok"]), (200, &json!(true)), "{}", tested.text);
    assert_ne!(tested.tag(), before.tag());
    let after = world.get("a", &path).await;
    assert_eq!(after.tag(), tested.tag());
    assert_eq!(after.json["capabilities"]["writeBack"], false);
    assert_eq!(after.json["health"]["notes"][0]["note"], "writeBackNotGranted");
    assert_eq!(after.json["health"]["attention"], json!([]));

    world.simulator.set_scenario(tenant.tenant_id, Scenario::TenantNotFound);
    let failed = world.send("a", "POST", &format!("{path}/test"), &Value::Null).await;
    assert_eq!((failed.status, &failed.json["ok"]), (200, &json!(false)));
    let unchanged = world.get("a", &path).await;
    assert_eq!(unchanged.json["capabilities"]["writeBack"], false, "what a test cannot tell stays as it was");
}

#[tokio::test]
async fn what_is_no_request_gets_a_clear_4xx_that_repeats_nothing() {
    let world = World::new().await;
    let path = world.enter("a", &world.tenant(1, Scenario::Good)).await;
    let nested = format!("{}1{}", "[".repeat(1500), "]".repeat(1500));
    let bodies = [
        (400, "{".to_owned()),
        (400, "null".to_owned()),
        (400, r#"["S3ntinel"]"#.to_owned()),
        (400, r#"{"tenantId":"S3ntinel","tenantId":"S3ntinel"}"#.to_owned()),
        (400, r#"{"S3ntinel":"S3ntinel"}"#.to_owned()),
        (400, r#"{"clientSecret":{"S3ntinel":1}}"#.to_owned()),
        (400, r#"{"clientSecret":"S3ntinel\ud800"}"#.to_owned()),
        (400, format!(r#"{{"clientSecret":{nested}}}"#)),
        (400, r#"{"name":["S3ntinel"]}"#.to_owned()),
        (413, format!(r#"{{"clientSecret":"{}"}}"#, "S3ntinel".repeat(600))),
        (413, format!(r#"{{"clientSecret":"{}"}}"#, "ü🛡".repeat(800))),
        (413, "S3ntinel".repeat(100_000)),
    ];
    let credential = format!("{path}/credential");
    for (method, path) in
        [("POST", "/connections"), ("PUT", &credential), ("PATCH", &path), ("POST", "/test-connection")]
    {
        for (status, body) in &bodies {
            let headers = [
                ("Authorization", "Bearer owner-a".to_owned()),
                ("Content-Type", "application/json; charset=utf-8".to_owned()),
                ("If-Match", "*".to_owned()),
            ];
            let answer = world.raw(method, path, &headers, body.as_bytes()).await;
            let kind = if *status == 413 { "body-too-large" } else { "malformed-body" };
            answer.problem(*status, kind);
            assert!(!answer.text.contains("S3ntinel"), "{}", answer.text);
            let broken = world.raw(method, path, &headers, b"{\"clientSecret\":\"\xff\"}").await;
            broken.problem(400, "malformed-body");
            for media_type in ["text/plain", "application/jsonp"] {
                let mut headers = headers.clone();
                headers[1].1 = media_type.to_owned();
                let answer = world.raw(method, path, &headers, b"{}").await;
                answer.problem(415, "unsupported-media-type");
            }
        }
    }
}

#[tokio::test]
async fn other_methods_paths_and_parameters_are_told_apart() {
    let world = World::new().await;
    let path = world.enter("a", &world.tenant(1, Scenario::Good)).await;
    let put = world.send("a", "PUT", "/connections", &Value::Null).await;
    assert_eq!(put.problem(405, "method-not-allowed").header("allow"), "GET, POST");
    let options = world.send("a", "OPTIONS", &path, &Value::Null).await;
    assert_eq!(options.problem(405, "method-not-allowed").header("allow"), "GET, PATCH, DELETE");
    world.get("a", "/").await.problem(404, "not-found");
    world.get("a", "/connections?owner=b").await.problem(400, "malformed-request");
    let mistyped = world.send("a", "DELETE", &format!("{path}?record=keep"), &Value::Null).await;
    mistyped.problem(400, "malformed-request");
    assert_eq!(world.get("a", &path).await.status, 200, "and nothing is removed");
    for headers in [vec![], vec![("Authorization", "Bearer somebody".to_owned())]] {
        world.raw("GET", "/connections", &headers, b"").await.problem(401, "unauthenticated");
    }
}
