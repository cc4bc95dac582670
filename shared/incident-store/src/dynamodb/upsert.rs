//! Writing records by the one rule.

use std::collections::{HashMap, HashSet};

use graph_security::RecordKind;

use super::DynamoStore;
use super::batch::Batch;
use super::content::content;
use super::item::number;
use super::keys;
use super::lease::may_write;
use super::record::{HEAD, Stored, as_stored, expires, items, stored};
use crate::{Change, ConnectionId, Incoming, Lease, StoreError, StoredVersion, Upserted, decide};

/// How often what is left is decided anew because the store was not as it was read. Only the holder of the
/// lease writes, so once is enough but for what ages out just then.
const TRIES: u32 = 5;

pub(super) async fn upsert(
    store: &DynamoStore,
    lease: &Lease,
    kind: RecordKind,
    records: &[Incoming],
) -> Result<Vec<Upserted>, StoreError> {
    let records: Vec<Incoming> = records.iter().map(as_stored).collect();
    let mut done = Vec::with_capacity(records.len());
    for _ in 0..TRIES {
        let rest = &records[done.len()..];
        let ids = rest.iter().map(|incoming| &incoming.record.head.id);
        let (item, heads) =
            tokio::try_join!(may_write(store, lease), heads(store, lease.connection, kind, ids))?;
        let run = Upsert { store, lease, kind };
        if run.write(rest, number(&item, "revision")?, heads, &mut done).await? {
            return Ok(done);
        }
    }
    Err(StoreError::Unavailable("the records keep changing".to_owned()))
}

struct Upsert<'a> {
    store: &'a DynamoStore,
    lease: &'a Lease,
    kind: RecordKind,
}

impl Upsert<'_> {
    /// Decides and writes in order, and adds to `done` what became of what is written. `false` when the rest
    /// is to be read anew.
    async fn write(
        &self,
        rest: &[Incoming],
        revision: u64,
        mut heads: HashMap<String, Stored>,
        done: &mut Vec<Upserted>,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::after(self.lease, revision);
        for incoming in rest {
            let id = &incoming.record.head.id;
            let change = change(heads.get(id), incoming);
            let known = match change {
                Change::Unchanged => Some(Upserted::Unchanged),
                Change::Older { revision } => Some(Upserted::Older { revision }),
                Change::Create | Change::Update { .. } => None,
            };
            if let Some(known) = known {
                batch.known(known);
                continue;
            }
            let mut items = self.items(incoming, heads.get(id), batch.next_revision());
            if batch.is_full_for(&items) {
                let next = Batch::after(self.lease, batch.last_revision());
                match std::mem::replace(&mut batch, next).write(self.store).await? {
                    Some(outcomes) => done.extend(outcomes),
                    None => return Ok(false),
                }
                items = self.items(incoming, heads.get(id), batch.next_revision());
            }
            let revision = batch.next_revision();
            let outcome = match change {
                Change::Update { fields, went_back } => Upserted::Updated { revision, fields, went_back },
                _ => Upserted::Created { revision },
            };
            let now = items.stored.clone();
            batch.change(self.store, self.kind, items, heads.get(id), outcome)?;
            heads.insert(id.clone(), now);
        }
        match batch.write(self.store).await? {
            Some(outcomes) => done.extend(outcomes),
            None => return Ok(false),
        }
        Ok(true)
    }

    fn items(&self, incoming: &Incoming, before: Option<&Stored>, revision: u64) -> super::record::Items {
        let first_seen = before.map_or(incoming.answered, |before| before.first_seen);
        let expires = expires(incoming.answered, self.store.retention);
        items(self.lease.connection, self.kind, incoming, revision, first_seen, expires)
    }
}

fn change(stored: Option<&Stored>, incoming: &Incoming) -> Change {
    let says_the_same = || stored.is_some_and(|stored| stored.content == content(&incoming.record.raw));
    decide(stored.map(|stored| &stored.version), incoming, says_the_same)
}

pub(super) async fn versions(
    store: &DynamoStore,
    connection: ConnectionId,
    kind: RecordKind,
    ids: &[String],
) -> Result<Vec<Option<StoredVersion>>, StoreError> {
    let heads = heads(store, connection, kind, ids.iter()).await?;
    Ok(ids.iter().map(|id| heads.get(id).map(|stored| stored.version.clone())).collect())
}

/// Read consistently, at twice the price. Most stale heads would lead to a write that is refused; but what has gone
/// back to what it was, within one instant of `updated`, would look unchanged.
async fn heads(
    store: &DynamoStore,
    connection: ConnectionId,
    kind: RecordKind,
    ids: impl Iterator<Item = &String>,
) -> Result<HashMap<String, Stored>, StoreError> {
    let distinct: HashSet<&String> = ids.collect();
    let keys = distinct.into_iter().map(|id| keys::record(connection, kind, id)).collect();
    let mut heads = HashMap::new();
    for item in store.get_all(keys, HEAD).await? {
        let stored = stored(&item)?;
        heads.insert(stored.version.head.id.clone(), stored);
    }
    Ok(heads)
}
