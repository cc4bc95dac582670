//! A connection as lists and the page show it: its settings, its health, what was found. No secret.

use std::collections::HashMap;

use connections::ConnectionView;
use graph_auth::Cloud;
use incident_store::health::Health;
use incident_store::{Connection, Connections as _, SetAside, StoreError, SyncStatus, SyncStore as _};
use serde::Serialize;

use crate::desk::Desk;
use crate::text::is_simulated;

/// A connection, how it is doing and what was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    #[serde(flatten)]
    shared: ConnectionView,
    simulated: bool,
    /// The simulator's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// Now minus the instant up to which everything is read.
    pub(crate) lag_seconds: Option<i64>,
    pub(crate) incidents: u64,
    pub(crate) alerts: u64,
    /// What cannot be read, each with its id and its cause.
    pub(crate) set_aside: Vec<SetAside>,
    #[serde(skip)]
    pub(crate) status: SyncStatus,
    #[serde(skip)]
    pub(crate) health: Health,
    #[serde(skip)]
    pub(crate) of: Connection,
}

/// All connections, oldest first.
pub(crate) async fn connections(desk: &Desk) -> Result<Vec<View>, StoreError> {
    let counts = desk.store.counts().await?;
    let counts: HashMap<_, _> =
        counts.into_iter().map(|counts| (counts.connection, (counts.incidents, counts.alerts))).collect();
    let mut views = Vec::new();
    for connection in desk.store.connections(None).await? {
        let (incidents, alerts) = counts.get(&connection.id).copied().unwrap_or_default();
        views.push(view(desk, connection, incidents, alerts).await?);
    }
    Ok(views)
}

async fn view(desk: &Desk, connection: Connection, incidents: u64, alerts: u64) -> Result<View, StoreError> {
    let now = desk.clock.now();
    let progress = desk.store.progress(connection.id).await?;
    let status = progress.sync_status();
    Ok(View {
        shared: ConnectionView::of(connection.clone(), &progress, now),
        simulated: is_simulated(&connection),
        endpoint: match &connection.settings.cloud {
            Cloud::Simulated(origin) => Some(origin.to_string()),
            Cloud::Global | Cloud::GccHigh | Cloud::Dod => None,
        },
        lag_seconds: status.read_up_to.map(|at| now.duration_since(at).as_secs().max(0)),
        incidents,
        alerts,
        set_aside: status.set_aside.clone(),
        status,
        health: Health::of(&connection, &progress, now),
        of: connection,
    })
}
