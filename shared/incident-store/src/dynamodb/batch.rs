//! Records that are written in one transaction.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::DynamoStore;
use super::change::Change;
use super::item::{of_number, size};
use super::keys;
use super::lease::under;
use super::record::{BodyAt, Items, Stored};
use crate::{Lease, StoreError, Upserted};

/// A transaction takes 100 writes and 4 MB. A smaller one meets fewer others and, at two units a kilobyte,
/// stays within what a partition writes in a second (1,000 units): so that throttled once is not throttled
/// for ever. A single record may be larger; then it goes alone.
const RECORDS: usize = 25;
const BYTES: usize = 400_000;

/// What is decided and not yet written. Its records are distinct.
pub(super) struct Batch {
    lease: Lease,
    /// The connection's revision before it.
    from: u64,
    to: u64,
    writes: Vec<TransactWriteItem>,
    ids: Vec<String>,
    bytes: usize,
    outcomes: Vec<Upserted>,
}

impl Batch {
    pub(super) fn after(lease: &Lease, revision: u64) -> Self {
        Self {
            lease: lease.clone(),
            from: revision,
            to: revision,
            writes: Vec::new(),
            ids: Vec::new(),
            bytes: 0,
            outcomes: Vec::new(),
        }
    }

    /// The revision of the next change.
    pub(super) fn next_revision(&self) -> u64 {
        self.to + 1
    }

    pub(super) fn known(&mut self, outcome: Upserted) {
        self.outcomes.push(outcome);
    }

    /// Whether `items` have no place in it any more.
    pub(super) fn is_full_for(&self, items: &Items) -> bool {
        !self.ids.is_empty()
            && (self.ids.len() >= RECORDS
                || self.bytes + bytes(items) > BYTES
                || self.ids.contains(&items.stored.version.head.id))
    }

    /// Writes `items` over `before`, and over nothing else.
    pub(super) fn change(
        &mut self,
        store: &DynamoStore,
        kind: graph_security::RecordKind,
        items: Items,
        before: Option<&Stored>,
        outcome: Upserted,
    ) -> Result<(), StoreError> {
        let id = items.stored.version.head.id.clone();
        self.bytes += bytes(&items);
        let condition = match before {
            None => Change::when("attribute_not_exists(#pk)"),
            Some(before) => {
                Change::when("#revision = :before").value("before", of_number(before.version.revision))
            }
        };
        self.writes.push(condition.put(&store.table, items.record)?);
        let was_apart = before.is_some_and(|before| before.body_at == BodyAt::Apart);
        match items.body {
            Some(body) => self.writes.push(Change::default().put(&store.table, body)?),
            None if was_apart => {
                let key = keys::body(self.lease.connection, kind, &id);
                self.writes.push(Change::default().delete(&store.table, &key)?);
            }
            None => {}
        }
        self.to += 1;
        self.ids.push(id);
        self.outcomes.push(outcome);
        Ok(())
    }

    /// Writes it, and gives what became of its records; `None` when the store is not as it was read: the lease
    /// was taken, or something was written meanwhile.
    pub(super) async fn write(self, store: &DynamoStore) -> Result<Option<Vec<Upserted>>, StoreError> {
        if self.writes.is_empty() {
            return Ok(Some(self.outcomes));
        }
        let door = under(&self.lease)
            .set("revision", of_number(self.to))
            .and("#revision = :from")
            .value("from", of_number(self.from));
        let mut writes = vec![door.update(&store.table, &keys::connection(self.lease.connection))?];
        writes.extend(self.writes);
        if !store.transact(writes).await? {
            return Ok(None);
        }
        store.leases.written(&self.lease);
        Ok(Some(self.outcomes))
    }

    pub(super) fn last_revision(&self) -> u64 {
        self.to
    }
}

fn bytes(items: &Items) -> usize {
    size(&items.record) + items.body.as_ref().map_or(0, size)
}
