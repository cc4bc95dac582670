//! Incidents and alerts as the simulator renders them: to measure with rows of a real shape and size.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use defender_sim::{Generator, Outcome, Scenario, Simulator, TenantSpec};
use graph_security::RecordKind;
use http::Request;
use jiff::Timestamp;
use serde_json::Value;

/// The instant at which the samples are taken; all follows from it and from the seed.
pub(crate) fn start() -> Timestamp {
    Timestamp::constant(1_793_610_000, 0)
}

/// So many of the simulator's rows, oldest change first.
pub(crate) fn rows(kind: RecordKind, count: usize) -> anyhow::Result<Vec<Value>> {
    let now = start();
    let simulator = Simulator::new(1, now);
    let incidents = u32::try_from(count)?;
    let generator = Generator { incidents, documented: false, ..Generator::default() };
    let tenant = simulator.add_tenant(TenantSpec::new(1, Scenario::Good).with_generator(generator));
    let token = answer(&simulator, tenant.token_request("https://login.microsoftonline.com")?)?;
    let token = token["access_token"].as_str().context("the simulator gave no token")?.to_owned();
    let mut rows = Vec::with_capacity(count);
    while rows.len() < count {
        let uri = format!(
            "https://graph.microsoft.com{}?$orderby=lastUpdateDateTime%20asc&$top={}&$skip={}",
            kind.path(),
            kind.most_rows(),
            rows.len()
        );
        let request = Request::get(uri).header("authorization", format!("Bearer {token}"));
        let mut page = answer(&simulator, request.body(Bytes::new())?)?;
        let Value::Array(page) = page["value"].take() else { bail!("the simulator gave no page") };
        anyhow::ensure!(!page.is_empty(), "the simulator has {} rows only", rows.len());
        rows.extend(page);
    }
    rows.truncate(count);
    Ok(rows)
}

fn answer(simulator: &Simulator, request: Request<Bytes>) -> anyhow::Result<Value> {
    match simulator.answer(start(), request) {
        Outcome::Answer(response) => Ok(serde_json::from_slice(response.body())?),
        other => bail!("the simulator did not answer: {:?}", other.status()),
    }
}
