//! Serves both HTTP functions on loopback, with stores in memory and a simulated tenant, for whoever wants to
//! send them requests:
//!
//! ```text
//! cargo run -p connections --example serve
//! ```
//!
//! It prints one JSON line: the address, and what to enter. It ends with its standard input.

#[path = "server.rs"]
mod server;

use std::io::Read as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use defender_sim::{Scenario, Simulator, TenantSpec};
use graph_auth::{EndpointOverride, PrivateHosts, TestOrigin};
use graph_http::{Clock, HttpsTransport};
use http_api::{Limits, MemoryAttempts, Window};
use incident_store::MemoryVault;
use incident_store::sqlite::SqliteStore;
use test_connection::Tester;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let loopback = (IpAddr::from([127, 0, 0, 1]), 0);
    let (simulated, listener) = (TcpListener::bind(loopback).await?, TcpListener::bind(loopback).await?);
    let clock = Clock::system();
    let simulator = Arc::new(Simulator::new(7, clock.now()));
    let tenant = simulator.add_tenant(TenantSpec::new(7, Scenario::Good));
    let origin = TestOrigin::parse(&format!("http://{}", simulated.local_addr()?), PrivateHosts::Refused)?;
    tokio::spawn(defender_sim::serve(simulated, simulator, clock.clone()));
    // Whoever sends requests by the thousand still meets the limits.
    let window = Window { length: Duration::from_secs(1), most: 50, parameter: None };
    let desk = server::Desk {
        store: SqliteStore::in_memory()?,
        vault: MemoryVault::default(),
        attempts: MemoryAttempts::default(),
        limits: Limits { owner: vec![window], tenant: vec![window], connections: u32::MAX },
        tester: Tester {
            seed: 7,
            ..Tester::new(
                HttpsTransport::new(),
                clock,
                EndpointOverride { login: Some(origin.clone()), graph: Some(origin) },
            )
        },
    };
    println!(
        "{}",
        serde_json::json!({
            "url": format!("http://{}", listener.local_addr()?),
            "tenantId": tenant.tenant_id,
            "clientId": tenant.client_id,
            "clientSecret": tenant.secret,
        })
    );
    tokio::select! {
        () = server::serve(listener, Arc::new(desk)) => {}
        ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())) => {
            ended??;
        }
    }
    Ok(())
}
