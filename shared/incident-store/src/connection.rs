//! One customer tenant's connection, and the trait that keeps them.

use std::future::Future;
use std::time::Duration;

use graph_auth::Cloud;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ConnectionId, GroupId, StoreError, Timing};

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

/// A connection that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which one, and when.
    pub timing: Timing,
    /// What it belongs to.
    pub group: GroupId,
    /// The day on which the secret ends, where that is known.
    pub secret_expires: Option<Date>,
}

impl Due {
    /// Of a connection with these settings.
    #[must_use]
    pub fn of(
        id: ConnectionId,
        settings: NewConnection,
        next_due: Timestamp,
        last_attempt: Option<Timestamp>,
    ) -> Self {
        let NewConnection { group, interval, secret_expires, .. } = settings;
        Self { timing: Timing { id, interval, next_due, last_attempt }, group, secret_expires }
    }
}

/// What was found, and what was met that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// What was found.
    pub these: Vec<T>,
    /// The ids of connections whose entries cannot be read, because somebody has edited them by hand. They are left
    /// out, so that they keep nobody else's from being found; whoever runs this is to be told of them.
    pub unreadable: Vec<String>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { these: Vec::new(), unreadable: Vec::new() }
    }
}

impl<T> From<Vec<T>> for Found<T> {
    fn from(these: Vec<T>) -> Self {
        Self { these, unreadable: Vec::new() }
    }
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

    /// At most `limit` of a group's connections, in the order of their ids, after the id `after`.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn connections_after(
        &self,
        group: &GroupId,
        after: Option<ConnectionId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Connection>, StoreError>> + Send {
        async move {
            let mut all = self.connections(Some(group)).await?;
            all.retain(|connection| after.is_none_or(|after| connection.id > after));
            all.sort_unstable_by_key(|connection| connection.id);
            all.truncate(limit);
            Ok(all)
        }
    }

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

    /// At most `limit` connected ones whose next sync is due at `now`, the longest expected first.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn due(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Found<Due>, StoreError>> + Send;

    /// At most `limit` connections, oldest first, that were entered before `before` and are pending or being
    /// removed: what interrupted requests have left.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn unfinished(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Found<Connection>, StoreError>> + Send;
}
