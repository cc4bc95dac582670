//! What one sync works with: a lease, its state, and the records it writes.

use std::future::Future;

use graph_security::RecordKind;
use jiff::Timestamp;

use crate::schedule::TICK;
use crate::{Connection, ConnectionId, Incoming, StoreError, SyncStatus, Upserted};

/// The right to write for one connection. A later claim's fence is greater and ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose records may be written.
    pub connection: ConnectionId,
    /// Greater with every claim of this connection.
    pub fence: u64,
}

/// What a run asks for when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The run's own clock.
    pub now: Timestamp,
    /// When the lease ends by itself: later than the run's deadline by more than clocks differ.
    pub until: Timestamp,
    /// When this connection is due again.
    pub next_due: Timestamp,
    /// The first tick in the slot that this run is for; `None` for a run that is for no slot.
    pub slot: Option<Timestamp>,
}

impl Claim {
    /// Whether the slot has had its run. An attempt that is yet to come was made by a clock that was ahead.
    #[must_use]
    pub fn is_over(&self, last_attempt: Option<Timestamp>) -> bool {
        let soon = self.now.saturating_add(TICK).unwrap_or(self.now);
        last_attempt.zip(self.slot).is_some_and(|(attempt, slot)| attempt >= slot && attempt <= soon)
    }
}

/// What a run gets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a run")]
pub enum Claimed {
    /// The lease, the connection as it is now and the state of the last run.
    Held {
        /// The right to write.
        lease: Lease,
        /// The connection, read in the same step.
        connection: Connection,
        /// What the last run left; `None` before the first.
        state: Option<SyncState>,
    },
    /// Another run holds it until then.
    Busy {
        /// When that lease ends by itself.
        until: Timestamp,
    },
    /// The slot has had its run.
    Over,
    /// It is pending, paused, being removed, or does not exist: nothing to sync.
    Inactive,
}

/// What is there, seen without the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The connection.
    pub connection: Connection,
    /// What the last run left; `None` before the first.
    pub state: Option<SyncState>,
    /// When it was last claimed.
    pub last_attempt: Option<Timestamp>,
    /// The store's own: it grows with every claim.
    pub fence: u64,
    /// The store's own: the fence of the run that left `state`.
    pub state_fence: Option<u64>,
}

/// What a sync leaves for the next one. The store keeps both texts without reading them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncState {
    /// Where each stream stands (JSON, the engine's).
    pub checkpoint: String,
    /// How the connection is doing, for people (JSON, the engine's).
    pub status: String,
}

/// How a connection is doing: for lists and pages, which need no checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// [`SyncState::status`] of the last run; empty before the first.
    pub status: String,
    /// When a run last began.
    pub last_attempt: Option<Timestamp>,
    /// When it is due, whether or not it is connected.
    pub next_due: Option<Timestamp>,
    /// What is stored of it cannot be read, because somebody has spoilt it; nothing else is said then.
    pub unreadable: bool,
}

impl Progress {
    /// The last run's account; as good as none before the first.
    #[must_use]
    pub fn sync_status(&self) -> SyncStatus {
        SyncStatus::parse(&self.status)
    }
}

/// The store, as a sync works with it.
pub trait SyncStore: Send + Sync {
    /// Takes the lease where it is free or has ended, and in the same single write sets when the
    /// connection is next due and when it was last attempted. `next_due` may be changed by `save`.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn claim(
        &self,
        id: ConnectionId,
        claim: Claim,
    ) -> impl Future<Output = Result<Claimed, StoreError>> + Send;

    /// What is there, without the lease; it may be some seconds old. `None` where there is no such connection.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn look(&self, id: ConnectionId) -> impl Future<Output = Result<Option<Seen>, StoreError>> + Send;

    /// A whole run in one step: claims, writes the state and gives the lease back, where all is still as it was `seen`.
    /// Where it is not, nothing is written: a claim is made, and what it gives is answered. `None` when it is done.
    ///
    /// # Errors
    /// As [`SyncStore::save`].
    fn settle(
        &self,
        seen: &Seen,
        claim: Claim,
        state: &SyncState,
    ) -> impl Future<Output = Result<Option<Claimed>, StoreError>> + Send {
        async move {
            match self.claim(seen.connection.id, claim).await? {
                Claimed::Held { lease, connection, state: held }
                    if connection == seen.connection && held == seen.state =>
                {
                    self.save(&lease, state, None).await?;
                    self.release(&lease).await?;
                    Ok(None)
                }
                other => Ok(Some(other)),
            }
        }
    }

    /// Writes the state, and with `next_due` also when the connection is due again.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was taken by another run, [`StoreError::Gone`] when the
    /// connection was removed; nothing was written then.
    fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Gives the lease back, so that the next run need not wait for its end. Of no effect when it was
    /// taken by another run.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn release(&self, lease: &Lease) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes what [`crate::decide`] says of each record, and answers one [`Upserted`] for each, in
    /// order. When it answers, all of it is durable; when it fails, any part of it may be. Two records
    /// of one id in one call are taken in order.
    ///
    /// # Errors
    /// As [`SyncStore::save`].
    fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> impl Future<Output = Result<Vec<Upserted>, StoreError>> + Send;

    /// What the store holds of the records with these ids, in their order: for the detectors, which
    /// compare without writing.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> impl Future<Output = Result<Vec<Option<crate::StoredVersion>>, StoreError>> + Send;

    /// The state of the last run, without taking the lease.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn state(&self, id: ConnectionId) -> impl Future<Output = Result<Option<SyncState>, StoreError>> + Send;

    /// How a connection is doing; nothing where it does not exist.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn progress(&self, id: ConnectionId) -> impl Future<Output = Result<Progress, StoreError>> + Send;
}
