//! A store that works on a thread of its own, waited for without giving way: in paused time a runtime that
//! waits for another thread would take itself for idle and move its clock.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use graph_security::RecordKind;
use incident_store::{
    Claim, Claimed, ConnectionId, Incoming, Lease, Progress, Seen, StoreError, StoredVersion, SyncState,
    SyncStore, Upserted,
};
use jiff::Timestamp;

use super::pass_connections;

/// The wrapper.
#[derive(Debug)]
pub struct Blocking<S> {
    /// The store.
    pub inner: S,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<S> Blocking<S> {
    #[expect(clippy::unused_async, reason = "it stands where a future is expected")]
    async fn through<T>(&self, call: impl Future<Output = T>) -> T {
        // Without tokio's budget, which would otherwise make the call give way for ever.
        let mut call = pin!(tokio::task::unconstrained(call));
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match call.as_mut().poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => std::thread::park(),
            }
        }
    }
}

pass_connections!(Blocking);

impl<S: SyncStore> SyncStore for Blocking<S> {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        self.through(self.inner.claim(id, claim)).await
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        self.through(self.inner.look(id)).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.through(self.inner.save(lease, state, next_due)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.through(self.inner.release(lease)).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        self.through(self.inner.upsert(lease, kind, records)).await
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        self.through(self.inner.versions(connection, kind, ids)).await
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        self.through(self.inner.state(id)).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        self.through(self.inner.progress(id)).await
    }
}
