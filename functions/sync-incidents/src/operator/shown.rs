//! One connection as an operator sees it.

use incident_store::{Capabilities, Connection, ConnectionId, Health, Lifecycle, Progress, SyncStatus};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// A connection, whose it is, and how it is doing. Never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    connection: ConnectionId,
    owner: String,
    group: String,
    name: Option<String>,
    tenant_id: String,
    client_id: String,
    cloud: &'static str,
    since: Timestamp,
    interval_seconds: u64,
    secret_expires: Option<Date>,
    lifecycle: Lifecycle,
    capabilities: Capabilities,
    created: Timestamp,
    version: u64,
    /// In one word, with cause and remedy.
    pub health: Health,
    last_attempt: Option<Timestamp>,
    next_due: Option<Timestamp>,
    /// What its last sync has left.
    pub status: SyncStatus,
}

impl Shown {
    /// `owner`'s `connection` as it is doing at `now`.
    #[must_use]
    pub fn of(connection: &Connection, owner: String, progress: &Progress, now: Timestamp) -> Self {
        let settings = &connection.settings;
        Self {
            connection: connection.id,
            group: settings.group.to_string(),
            owner,
            name: settings.name.clone(),
            tenant_id: settings.tenant_id.to_string(),
            client_id: settings.client_id.to_string(),
            cloud: settings.cloud.name(),
            since: settings.since,
            interval_seconds: settings.interval.as_secs(),
            secret_expires: settings.secret_expires,
            lifecycle: connection.lifecycle,
            capabilities: connection.capabilities,
            created: connection.created,
            version: connection.version,
            health: Health::of(connection, progress, now),
            last_attempt: progress.last_attempt,
            next_due: progress.next_due.filter(|_| connection.lifecycle == Lifecycle::Connected),
            status: progress.sync_status(),
        }
    }
}
