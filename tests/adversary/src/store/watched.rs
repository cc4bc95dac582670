//! A store whose every write the checker sees, also those whose answer is then lost.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use graph_http::Clock;
use graph_security::RecordKind;
use incident_store::{
    Claim, Claimed, ConnectionId, Incoming, Lease, Progress, Seen, StoreError, StoredVersion, SyncState,
    SyncStore, Upserted,
};
use jiff::Timestamp;

use super::pass_connections;
use crate::check::Checker;

/// The wrapper.
#[derive(Clone, Debug)]
pub struct Watched<S> {
    /// The store.
    pub inner: S,
    /// Who watches.
    pub checker: Arc<Mutex<Checker>>,
    /// The true time.
    pub clock: Clock,
}

impl<S> Watched<S> {
    async fn through<T>(&self, call: impl Future<Output = T>) -> T {
        call.await
    }
}

pass_connections!(Watched);

impl<S: SyncStore> SyncStore for Watched<S> {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        self.inner.claim(id, claim).await
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        self.inner.look(id).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.inner.save(lease, state, next_due).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release(lease).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        let upserted = self.inner.upsert(lease, kind, records).await?;
        let mut checker = self.checker.lock().unwrap_or_else(PoisonError::into_inner);
        for (incoming, upserted) in records.iter().zip(&upserted) {
            checker.saw(kind, &incoming.record.head, upserted, self.clock.now());
        }
        Ok(upserted)
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        self.inner.versions(connection, kind, ids).await
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        self.inner.state(id).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        self.inner.progress(id).await
    }
}
