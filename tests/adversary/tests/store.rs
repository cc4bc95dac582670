//! The stores that the engine is tried on keep what every store promises.

use adversary::interleave::Gate;
use adversary::store::{Blocking, Faulty, ModelStore, Rates};
use incident_store::conformance;
use incident_store::sqlite::SqliteStore;

#[tokio::test]
async fn the_model_keeps_every_promise_of_a_store() {
    conformance::run(async || ModelStore::default()).await;
}

#[tokio::test]
async fn a_store_whose_faults_are_off_is_the_store() {
    conformance::run(async || Faulty::new(ModelStore::default(), Gate::default(), 1, Rates::default())).await;
}

#[tokio::test]
async fn a_store_that_is_waited_for_is_the_store() {
    conformance::run(async || Blocking { inner: SqliteStore::in_memory().unwrap() }).await;
}
