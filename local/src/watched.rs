//! The store as a sync sees it, watched: what comes in is counted while it comes in, a lease that an
//! interrupted sync leaves behind can be given back, and one that a killed process left is taken over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graph_security::RecordKind;
use incident_store::sqlite::SqliteStore;
use incident_store::{
    Claim, Claimed, Connection, ConnectionId, Connections, Due, Found, GroupId, Incoming, Lease, Lifecycle,
    NewConnection, Records, StoreError, StoredVersion, SyncState, SyncStore, Upserted,
};
use jiff::Timestamp;

use crate::alive::Alive;

/// A store that tells what is being written to it. A clone watches the same.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    store: SqliteStore,
    seen: Arc<Mutex<Seen>>,
    /// Where the file system has no locks there is none.
    alive: Arc<Option<Alive>>,
}

#[derive(Debug, Default)]
struct Seen {
    leases: HashMap<ConnectionId, Lease>,
    progress: HashMap<ConnectionId, Progress>,
}

/// How much one connection's syncs have read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Incidents, unchanged ones included.
    pub(crate) incidents: u64,
    /// Alerts, unchanged ones included.
    pub(crate) alerts: u64,
    /// Records that were really written.
    pub(crate) written: u64,
}

impl Watched {
    pub(crate) fn new(store: SqliteStore, alive: Option<Alive>) -> Self {
        Self { store, seen: Arc::default(), alive: Arc::new(alive) }
    }

    /// How much has come in for a connection.
    pub(crate) fn progress(&self, id: ConnectionId) -> Progress {
        self.seen().progress.get(&id).copied().unwrap_or_default()
    }

    /// Gives back all leases that are held. The syncs that hold them must have been dropped: their next
    /// write would be refused.
    pub(crate) async fn release_all(&self) -> Result<(), StoreError> {
        let leases: Vec<_> = self.seen().leases.drain().collect();
        for (_, lease) in leases {
            self.store.release(&lease).await?;
        }
        Ok(())
    }

    /// Whether a connection's lease is neither ours nor that of another process that is there.
    async fn is_left_behind(&self, id: ConnectionId) -> bool {
        if self.seen().leases.contains_key(&id) {
            return false;
        }
        let alive = self.alive.clone();
        let alone = move || Option::as_ref(&alive).is_some_and(Alive::is_alone);
        tokio::task::spawn_blocking(alone).await.unwrap_or(false)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections for Watched {
    async fn create(
        &self,
        id: ConnectionId,
        settings: NewConnection,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> Result<Connection, StoreError> {
        self.store.create(id, settings, lifecycle, now).await
    }

    async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        self.store.connection(id).await
    }

    async fn connections(&self, group: Option<&GroupId>) -> Result<Vec<Connection>, StoreError> {
        self.store.connections(group).await
    }

    async fn update(&self, connection: &Connection) -> Result<Connection, StoreError> {
        self.store.update(connection).await
    }

    async fn remove(&self, id: ConnectionId, records: Records) -> Result<(), StoreError> {
        self.store.remove(id, records).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Found<Due>, StoreError> {
        self.store.due(now, limit).await
    }

    async fn unfinished(&self, before: Timestamp, limit: usize) -> Result<Found<Connection>, StoreError> {
        self.store.unfinished(before, limit).await
    }
}

impl SyncStore for Watched {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        let mut claimed = self.store.claim(id, claim).await?;
        if let Claimed::Busy { until } = claimed
            && self.is_left_behind(id).await
        {
            // As if its time had come.
            claimed = self.store.claim(id, Claim { now: until.max(claim.now), ..claim }).await?;
        }
        if let Claimed::Held { lease, .. } = &claimed {
            self.seen().leases.insert(id, lease.clone());
        }
        Ok(claimed)
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<incident_store::Seen>, StoreError> {
        self.store.look(id).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.store.save(lease, state, next_due).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.seen().leases.remove(&lease.connection);
        self.store.release(lease).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        let upserted = self.store.upsert(lease, kind, records).await?;
        let written =
            |upserted: &&Upserted| matches!(upserted, Upserted::Created { .. } | Upserted::Updated { .. });
        let mut seen = self.seen();
        let progress = seen.progress.entry(lease.connection).or_default();
        let read = match kind {
            RecordKind::Incident => &mut progress.incidents,
            RecordKind::Alert => &mut progress.alerts,
        };
        *read += upserted.len() as u64;
        progress.written += upserted.iter().filter(written).count() as u64;
        drop(seen);
        Ok(upserted)
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        self.store.versions(connection, kind, ids).await
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        self.store.state(id).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<incident_store::Progress, StoreError> {
        self.store.progress(id).await
    }
}
