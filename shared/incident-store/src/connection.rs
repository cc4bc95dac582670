//! One customer tenant's connection, and the trait that keeps them.

use std::future::Future;
use std::time::Duration;

use graph_auth::Cloud;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ConnectionId, GroupId, StoreError};

/// Where a connection is in its life. Health is something else: a sync's own account of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Lifecycle {
    /// Entered, its secret not stored yet. Never synced.
    Pending,
    /// Synced whenever it is due.
    Connected,
    /// Kept, not synced.
    Paused,
    /// Being removed: not synced, its records going.
    Removing,
}

/// What a connection is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConnection {
    /// What it belongs to: [`crate::Groups`] says whose that is.
    pub group: GroupId,
    /// What people call it.
    pub name: Option<String>,
    /// Directory (tenant) ID.
    pub tenant_id: Uuid,
    /// Application (client) ID.
    pub client_id: Uuid,
    /// Which Microsoft cloud, or which simulator.
    pub cloud: Cloud,
    /// How far back the first sync goes: everything updated at or after this instant.
    pub since: Timestamp,
    /// How often it is synced.
    pub interval: Duration,
    /// The day on which its secret expires, as the customer chose it.
    pub secret_expires: Option<Date>,
}

/// What the application may do besides reading, as the last test found; `None` where that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Incidents may be changed.
    pub write_back: Option<bool>,
    /// Custom detection rules can be listed.
    pub custom_detections: Option<bool>,
}

/// A stored connection. No secret: secrets are kept elsewhere, under the connection's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its own id.
    pub id: ConnectionId,
    /// What it was made from, as changed since.
    pub settings: NewConnection,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// What the last test found; nothing is known of a new one.
    pub capabilities: Capabilities,
    /// While it is being removed: what becomes of its records.
    pub records: Records,
    /// When it was entered.
    pub created: Timestamp,
    /// Grows with every update, never by a sync. The HTTP API's `ETag`.
    pub version: u64,
}

impl Connection {
    /// One as it is when it was just entered: of version 1, nothing known of what it may do.
    #[must_use]
    pub fn new(id: ConnectionId, settings: NewConnection, lifecycle: Lifecycle, now: Timestamp) -> Self {
        let (capabilities, records) = (Capabilities::default(), Records::default());
        Self { id, settings, lifecycle, capabilities, records, created: now, version: 1 }
    }
}

/// What becomes of a removed connection's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Records {
    /// They go.
    #[default]
    Remove,
    /// They stay readable; nothing is ever written to them again.
    Keep,
}

/// The connections, as an admin changes them.
pub trait Connections: Send + Sync {
    /// Enters a connection under `id`, in `lifecycle`, due at once. Entering the same id with the same
    /// settings again is no error, so that a repeated request is harmless.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the group has a connection for the same tenant and client in the same
    /// cloud (by its name), unless that is removed; [`StoreError::Stale`] when `id` is there with other
    /// settings; [`StoreError::Gone`] when `id` was removed.
    fn create(
        &self,
        id: ConnectionId,
        settings: NewConnection,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> impl Future<Output = Result<Connection, StoreError>> + Send;

    /// One connection, whoever owns it.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn connection(
        &self,
        id: ConnectionId,
    ) -> impl Future<Output = Result<Option<Connection>, StoreError>> + Send;

    /// All connections of `group`, or all there are, oldest first.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn connections(
        &self,
        group: Option<&GroupId>,
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;

    /// Writes a connection that was read at `version`: all but `id` and `created`. It is due at once then,
    /// where it is connected: what kept it from working may be put right.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it has changed since; [`StoreError::Gone`] when it does not exist, is being
    /// removed or was removed; [`StoreError::Duplicate`] as for `create`.
    fn update(&self, connection: &Connection) -> impl Future<Output = Result<Connection, StoreError>> + Send;

    /// Removes a connection. From then on every write for it is refused, a running sync's included.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when it does not exist.
    fn remove(
        &self,
        id: ConnectionId,
        records: Records,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// At most `limit` connected ones whose next sync is due at `now`, the longest due first.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ConnectionId>, StoreError>> + Send;

    /// At most `limit` connections, oldest first, that were entered before `before` and are pending or being
    /// removed: what interrupted requests have left.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn unfinished(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send;
}
