//! Tenants for a whole-system test in another language: `cargo run -p soc-anywhere-tests --example simulator -- 200`.
//!
//! A second argument is the address to listen at, in place of 127.0.0.1. Its first line says where it listens and lists one large tenant, as many small ones as were asked for, and one of GCC High. Then
//! it answers each line of standard input with one line of JSON, and ends with standard input.

use std::io::BufRead as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use defender_sim::{Generator, Kind, Simulator, TenantHandle, TenantSpec, serve};
use graph_http::Clock;
use serde_json::{Value, json};

/// Requests kept for counting.
const KEPT: usize = 1_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let small: u64 = arguments.next().context("how many small tenants?")?.parse()?;
    let host = arguments.next().unwrap_or_else(|| "127.0.0.1".to_owned());
    let clock = Clock::system();
    let simulator = Arc::new(Simulator::new(1, clock.now()));
    simulator.keep_requests(KEPT);
    let large = TenantSpec::demo(1).with_generator(Generator::default());
    let few = Generator { incidents: 3, documented: false, ..Generator::default() };
    let specs = (0..small).map(|number| TenantSpec::demo(1000 + number).with_generator(few.clone()));
    let tenants: Vec<Value> =
        std::iter::once(large).chain(specs).map(|spec| shown(&simulator.add_tenant(spec))).collect();
    let listener = tokio::net::TcpListener::bind((host.as_str(), 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let graph = "https://graph.microsoft.us".to_owned();
    let government =
        shown(&simulator.add_tenant(TenantSpec { graph, ..TenantSpec::demo(999).with_generator(few) }));
    println!("{}", json!({ "url": url, "tenants": tenants, "government": government }));
    let server = serve(listener, simulator.clone(), clock.clone());
    let commands = tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lock().lines() {
            simulator.advance(clock.now());
            println!("{}", command(&simulator, &line?)?);
        }
        anyhow::Ok(())
    });
    tokio::select! {
        () = server => Ok(()),
        ended = commands => ended?,
    }
}

fn shown(tenant: &TenantHandle) -> Value {
    json!({ "tenantId": tenant.tenant_id, "clientId": tenant.client_id, "clientSecret": tenant.secret })
}

/// `replace-secret TENANT SECRET`; `records TENANT`: how many there are; `requests`: how many were answered since
/// this was last asked, by what for.
fn command(simulator: &Simulator, line: &str) -> anyhow::Result<Value> {
    let words: Vec<_> = line.split_whitespace().collect();
    match words.as_slice() {
        ["replace-secret", tenant, secret] => {
            simulator.replace_secret(tenant.parse()?, secret);
            simulator.revoke_tokens(tenant.parse()?);
            Ok(json!({}))
        }
        ["records", tenant] => {
            let count = |kind| -> anyhow::Result<usize> {
                let history = simulator.history(tenant.parse()?, kind);
                let ids: std::collections::BTreeSet<_> =
                    history.iter().map(|version| version.id.to_string()).collect();
                Ok(ids.len())
            };
            Ok(json!({ "incidents": count(Kind::Incidents)?, "alerts": count(Kind::Alerts)? }))
        }
        ["requests"] => {
            let requests = simulator.requests();
            simulator.keep_requests(0);
            simulator.keep_requests(KEPT);
            let count = |part: &str| requests.iter().filter(|request| request.target.contains(part)).count();
            Ok(json!({
                "tokens": count("/oauth2/"),
                "incidents": count("/security/incidents"),
                "alerts": count("/security/alerts_v2"),
                "all": requests.len(),
            }))
        }
        _ => bail!("no such command: {line}"),
    }
}
