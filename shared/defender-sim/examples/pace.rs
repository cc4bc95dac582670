//! How long an answer takes, in a tenant of two thousand incidents.
//!
//! `cargo run -p defender-sim --example pace`

use std::hint::black_box;
use std::time::Instant;

use anyhow::Context;
use bytes::Bytes;
use defender_sim::{Generator, Outcome, Scenario, Simulator, TenantSpec};
use http::Request;
use jiff::{SignedDuration, Timestamp};

const REQUESTS: u32 = 5000;

fn main() -> anyhow::Result<()> {
    let now = Timestamp::now();
    let simulator = Simulator::new(1, now);
    let started = Instant::now();
    let generator = Generator { incidents: 2000, ..Generator::default() };
    let tenant = simulator.add_tenant(TenantSpec::new(1, Scenario::Good).with_generator(generator));
    println!("made in {} ms", started.elapsed().as_millis());
    let request = tenant.token_request("https://login.microsoftonline.com")?;
    let Outcome::Answer(response) = simulator.answer(now, request) else {
        anyhow::bail!("no token");
    };
    let body: serde_json::Value = serde_json::from_slice(response.body())?;
    let authorization = format!("Bearer {}", body["access_token"].as_str().context("no token")?);
    let later = now + SignedDuration::from_hours(1);
    let later = later.strftime("%Y-%m-%dT%H:%M:%SZ");
    for query in [
        format!(
            "incidents?$filter=lastUpdateDateTime%20ge%20{later}&$orderby=lastUpdateDateTime%20asc&$top=50"
        ),
        "incidents?$orderby=lastUpdateDateTime%20asc&$top=50".to_owned(),
        "incidents?$top=1&$select=id,lastUpdateDateTime".to_owned(),
        "alerts_v2?$top=100".to_owned(),
    ] {
        let request = Request::get(format!("https://graph.microsoft.com/v1.0/security/{query}"))
            .header("authorization", &authorization)
            .header("prefer", "include-unknown-enum-members")
            .body(Bytes::new())?;
        let started = Instant::now();
        for _ in 0..REQUESTS {
            black_box(simulator.answer(now, request.clone()));
        }
        println!("{:>7.1} us  {query}", (started.elapsed() / REQUESTS).as_secs_f64() * 1e6);
    }
    Ok(())
}
