//! How a limit is said.

use std::time::Duration;

use defender_sim::Scenario;
use http_api::{Attempts, AttemptsUnavailable, Counter, Limits, Window};
use incident_store::sqlite::SqliteStore;
use jiff::Timestamp;

use crate::support::{World, entry};

#[tokio::test]
async fn too_many_tests_are_told_when_again() {
    let limits = Limits { owner: vec![Window { length: Duration::from_secs(60), most: 1 }], tenant: vec![] };
    let world = World::with(limits, SqliteStore::in_memory().unwrap()).await;
    let tenant = world.tenant(1, Scenario::WrongSecret);
    // A minute may end between the two.
    let mut refused = None;
    for _ in 0..3 {
        let answer = world.send("a", "POST", "/connections", &entry(&tenant)).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    let wait: u64 = refused.problem(429, "too-many-tests").header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
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
