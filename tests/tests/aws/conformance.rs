//! Every promise of the store and of the vault, on a healthy AWS.

use graph_http::{Clock, HttpsTransport};
use incident_store::conformance;
use lambda_support::Aws;

use crate::desk::Desk;

#[tokio::test]
async fn the_store_keeps_every_promise() {
    let Some(desk) = Desk::new().await else { return };
    Box::pin(conformance::run(async || desk.store().await)).await;
    conformance::run_groups(async || desk.store().await).await;
}

#[tokio::test]
async fn the_vault_keeps_every_promise() {
    let Some(desk) = Desk::new().await else { return };
    let number = std::cell::Cell::new(0);
    let new_vault = async || {
        number.set(number.get() + 1);
        let mut settings = desk.aws.settings();
        settings.stack = Some(format!("test-{}", number.get()));
        Aws::new(&settings, HttpsTransport::new()).unwrap().secrets(Clock::system()).unwrap()
    };
    conformance::run_vault(new_vault).await;
    assert!(number.get() >= 5, "each check has a vault of its own");
}
