//! One page, from the answer's bytes to what is to be done with each record, or on to the store; for callgrind, and
//! so without anything else: the difference between two counts of repetitions is what one costs.

use std::hint::black_box;

use anyhow::{bail, ensure};
use bytes::Bytes;
use clap::ValueEnum;
use graph_auth::Cloud;
use graph_http::Answer;
use graph_security::{Page, RecordKind, parse_page};
use http::{HeaderMap, HeaderValue, StatusCode};
use incident_store::sqlite::SqliteStore;
use incident_store::{
    Change, Claim, Claimed, ConnectionId, Connections as _, Incoming, Lease, Lifecycle, NewConnection,
    StoredVersion, SyncStore as _, Upserted, decide, fingerprint,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::samples;

/// Which page.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Case {
    /// 50 incidents that the store has not
    Incidents,
    /// 50 that it has
    IncidentsKnown,
    /// 100 alerts that the store has not
    Alerts,
    /// 100 that it has
    AlertsKnown,
    /// 100 alerts of 1.2 MB that the store has not
    Large,
    /// The same, which it has
    LargeKnown,
    /// 100 alerts that the store has not, and into `SQLite` with them
    AlertsStored,
    /// 100 that it has, asked of `SQLite`
    AlertsStoredKnown,
}

/// Takes the page so many times; prints its rows and bytes.
pub(crate) async fn run(case: Case, times: u32) -> anyhow::Result<()> {
    let (kind, known) = match case {
        Case::Incidents => (RecordKind::Incident, false),
        Case::IncidentsKnown => (RecordKind::Incident, true),
        Case::Alerts | Case::Large | Case::AlertsStored => (RecordKind::Alert, false),
        Case::AlertsKnown | Case::LargeKnown | Case::AlertsStoredKnown => (RecordKind::Alert, true),
    };
    let mut rows = samples::rows(kind, kind.most_rows().into())?;
    if matches!(case, Case::Large | Case::LargeKnown) {
        enlarge(&mut rows, 1_200_000)?;
    }
    let body = Bytes::from(json!({ "value": rows }).to_string());
    let mut headers = HeaderMap::new();
    headers.insert("date", HeaderValue::from_static("Mon, 02 Nov 2026 09:00:00 GMT"));
    let answer = Answer { status: StatusCode::OK, headers, body };
    println!("{} rows, {} bytes", rows.len(), answer.body.len());
    match case {
        Case::AlertsStored | Case::AlertsStoredKnown => store(&answer, kind, known, times).await,
        _ => decided(&answer, kind, known, times),
    }
}

/// Gives the rows more evidence of their own until all of them have so many bytes.
fn enlarge(rows: &mut [Value], bytes: usize) -> anyhow::Result<()> {
    let once = rows.to_vec();
    let mut all = json!({ "value": rows }).to_string().len();
    while all < bytes {
        for (row, once) in rows.iter_mut().zip(&once) {
            let (Value::Array(evidence), Value::Array(more)) = (&mut row["evidence"], &once["evidence"])
            else {
                bail!("an alert without evidence");
            };
            if all < bytes {
                all += once["evidence"].to_string().len();
                evidence.extend(more.iter().cloned());
            }
        }
    }
    Ok(())
}

fn parse(answer: &Answer, kind: RecordKind) -> anyhow::Result<Page> {
    Ok(parse_page(black_box(answer), &Cloud::Global.endpoints(), kind)?)
}

fn decided(answer: &Answer, kind: RecordKind, known: bool, times: u32) -> anyhow::Result<()> {
    let version = |record: graph_security::Record| {
        let fingerprint = fingerprint(&record.raw);
        StoredVersion { head: record.head, answered: samples::start(), fingerprint, revision: 1 }
    };
    let stored: Vec<_> =
        parse(answer, kind)?.records.into_iter().map(|record| known.then(|| version(record))).collect();
    for _ in 0..times {
        let page = parse(answer, kind)?;
        let answered = page.date.unwrap_or(samples::start());
        for (record, stored) in page.records.into_iter().zip(&stored) {
            let incoming = Incoming { record, answered, is_dated: true, over: None };
            let change = decide(stored.as_ref(), &incoming, || false);
            ensure!(known == (change == Change::Unchanged), "{change:?}");
            if !known {
                // What is written is written with its fingerprint.
                black_box(fingerprint(&incoming.record.raw));
            }
        }
    }
    Ok(())
}

/// What is new is new each time: to a connection of its own.
async fn store(answer: &Answer, kind: RecordKind, known: bool, times: u32) -> anyhow::Result<()> {
    let store = SqliteStore::in_memory()?;
    let mut lease = claim(&store, 0).await?;
    let upsert = async |lease: &Lease| -> anyhow::Result<Vec<Upserted>> {
        let page = parse(answer, kind)?;
        let answered = page.date.unwrap_or(samples::start());
        let incoming: Vec<_> = page
            .records
            .into_iter()
            .map(|record| Incoming { record, answered, is_dated: true, over: None })
            .collect();
        Ok(store.upsert(lease, kind, &incoming).await?)
    };
    upsert(&lease).await?;
    for number in 1..=times {
        if !known {
            lease = claim(&store, number).await?;
        }
        let upserted = upsert(&lease).await?;
        ensure!(upserted.iter().all(|one| known == (*one == Upserted::Unchanged)), "{upserted:?}");
    }
    Ok(())
}

async fn claim(store: &SqliteStore, number: u32) -> anyhow::Result<Lease> {
    let now = samples::start();
    let id = ConnectionId::new(now, u128::from(number).to_be_bytes()[6..].try_into()?);
    let settings = NewConnection {
        group: "one".into(),
        name: None,
        tenant_id: Uuid::from_u128(number.into()),
        client_id: Uuid::from_u128(1),
        cloud: Cloud::Global,
        since: now - SignedDuration::from_hours(24),
        interval: std::time::Duration::from_secs(60),
        secret_expires: None,
    };
    store.create(id, settings, Lifecycle::Connected, now).await?;
    let hour = SignedDuration::from_hours(1);
    match store.claim(id, Claim { now, until: now + hour, next_due: now + hour, slot: None }).await? {
        Claimed::Held { lease, .. } => Ok(lease),
        other => bail!("{other:?}"),
    }
}
