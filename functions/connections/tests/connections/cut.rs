//! Ports that go wrong at one call: before it, after it with its answer lost, or by failing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use connections::Refusal;
use graph_security::RecordKind;
use incident_store::sqlite::SqliteStore;
use incident_store::{
    Claim, Claimed, ClientSecrets, Connection, ConnectionId, Connections, Due, Found, GroupId, Groups,
    Incoming, Lease, Lifecycle, MemoryVault, NewConnection, Progress, Records, SecretError, SecretVault,
    SecretVersion, Seen, StoreError, StoredVersion, SyncState, SyncStore, Upserted,
};
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Notify;

/// What became of a request that was cut: `None` when its process died.
pub(crate) async fn until_cut<T>(
    fuse: &Fuse,
    request: impl Future<Output = Result<T, Refusal>>,
) -> Option<Result<T, Refusal>> {
    tokio::select! {
        biased;
        () = fuse.blown.notified() => None,
        answer = request => Some(answer),
    }
}

/// How the call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    DiesBefore,
    DiesAfter,
    Fails,
    FailsAfter,
    WaitsBefore,
}

/// Burns down with every call to a port.
pub(crate) struct Fuse {
    left: AtomicUsize,
    how: How,
    pub(crate) blown: Notify,
    pub(crate) go_on: Notify,
}

/// A port that goes wrong at the call at which the fuse is down, once.
#[derive(Clone)]
pub(crate) struct Cut<P> {
    pub(crate) port: P,
    pub(crate) fuse: Arc<Fuse>,
}

impl Fuse {
    pub(crate) fn new(calls: usize, how: How) -> Arc<Self> {
        let (blown, go_on) = (Notify::new(), Notify::new());
        Arc::new(Self { left: AtomicUsize::new(calls), how, blown, go_on })
    }

    async fn pass<T, E>(&self, failed: E, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let burn = |left: usize| left.checked_sub(1);
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, burn);
        if left != Ok(1) {
            return call.await;
        }
        match self.how {
            How::DiesBefore => self.die().await,
            How::DiesAfter => {
                let _ = call.await;
                self.die().await
            }
            How::Fails => Err(failed),
            How::FailsAfter => {
                let _ = call.await;
                Err(failed)
            }
            How::WaitsBefore => {
                self.blown.notify_one();
                self.go_on.notified().await;
                call.await
            }
        }
    }

    async fn die<T>(&self) -> T {
        self.blown.notify_one();
        std::future::pending().await
    }

    pub(crate) fn is_down(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }
}

fn store_fails() -> StoreError {
    StoreError::Unavailable("cut".into())
}

fn vault_fails() -> SecretError {
    SecretError::Unavailable("cut".into())
}

impl Connections for Cut<SqliteStore> {
    async fn create(
        &self,
        id: ConnectionId,
        settings: NewConnection,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> Result<Connection, StoreError> {
        self.fuse.pass(store_fails(), self.port.create(id, settings, lifecycle, now)).await
    }

    async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        self.fuse.pass(store_fails(), self.port.connection(id)).await
    }

    async fn connections(&self, group: Option<&GroupId>) -> Result<Vec<Connection>, StoreError> {
        self.fuse.pass(store_fails(), self.port.connections(group)).await
    }

    async fn update(&self, connection: &Connection) -> Result<Connection, StoreError> {
        self.fuse.pass(store_fails(), self.port.update(connection)).await
    }

    async fn remove(&self, id: ConnectionId, records: Records) -> Result<(), StoreError> {
        self.fuse.pass(store_fails(), self.port.remove(id, records)).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Found<Due>, StoreError> {
        self.fuse.pass(store_fails(), self.port.due(now, limit)).await
    }

    async fn unfinished(&self, before: Timestamp, limit: usize) -> Result<Found<Connection>, StoreError> {
        self.fuse.pass(store_fails(), self.port.unfinished(before, limit)).await
    }
}

/// What an admin's requests ask of it is its progress.
impl Groups for Cut<SqliteStore> {
    async fn groups(&self, owner: &str) -> Result<Vec<GroupId>, StoreError> {
        self.fuse.pass(store_fails(), self.port.groups(owner)).await
    }

    async fn home(&self, owner: &str, new: GroupId) -> Result<GroupId, StoreError> {
        self.fuse.pass(store_fails(), self.port.home(owner, new)).await
    }

    async fn owner(&self, group: &GroupId) -> Result<Option<String>, StoreError> {
        self.fuse.pass(store_fails(), self.port.owner(group)).await
    }

    async fn move_to(&self, group: &GroupId, from: &str, to: &str) -> Result<(), StoreError> {
        self.fuse.pass(store_fails(), self.port.move_to(group, from, to)).await
    }
}

impl SyncStore for Cut<SqliteStore> {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        self.fuse.pass(store_fails(), self.port.claim(id, claim)).await
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        self.fuse.pass(store_fails(), self.port.look(id)).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.fuse.pass(store_fails(), self.port.save(lease, state, next_due)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.fuse.pass(store_fails(), self.port.release(lease)).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        self.fuse.pass(store_fails(), self.port.upsert(lease, kind, records)).await
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        self.fuse.pass(store_fails(), self.port.versions(connection, kind, ids)).await
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        self.fuse.pass(store_fails(), self.port.state(id)).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        self.fuse.pass(store_fails(), self.port.progress(id)).await
    }
}

impl ClientSecrets for Cut<MemoryVault> {
    async fn client_secret(&self, id: ConnectionId, fresh: bool) -> Result<SecretString, SecretError> {
        self.fuse.pass(vault_fails(), self.port.client_secret(id, fresh)).await
    }
}

impl SecretVault for Cut<MemoryVault> {
    async fn stage(
        &self,
        id: ConnectionId,
        version: SecretVersion,
        secret: SecretString,
    ) -> Result<(), SecretError> {
        self.fuse.pass(vault_fails(), self.port.stage(id, version, secret)).await
    }

    async fn promote(&self, id: ConnectionId, version: SecretVersion) -> Result<(), SecretError> {
        self.fuse.pass(vault_fails(), self.port.promote(id, version)).await
    }

    async fn discard(&self, id: ConnectionId, version: SecretVersion) -> Result<(), SecretError> {
        self.fuse.pass(vault_fails(), self.port.discard(id, version)).await
    }

    async fn remove(&self, id: ConnectionId) -> Result<(), SecretError> {
        self.fuse.pass(vault_fails(), self.port.remove(id)).await
    }
}
