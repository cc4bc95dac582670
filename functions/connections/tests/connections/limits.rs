//! How a limit is said.

use defender_sim::Scenario;
use http_api::{Attempts, AttemptsUnavailable, Counter, Limits, Window};
use incident_store::sqlite::SqliteStore;
use jiff::Timestamp;

use crate::support::{A_CENTURY, World, entry};

#[tokio::test]
async fn too_many_tests_are_told_when_again() {
    let limits = Limits { owner: vec![Window { length: A_CENTURY, most: 1 }], tenant: vec![] };
    let world = World::with(limits, SqliteStore::in_memory().unwrap()).await;
    let tenant = world.tenant(1, Scenario::WrongSecret);
    let ask = async || world.send("a", "POST", "/connections", &entry(&tenant)).await;
    ask().await.problem(422, "test-failed");
    let wait: u64 = ask().await.problem(429, "too-many-tests").header("retry-after").parse().unwrap();
    assert!((1..=A_CENTURY.as_secs()).contains(&wait), "{wait}");
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
        test_connection::handle(&world.desk.tester, &Silent, &Limits::default(), "a", &request).await;
    let answer = problem.unwrap_err().into_response();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()),
        (503, b"5".as_slice())
    );
    assert_eq!(world.simulator.requests().len(), 0);
}
