//! An emulated AWS with connections in it, and the simulated tenants that they lead to; for measuring the bootstraps:
//! `cargo run -p soc-anywhere-tests --example seeded -- 40`, with the variables that tests/run.sh sets.
//!
//! It prints one line of JSON and ends with standard input.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use defender_sim::{Generator, Simulator, TenantSpec, serve};
use graph_auth::Cloud;
use graph_http::{Clock, HttpsTransport};
use incident_store::{
    ConnectionId, Connections as _, Lifecycle, NewConnection, SecretVault as _, SecretVersion,
};
use jiff::SignedDuration;
use lambda_support::{Aws, AwsSettings};
use serde_json::json;
use soc_anywhere_tests::emulators::Emulators;
use soc_anywhere_tests::table;
use uuid::Uuid;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let count: u64 = std::env::args().nth(1).context("how many connections?")?.parse()?;
    let emulators = Emulators::from_env()?.context("there is no emulator")?;
    let aws = emulators.ministack().await?;
    let settings = AwsSettings { table: Some("incidents".into()), ..aws.settings() };
    let clients = Aws::new(&settings, HttpsTransport::new())?;
    table::create(&clients.dynamodb(), "incidents").await?;
    let (store, secrets) = (clients.store()?, clients.secrets(Clock::system())?);

    let clock = Clock::system();
    let now = clock.now();
    let simulator = Arc::new(Simulator::new(1, now));
    let few = Generator { incidents: 3, documented: false, ..Generator::default() };
    let mut ids = Vec::new();
    let mut tenants = Vec::new();
    for number in 0..count {
        let entered = simulator.add_tenant(TenantSpec::demo(1000 + number).with_generator(few.clone()));
        let id = ConnectionId::new(now, u128::from(number).to_be_bytes()[6..].try_into()?);
        let connection = NewConnection {
            group: "one".into(),
            name: None,
            tenant_id: entered.tenant_id,
            client_id: entered.client_id,
            cloud: Cloud::Global,
            since: now - SignedDuration::from_hours(30 * 24),
            interval: Duration::from_secs(60),
            secret_expires: None,
        };
        store.create(id, connection, Lifecycle::Connected, now).await?;
        let version = SecretVersion(Uuid::from_u128(1));
        secrets.stage(id, version, entered.secret.clone().into()).await?;
        secrets.promote(id, version).await?;
        ids.push(id.to_string());
        tenants.push(json!({
            "tenantId": entered.tenant_id,
            "clientId": entered.client_id,
            "clientSecret": entered.secret,
        }));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let seeded = json!({
        "aws": settings.endpoint,
        "origin": format!("http://{}", listener.local_addr()?),
        "connections": ids,
        "tenants": tenants,
    });
    println!("{seeded}");
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        () = serve(listener, simulator, clock) => {}
        ended = ended => drop(ended?),
    }
    Ok(())
}
