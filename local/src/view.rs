//! A connection as lists and the page show it: its settings, its health, what was found. No secret.

use graph_auth::Cloud;
use incident_store::{Connection, ConnectionId, Lifecycle, StoreError, SyncStatus, SyncStore as _};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use crate::desk::Desk;
use crate::health::{self, Health};
use crate::text::is_simulated;

/// A connection and how it is doing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionView {
    id: ConnectionId,
    name: Option<String>,
    tenant_id: Uuid,
    client_id: Uuid,
    cloud: &'static str,
    simulated: bool,
    /// The simulator's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    lifecycle: Lifecycle,
    created: Timestamp,
    since: Timestamp,
    interval_seconds: u64,
    secret_expires: Option<Date>,
    pub(crate) health: Health,
    /// Now minus the instant up to which everything is read.
    pub(crate) lag_seconds: Option<i64>,
    pub(crate) incidents: u64,
    pub(crate) alerts: u64,
    pub(crate) status: SyncStatus,
    #[serde(skip)]
    pub(crate) of: Connection,
}

/// All connections, oldest first.
pub(crate) async fn connections(desk: &Desk) -> Result<Vec<ConnectionView>, StoreError> {
    use incident_store::Connections as _;
    let counts = desk.store.counts().await?;
    let mut views = Vec::new();
    for connection in desk.store.connections(None).await? {
        let counted = counts.iter().find(|counts| counts.connection == connection.id);
        let (incidents, alerts) = counted.map_or((0, 0), |counts| (counts.incidents, counts.alerts));
        let state = desk.store.state(connection.id).await?;
        let status = state.map(|state| SyncStatus::parse(&state.status)).unwrap_or_default();
        views.push(view(connection, status, (incidents, alerts), desk.clock.now()));
    }
    Ok(views)
}

fn view(
    connection: Connection,
    status: SyncStatus,
    (incidents, alerts): (u64, u64),
    now: Timestamp,
) -> ConnectionView {
    let settings = connection.settings.clone();
    ConnectionView {
        id: connection.id,
        name: settings.name,
        tenant_id: settings.tenant_id,
        client_id: settings.client_id,
        cloud: settings.cloud.name(),
        simulated: is_simulated(&connection),
        endpoint: match &settings.cloud {
            Cloud::Simulated(origin) => Some(origin.to_string()),
            Cloud::Global | Cloud::GccHigh | Cloud::Dod => None,
        },
        lifecycle: connection.lifecycle,
        created: connection.created,
        since: settings.since,
        interval_seconds: settings.interval.as_secs(),
        secret_expires: settings.secret_expires,
        health: health::of(&connection, &status, now),
        lag_seconds: status.read_up_to.map(|at| now.duration_since(at).as_secs().max(0)),
        incidents,
        alerts,
        status,
        of: connection,
    }
}
