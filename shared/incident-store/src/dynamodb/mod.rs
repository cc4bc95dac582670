//! The store on AWS: one table, on demand, described for its readers in docs/data.md.
//!
//! - **One item is the door to all writes of a connection.** Whatever a run writes, it writes in a transaction
//!   that also updates the connection's own item, on the condition that its fence is still the run's.
//!   Transactions are serializable, so nothing of a run whose lease was taken is written after the claim that
//!   took it. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>
//! - **The revision is a counter in that item**, moved by the transaction that writes the records: it grows with
//!   every real change, whoever holds the lease.
//! - **A lost answer is no lost write.** A transaction is repeated under the same `ClientRequestToken`, a claim
//!   recognises itself by its nonce.
//! - **A look writes nothing**, and reads two items at half the price. What it finds to be as it was is settled in one
//!   transaction every ten minutes: the attempt and the state.
//! - **A run that finds nothing writes once: the claim.** It asks for a lease that ends by itself halfway to the next
//!   due time; the first thing that the run writes makes it last as long as the claim said. Giving back a lease
//!   under which nothing was written therefore costs nothing: this process remembers it, others wait for its
//!   early end.
//! - **What is due is found by reading the connections' items**, 16 small partitions of them, and not by an index
//!   on the due time. A claim changes that time, and an index would pay two more writes for each: 10,000
//!   connections a minute cost 540 USD a month in index writes, and 5 USD in reads without the index (0.7 KB an
//!   item, 0.625 USD per million writes, 0.125 USD per million reads).

mod batch;
mod calls;
mod change;
mod compress;
mod connection;
mod connections;
mod content;
mod error;
mod groups;
mod item;
mod keys;
mod lease;
mod memory;
mod purge;
mod read;
mod record;
mod store;
pub mod table;
mod upsert;

use graph_security::RecordKind;
use jiff::Timestamp;

pub use read::{Body, DynamoRecord};
pub use store::{DynamoStore, Late, late};

use crate::{
    Claim, Claimed, Connection, ConnectionId, Connections, Due, Found, GroupId, Groups, Incoming, Lease,
    Lifecycle, NewConnection, Progress, Records, Seen, StoreError, StoredVersion, SyncState, SyncStore,
    Upserted,
};

impl Connections for DynamoStore {
    async fn create(
        &self,
        id: ConnectionId,
        settings: NewConnection,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> Result<Connection, StoreError> {
        connections::create(self, id, settings, lifecycle, now).await
    }

    async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        connections::get(self, id).await
    }

    async fn connections(&self, group: Option<&GroupId>) -> Result<Vec<Connection>, StoreError> {
        match group {
            Some(group) => connections::of_group(self, group).await,
            None => connections::all(self).await,
        }
    }

    async fn connections_after(
        &self,
        group: &GroupId,
        after: Option<ConnectionId>,
        limit: usize,
    ) -> Result<Vec<Connection>, StoreError> {
        connections::of_group_after(self, group, after, limit).await
    }

    async fn update(&self, connection: &Connection) -> Result<Connection, StoreError> {
        connections::update(self, connection).await
    }

    async fn remove(&self, id: ConnectionId, records: Records) -> Result<(), StoreError> {
        connections::remove(self, id, records).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Found<Due>, StoreError> {
        connections::due(self, now, limit).await
    }

    async fn unfinished(&self, before: Timestamp, limit: usize) -> Result<Found<Connection>, StoreError> {
        connections::unfinished(self, before, limit).await
    }
}

impl Groups for DynamoStore {
    async fn groups(&self, owner: &str) -> Result<Vec<GroupId>, StoreError> {
        groups::of_owner(self, owner).await
    }

    async fn home(&self, owner: &str, new: GroupId) -> Result<GroupId, StoreError> {
        groups::home(self, owner, new).await
    }

    async fn owner(&self, group: &GroupId) -> Result<Option<String>, StoreError> {
        groups::owner(self, group).await
    }

    async fn move_to(&self, group: &GroupId, from: &str, to: &str) -> Result<(), StoreError> {
        groups::move_to(self, group, from, to).await
    }
}

impl SyncStore for DynamoStore {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        lease::claim(self, id, claim).await
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        lease::look(self, id).await
    }

    async fn settle(
        &self,
        seen: &Seen,
        claim: Claim,
        state: &SyncState,
    ) -> Result<Option<Claimed>, StoreError> {
        lease::settle(self, seen, claim, state).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        lease::save(self, lease, state, next_due).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        lease::release(self, lease).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        upsert::upsert(self, lease, kind, records).await
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        upsert::versions(self, connection, kind, ids).await
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        lease::state(self, id).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        lease::progress(self, id).await
    }
}
