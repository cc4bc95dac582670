//! A store that keeps of each record only that it was written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graph_security::RecordKind;
use incident_store::{
    Claim, Claimed, Connection, ConnectionId, Connections, Due, Found, GroupId, Incoming, Lease, Lifecycle,
    NewConnection, Progress, Records, Seen, StoreError, StoredVersion, SyncState, SyncStore, Upserted,
};
use jiff::Timestamp;

use crate::store::ModelStore;

/// The store. Leases and states are the model's. A clone is the same store.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    model: Arc<ModelStore>,
    marks: Arc<[Mutex<Vec<bool>>; 2]>,
}

impl Marks {
    pub(super) fn new(incidents: u32, alerts: u32) -> Self {
        let marks = |count: u32| Mutex::new(vec![false; count as usize]);
        Self { model: Arc::default(), marks: Arc::new([marks(incidents), marks(alerts)]) }
    }

    fn marks(&self, kind: RecordKind) -> MutexGuard<'_, Vec<bool>> {
        self.marks[kind as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has(&self, kind: RecordKind, number: u32) -> bool {
        self.marks(kind).get(number as usize).is_some_and(|mark| *mark)
    }

    pub(super) fn count(&self, kind: RecordKind) -> u32 {
        u32::try_from(self.marks(kind).iter().filter(|mark| **mark).count()).unwrap_or(u32::MAX)
    }
}

impl Connections for Marks {
    async fn create(
        &self,
        id: ConnectionId,
        settings: NewConnection,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> Result<Connection, StoreError> {
        self.model.create(id, settings, lifecycle, now).await
    }

    async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        self.model.connection(id).await
    }

    async fn connections(&self, group: Option<&GroupId>) -> Result<Vec<Connection>, StoreError> {
        self.model.connections(group).await
    }

    async fn update(&self, connection: &Connection) -> Result<Connection, StoreError> {
        self.model.update(connection).await
    }

    async fn remove(&self, id: ConnectionId, records: Records) -> Result<(), StoreError> {
        self.model.remove(id, records).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Found<Due>, StoreError> {
        self.model.due(now, limit).await
    }

    async fn unfinished(&self, before: Timestamp, limit: usize) -> Result<Found<Connection>, StoreError> {
        self.model.unfinished(before, limit).await
    }
}

impl SyncStore for Marks {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        self.model.claim(id, claim).await
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        self.model.look(id).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.model.save(lease, state, next_due).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.model.release(lease).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        // The model says whether the lease still holds.
        self.model.upsert(lease, kind, &[]).await?;
        let mut marks = self.marks(kind);
        let written = records.iter().map(|incoming| {
            let number: Option<usize> = incoming.record.head.id.parse().ok();
            let mark = number.and_then(|number| marks.get_mut(number));
            let mark = mark.ok_or_else(|| StoreError::Corrupt("an unknown record".into()))?;
            let known = std::mem::replace(mark, true);
            Ok(if known { Upserted::Unchanged } else { Upserted::Created { revision: 1 } })
        });
        written.collect()
    }

    async fn versions(
        &self,
        _: ConnectionId,
        _: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        Ok(vec![None; ids.len()])
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        self.model.state(id).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        self.model.progress(id).await
    }
}
