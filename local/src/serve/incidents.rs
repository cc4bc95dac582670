//! Incidents for the page.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use incident_store::sqlite::{IncidentFilter, Page, Position, StoredRecord};
use incident_store::{ConnectionId, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Duration;

use super::app::App;
use super::problem::Problem;

/// Rows of a page of the list, unless asked otherwise.
const ROWS: usize = 50;

/// The page reads what it shows anew every few seconds, so it may ask for some pages at once.
const MOST_ROWS: usize = 500;

/// An incident rarely has more alerts; the rest is read page by page.
const ALERTS: usize = 200;

/// Bars that fit on a screen.
const MOST_BARS: u64 = 400;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListQuery {
    connection: Option<ConnectionId>,
    /// With commas between them.
    status: Option<String>,
    /// With commas between them.
    severity: Option<String>,
    text: Option<String>,
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    items: Vec<Row>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    connection: ConnectionId,
    id: String,
    title: Option<String>,
    status: Option<String>,
    severity: Option<String>,
    classification: Option<String>,
    assigned_to: Option<String>,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    redirected_to: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<List>, Problem> {
    let Query(query) = query?;
    let words = |list: Option<String>| -> Vec<String> {
        let list = list.unwrap_or_default();
        list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let filter = IncidentFilter {
        connection: query.connection,
        status: words(query.status),
        severity: words(query.severity),
        text: query.text.filter(|text| !text.trim().is_empty()).map(|text| text.trim().to_owned()),
        ..IncidentFilter::default()
    };
    let limit = query.limit.unwrap_or(ROWS).clamp(1, MOST_ROWS);
    let after = query.after.as_deref().map(position).transpose()?;
    let records = app.desk.store.incidents(&filter, &Page { limit, after }).await?;
    let next = next_of(&records, limit)?;
    Ok(Json(List { items: records.into_iter().map(row).collect(), next }))
}

fn row(record: StoredRecord) -> Row {
    let head = record.head;
    Row {
        connection: record.connection,
        id: head.id,
        title: head.title,
        status: head.status,
        severity: head.severity,
        classification: head.classification,
        assigned_to: head.assigned_to,
        created: head.created,
        updated: head.updated,
        redirected_to: head.redirect_incident_id,
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Opened {
    connection: ConnectionId,
    /// As Graph sent it.
    incident: Box<RawValue>,
    /// The incident that this one was merged into at last; itself where it was not.
    home: Option<String>,
    /// The incidents that were merged into this one.
    merged: Vec<String>,
    first_seen: Timestamp,
    revision: u64,
    #[serde(flatten)]
    alerts: Alerts,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alerts {
    /// As Graph sent them; those of the incidents that were merged into this one included.
    alerts: Vec<Box<RawValue>>,
    next: Option<String>,
}

pub(super) async fn one(
    State(app): State<App>,
    at: Result<Path<(ConnectionId, String)>, PathRejection>,
) -> Result<Json<Opened>, Problem> {
    let Path((connection, id)) = at?;
    let store = &app.desk.store;
    let record = store.incident(connection, &id).await?.ok_or_else(Problem::not_found)?;
    let home = store.home_of(connection, &id).await?;
    let merged = store.merged_into(connection, &id).await?;
    let alerts = alerts_page(&app, connection, &id, None).await?;
    Ok(Json(Opened {
        connection,
        first_seen: record.first_seen,
        revision: record.revision,
        incident: raw(record)?,
        home,
        merged,
        alerts,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertsQuery {
    after: String,
}

pub(super) async fn alerts(
    State(app): State<App>,
    at: Result<Path<(ConnectionId, String)>, PathRejection>,
    query: Result<Query<AlertsQuery>, QueryRejection>,
) -> Result<Json<Alerts>, Problem> {
    let Path((connection, id)) = at?;
    let Query(query) = query?;
    let after = position(&query.after)?;
    Ok(Json(alerts_page(&app, connection, &id, Some(after)).await?))
}

async fn alerts_page(
    app: &App,
    connection: ConnectionId,
    id: &str,
    after: Option<Position>,
) -> Result<Alerts, Problem> {
    let page = Page { limit: ALERTS, after };
    let records = app.desk.store.alerts_of(connection, id, &page).await?;
    let next = next_of(&records, ALERTS)?;
    Ok(Alerts { alerts: records.into_iter().map(raw).collect::<Result<_, _>>()?, next })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ChartQuery {
    connection: Option<ConnectionId>,
    since: Timestamp,
    until: Timestamp,
    width_seconds: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bar {
    start: Timestamp,
    severity: Option<String>,
    incidents: u64,
}

pub(super) async fn chart(
    State(app): State<App>,
    query: Result<Query<ChartQuery>, QueryRejection>,
) -> Result<Json<Vec<Bar>>, Problem> {
    let Query(query) = query?;
    let span = u64::try_from(query.until.duration_since(query.since).as_secs()).unwrap_or(0);
    if query.width_seconds == 0 || span == 0 || span / query.width_seconds > MOST_BARS {
        return Err(Problem::target(format!("Ask for 1 to {MOST_BARS} bars.")));
    }
    let width = Duration::from_secs(query.width_seconds);
    let buckets =
        app.desk.store.incidents_over_time(query.connection, query.since, query.until, width).await?;
    let bar = |bucket: incident_store::sqlite::Bucket| Bar {
        start: bucket.start,
        severity: bucket.severity,
        incidents: bucket.incidents,
    };
    Ok(Json(buckets.into_iter().map(bar).collect()))
}

fn raw(record: StoredRecord) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(record.raw).map_err(|_| StoreError::Corrupt("a record is not JSON".into()).into())
}

fn position(text: &str) -> Result<Position, Problem> {
    serde_json::from_str(text).map_err(|_| Problem::target("`after` is not a `next` of this API."))
}

/// A full page has a next one, which may be empty.
fn next_of(records: &[StoredRecord], limit: usize) -> Result<Option<String>, Problem> {
    let last = records.last().filter(|_| records.len() == limit);
    let text = last.map(|last| serde_json::to_string(&last.position())).transpose();
    text.map_err(|_| StoreError::Corrupt("a position cannot be written".into()).into())
}
