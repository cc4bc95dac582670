//! A simulator to try things against by hand: one tenant for every scenario.
//!
//! `cargo run -p defender-sim --example tenants -- 8900` (without a port, the system picks one).

use std::sync::Arc;

use anyhow::Context;
use defender_sim::{Generator, Scenario, Simulator, TenantSpec, serve};
use graph_http::Clock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let port: u16 = match std::env::args().nth(1) {
        Some(text) => text.parse().with_context(|| format!("'{text}' is not a port"))?,
        None => 0,
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}\n", listener.local_addr()?);
    println!("{:24} {:36} {:36} secret", "scenario", "tenant", "client");
    let clock = Clock::system();
    let simulator = Arc::new(Simulator::new(1, clock.now()));
    for (seed, (name, scenario)) in Scenario::all().into_iter().enumerate() {
        let spec = TenantSpec::new(seed as u64, scenario).with_generator(Generator::demo());
        let tenant = simulator.add_tenant(spec);
        println!("{name:24} {} {} {}", tenant.tenant_id, tenant.client_id, tenant.secret);
    }
    tokio::select! {
        () = serve(listener, simulator, clock) => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}
