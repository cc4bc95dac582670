//! How a limit is said.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use connections::{Admin, Refusal};
use defender_sim::Scenario;
use graph_auth::EndpointOverride;
use graph_http::{Clock, HttpsTransport};
use http_api::{Attempts, AttemptsUnavailable, Counter, Ended, Limits, MemoryAttempts, Window};
use incident_store::sqlite::SqliteStore;
use incident_store::{ClientSecrets, ConnectionId, SecretError};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use test_connection::Tester;

use crate::support::{A_CENTURY, World, entry, with};

#[tokio::test]
async fn too_many_tests_are_told_when_again() {
    let window = Window { length: A_CENTURY, most: 1, parameter: Some("TestsPerDay") };
    let limits = Limits { owner: vec![window], ..Limits::none() };
    let world = World::with(limits, SqliteStore::in_memory().unwrap()).await;
    let tenant = world.tenant(1, Scenario::WrongSecret);
    let ask = async || world.send("a", "POST", "/connections", &entry(&tenant)).await;
    ask().await.problem(422, "test-failed");
    let refused = ask().await;
    assert!(refused.json["detail"].as_str().unwrap().contains("TestsPerDay"), "{}", refused.text);
    let wait: u64 = refused.problem(429, "too-many-tests").header("retry-after").parse().unwrap();
    assert!((1..=A_CENTURY.as_secs()).contains(&wait), "{wait}");
}

#[tokio::test]
async fn an_owner_has_room_for_so_many_connections_and_no_test_is_made_for_one_more() {
    let world =
        World::with(Limits { connections: 2, ..Limits::none() }, SqliteStore::in_memory().unwrap()).await;
    let tenants: Vec<_> = (1..=3).map(|seed| world.tenant(seed, Scenario::Good)).collect();
    let first = world.enter("a", &tenants[0]).await;
    world.enter("a", &tenants[1]).await;
    let asked = world.simulator.requests().len();
    let refused = world.send("a", "POST", "/connections", &entry(&tenants[2])).await;
    refused.problem(409, "too-many-connections");
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.contains('2') && detail.contains("ConnectionsPerOwner"), "{detail}");
    assert_eq!(world.simulator.requests().len(), asked);
    // Entering one that is there tells of that one, and another owner has room of its own.
    world.send("a", "POST", "/connections", &entry(&tenants[0])).await.problem(409, "duplicate");
    world.enter("b", &tenants[2]).await;
    assert_eq!(world.send("a", "DELETE", &first, &Value::Null).await.status, 204);
    world.enter("a", &tenants[2]).await;
}

#[tokio::test]
async fn another_owner_s_wrong_secrets_keep_no_administrator_out() {
    let window = |most| vec![Window { length: A_CENTURY, most, parameter: None }];
    let limits = Limits { tenant: window(3), ..Limits::none() };
    let world = World::with(limits, SqliteStore::in_memory().unwrap()).await;
    let tenant = world.tenant(1, Scenario::Good);
    let wrong = with(entry(&tenant), "clientSecret", "wrong-wrong-wrong~");
    for _ in 0..3 {
        world.send("guesser", "POST", "/connections", &wrong).await.problem(422, "test-failed");
    }
    world.send("guesser", "POST", "/connections", &wrong).await.problem(429, "too-many-tests");
    world.send("administrator", "POST", "/connections", &wrong).await.problem(422, "test-failed");
    world.enter("administrator", &tenant).await;
}

/// Gives no secret, and counts how often it is asked for one.
#[derive(Default)]
struct Unreadable(AtomicUsize);

impl ClientSecrets for Unreadable {
    async fn client_secret(&self, _: ConnectionId, _: bool) -> Result<SecretString, SecretError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(SecretError::Unavailable("it does not answer".into()))
    }
}

#[tokio::test]
async fn no_secret_is_read_for_a_test_that_there_is_no_room_for() {
    let world = World::new().await;
    let id = world.enter("a", &world.tenant(1, Scenario::Good)).await;
    let id = id.strip_prefix("/connections/").unwrap().parse().unwrap();
    let window = Window { length: A_CENTURY, most: 1, parameter: None };
    let admin = Admin {
        store: world.desk.store.clone(),
        vault: Unreadable::default(),
        attempts: MemoryAttempts::default(),
        limits: Limits { owner: vec![window], ..Limits::none() },
        tester: Tester::new(HttpsTransport::new(), Clock::system(), EndpointOverride::default()),
    };
    let refused = admin.test(&"a".into(), id, |_| {}).await;
    assert!(matches!(refused, Err(Refusal::Unavailable(_))), "{refused:?}");
    let refused = admin.test(&"a".into(), id, |_| {}).await;
    assert!(matches!(refused, Err(Refusal::TooMany(_))), "{refused:?}");
    assert_eq!(admin.vault.0.load(Ordering::Relaxed), 1);
}

/// Lets everybody through, up to a number, and keeps how each attempt ended.
#[derive(Default)]
struct Told(AtomicUsize, Mutex<Vec<Ended>>);

impl Attempts for Told {
    async fn count(&self, _: &Counter, _: Window, _: Timestamp) -> Result<bool, AttemptsUnavailable> {
        Ok(self.0.fetch_add(1, Ordering::Relaxed) < 6)
    }

    async fn forgive(&self, _: &Counter, _: Window, _: Timestamp) -> Result<(), AttemptsUnavailable> {
        Ok(())
    }

    fn ended(&self, how: Ended) {
        self.1.lock().unwrap().push(how);
    }
}

#[tokio::test]
async fn each_attempt_ends_once_in_what_a_metric_counts() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let told = Told::default();
    let ask = async |body: Value| {
        let request = http::Request::post("/test-connection").header("content-type", "application/json");
        let request = request.body(body.to_string()).unwrap();
        let limits = Limits::default();
        test_connection::handle(&world.desk.tester, &told, &limits, &"a".into(), &request).await
    };
    // Two windows of the owner's and one of the tenant's for each: room for two.
    assert!(ask(entry(&tenant)).await.is_ok());
    assert!(ask(with(entry(&tenant), "clientSecret", "wrong-wrong-wrong~")).await.is_ok());
    assert!(ask(entry(&tenant)).await.is_err());
    // What nobody is asked about is no test.
    assert!(ask(with(entry(&tenant), "clientSecret", "")).await.is_ok());
    assert_eq!(*told.1.lock().unwrap(), [Ended::Tested, Ended::SecretRefused, Ended::NotAdmitted]);
}

/// A counter that does not answer.
struct Silent;

impl Attempts for Silent {
    async fn count(&self, _: &Counter, _: Window, _: Timestamp) -> Result<bool, AttemptsUnavailable> {
        Err(AttemptsUnavailable("no answer".into()))
    }

    async fn forgive(&self, _: &Counter, _: Window, _: Timestamp) -> Result<(), AttemptsUnavailable> {
        Err(AttemptsUnavailable("no answer".into()))
    }
}

#[tokio::test]
async fn nothing_is_tested_that_cannot_be_counted() {
    let world = World::new().await;
    let tenant = world.tenant(1, Scenario::Good);
    let request = http::Request::post("/test-connection")
        .header("content-type", "application/json")
        .body(entry(&tenant).to_string())
        .unwrap();
    let problem =
        test_connection::handle(&world.desk.tester, &Silent, &Limits::default(), &"a".into(), &request).await;
    let answer = problem.unwrap_err().into_response();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()),
        (503, b"5".as_slice())
    );
    assert_eq!(world.simulator.requests().len(), 0);
}
