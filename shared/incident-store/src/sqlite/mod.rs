//! The embedded store: one SQLite file that any SQLite tool can open, and that several processes may use
//! at once.
//!
//! Its tables are described in `migrations/1.sql`. The traits are what a sync needs; [`SqliteStore`]'s own
//! methods are for reading what has come in, page by page.

mod alerts;
mod connections;
mod error;
mod groups;
mod lease;
mod migrate;
mod open;
mod overview;
mod query;
mod read;
mod records;
mod row;
mod upsert;
mod worker;

use std::path::Path;

use graph_security::RecordKind;
use jiff::Timestamp;

pub use overview::{Bucket, Counts, Schedule};
pub use records::{IncidentFilter, Page, Position, StoredRecord};

use crate::{
    Claim, Claimed, Connection, ConnectionId, Connections, Due, Found, GroupId, Groups, Incoming, Lease,
    Lifecycle, NewConnection, Progress, Records, Seen, StoreError, StoredVersion, SyncState, SyncStore,
    Upserted, stored,
};
use worker::Worker;

/// A store in one SQLite file, or in memory. A clone is the same store.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    worker: Worker,
}

impl SqliteStore {
    /// Opens the store at `path`, which is made with its folder if need be: readable by this user alone,
    /// as the records are. Blocks for as long as another process migrates it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is no store, or one of a newer version;
    /// [`StoreError::Unavailable`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { worker: Worker::start(open::file(path)?)? })
    }

    /// A store that ends with its last clone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no memory or thread for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self { worker: Worker::start(open::memory()?)? })
    }
}

impl Connections for SqliteStore {
    async fn create(
        &self,
        id: ConnectionId,
        settings: NewConnection,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> Result<Connection, StoreError> {
        self.worker.run(move |db| connections::create(db, id, settings, lifecycle, now)).await
    }

    async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        self.worker.run(move |db| connections::get(db, id)).await
    }

    async fn connections(&self, group: Option<&GroupId>) -> Result<Vec<Connection>, StoreError> {
        let group = group.cloned();
        self.worker.run(move |db| connections::list(db, group.as_ref())).await
    }

    async fn update(&self, connection: &Connection) -> Result<Connection, StoreError> {
        let connection = connection.clone();
        self.worker.run(move |db| connections::update(db, connection)).await
    }

    async fn remove(&self, id: ConnectionId, records: Records) -> Result<(), StoreError> {
        self.worker.run(move |db| connections::remove(db, id, records)).await?;
        // Other work comes between the chunks. What is left when this is dropped goes at the next opening.
        while self.worker.run(connections::purge_some).await? > 0 {}
        Ok(())
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Found<Due>, StoreError> {
        self.worker.run(move |db| lease::due(db, now, limit)).await
    }

    async fn unfinished(&self, before: Timestamp, limit: usize) -> Result<Found<Connection>, StoreError> {
        self.worker.run(move |db| connections::unfinished(db, before, limit)).await.map(Found::from)
    }
}

impl Groups for SqliteStore {
    async fn groups(&self, owner: &str) -> Result<Vec<GroupId>, StoreError> {
        let owner = owner.to_owned();
        self.worker.run(move |db| groups::of_owner(db, &owner)).await
    }

    async fn home(&self, owner: &str, new: GroupId) -> Result<GroupId, StoreError> {
        let owner = owner.to_owned();
        self.worker.run(move |db| groups::home(db, &owner, &new)).await
    }

    async fn owner(&self, group: &GroupId) -> Result<Option<String>, StoreError> {
        let group = group.clone();
        self.worker.run(move |db| groups::owner(db, &group)).await
    }

    async fn move_to(&self, group: &GroupId, from: &str, to: &str) -> Result<(), StoreError> {
        let (group, from, to) = (group.clone(), from.to_owned(), to.to_owned());
        self.worker.run(move |db| groups::move_to(db, &group, &from, &to)).await
    }
}

impl SyncStore for SqliteStore {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        self.worker.run(move |db| lease::claim(db, id, claim)).await
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        self.worker.run(move |db| lease::look(db, id)).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (lease, state) = (lease.clone(), state.clone());
        self.worker.run(move |db| lease::save(db, &lease, &state, next_due)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.worker.run(move |db| lease::release(db, &lease)).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        // The bodies are shared, not copied.
        let (lease, mut records) = (lease.clone(), records.to_vec());
        records.iter_mut().for_each(stored::truncate_instants);
        self.worker.run(move |db| upsert::upsert(db, &lease, kind, &records)).await
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        let ids = ids.to_vec();
        self.worker.run(move |db| upsert::versions(db, connection, kind, &ids)).await
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        self.worker.run(move |db| lease::state(db, id)).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        self.worker.run(move |db| lease::progress(db, id)).await
    }
}
