//! Writes for one run, all under its lease.

use graph_security::RecordKind;
use incident_store::{Incoming, Lease, StoreError, SyncState, SyncStatus, SyncStore, Upserted};
use jiff::Timestamp;

use crate::checkpoint::Checkpoint;
use crate::plan::Plan;

/// A run's hand on the store.
pub(crate) struct Keeper<'a, S> {
    store: &'a S,
    lease: Lease,
    /// What the plans looked like when they were last written.
    kept: u64,
    /// The status as it was when the run began; the run's end writes the new one.
    status: String,
}

impl<'a, S: SyncStore> Keeper<'a, S> {
    pub(crate) fn new(store: &'a S, lease: Lease, status: String) -> Self {
        Self { store, lease, kept: 0, status }
    }

    pub(crate) async fn upsert(
        &self,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.store.upsert(&self.lease, kind, records).await
    }

    /// Writes the checkpoint when the plans have changed.
    pub(crate) async fn keep<P: Plan>(&mut self, checkpoint: &Checkpoint<P>) -> Result<(), StoreError> {
        let changes = checkpoint.changes();
        if changes != self.kept {
            self.write(checkpoint, None).await?;
            self.kept = changes;
        }
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
        let state = SyncState { checkpoint: to_json(checkpoint)?, status: self.status.clone() };
        self.store.save(&self.lease, &state, next_due).await
    }

    pub(crate) async fn release(&self) -> Result<(), StoreError> {
        self.store.release(&self.lease).await
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}
