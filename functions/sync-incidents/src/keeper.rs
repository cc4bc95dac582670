//! Writes for one run, all under its lease; and none for a look.

use graph_security::RecordKind;
use incident_store::{
    Change, ConnectionId, Incoming, Lease, StoreError, SyncState, SyncStatus, SyncStore, Upserted, decide,
};
use jiff::Timestamp;

use crate::checkpoint::Checkpoint;
use crate::ended::Stop;
use crate::plan::Plan;

/// A run's hand on the store.
pub(crate) struct Keeper<'a, S> {
    store: &'a S,
    right: Right,
    /// What the plans looked like when they were last written.
    kept: u64,
    /// The status as it was when the run began; the run's end writes the new one.
    status: String,
}

/// What may be written.
enum Right {
    /// All that a run writes.
    Lease(Lease),
    /// Nothing: what is to be written ends a look at this connection.
    Look(ConnectionId),
}

impl<'a, S: SyncStore> Keeper<'a, S> {
    pub(crate) fn new(store: &'a S, lease: Lease, status: String) -> Self {
        Self { store, right: Right::Lease(lease), kept: 0, status }
    }

    pub(crate) fn looking(store: &'a S, connection: ConnectionId) -> Self {
        Self { store, right: Right::Look(connection), kept: 0, status: String::new() }
    }

    pub(crate) async fn upsert(&self, kind: RecordKind, records: &[Incoming]) -> Result<Vec<Upserted>, Stop> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        match &self.right {
            Right::Lease(lease) => Ok(self.store.upsert(lease, kind, records).await?),
            Right::Look(connection) => self.compare(*connection, kind, records).await,
        }
    }

    /// What is stored is left as it is. Bodies whose bytes differ are left to a sync to be compared.
    async fn compare(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, Stop> {
        let ids: Vec<String> = records.iter().map(|incoming| incoming.record.head.id.clone()).collect();
        let stored = self.store.versions(connection, kind, &ids).await?;
        let is_known = |(incoming, stored): (&Incoming, &Option<_>)| {
            decide(stored.as_ref(), incoming, || false) == Change::Unchanged
        };
        let all = records.iter().zip(&stored).all(is_known);
        if all { Ok(vec![Upserted::Unchanged; records.len()]) } else { Err(Stop::News) }
    }

    /// Writes the checkpoint when the plans have changed.
    pub(crate) async fn keep<P: Plan>(&mut self, checkpoint: &Checkpoint<P>) -> Result<(), Stop> {
        if checkpoint.changes() == self.kept { Ok(()) } else { self.keep_now(checkpoint).await }
    }

    /// Writes the checkpoint.
    pub(crate) async fn keep_now<P: Plan>(&mut self, checkpoint: &Checkpoint<P>) -> Result<(), Stop> {
        if matches!(self.right, Right::Look(_)) {
            return Err(Stop::News);
        }
        self.write(checkpoint, None).await?;
        self.kept = checkpoint.changes();
        Ok(())
    }

    /// Whether this run has written a checkpoint.
    pub(crate) fn has_kept(&self) -> bool {
        self.kept != 0
    }

    /// Writes the checkpoint and the status of a run's end.
    pub(crate) async fn finish<P: Plan>(
        &mut self,
        checkpoint: &Checkpoint<P>,
        status: &SyncStatus,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.status = to_json(status)?;
        self.write(checkpoint, next_due).await
    }

    /// Writes the checkpoint of a run that may ask nothing before `next_due`.
    pub(crate) async fn put_off<P: Plan>(
        &self,
        checkpoint: &Checkpoint<P>,
        next_due: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(checkpoint, Some(next_due)).await
    }

    async fn write<P: Plan>(
        &self,
        checkpoint: &Checkpoint<P>,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let Right::Lease(lease) = &self.right else { return Ok(()) };
        let state = SyncState { checkpoint: to_json(checkpoint)?, status: self.status.clone() };
        self.store.save(lease, &state, next_due).await
    }

    /// What a run's end writes.
    pub(crate) fn state<P: Plan>(
        checkpoint: &Checkpoint<P>,
        status: &SyncStatus,
    ) -> Result<SyncState, StoreError> {
        Ok(SyncState { checkpoint: to_json(checkpoint)?, status: to_json(status)? })
    }

    pub(crate) async fn release(&self) -> Result<(), StoreError> {
        match &self.right {
            Right::Lease(lease) => self.store.release(lease).await,
            Right::Look(_) => Ok(()),
        }
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}
