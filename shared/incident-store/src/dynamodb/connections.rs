//! The connections, as an admin changes them.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::DynamoStore;
use super::calls::Asked;
use super::change::Change;
use super::connection::{TOMBSTONES, changed, connection, new_item};
use super::item::{Item, instant, number, of_instant, of_number, of_text, optional_instant, parsed, text};
use super::keys::{self, Key};
use super::purge::purge;
use super::table::SK;
use crate::believed;
use crate::stored::{as_stored, lifecycle_name};
use crate::{Connection, ConnectionId, Lifecycle, NewConnection, Records, StoreError, ticks};

/// How often a removal starts again because somebody changed the connection meanwhile.
const TRIES: u32 = 5;

pub(super) async fn create(
    store: &DynamoStore,
    id: ConnectionId,
    settings: NewConnection,
    lifecycle: Lifecycle,
    now: Timestamp,
) -> Result<Connection, StoreError> {
    let new = Connection::new(id, as_stored(settings), lifecycle, ticks::truncate(now));
    let key = keys::connection(id);
    let once = keys::once(&new.settings);
    let absent = || Change::when("attribute_not_exists(#pk)");
    let writes =
        vec![absent().put(&store.table, new_item(&new))?, absent().put(&store.table, once_item(&once, id))?];
    if store.transact(writes).await? {
        return Ok(new);
    }
    match store.get(&key).await? {
        Some(item) => match connection(&item)? {
            None => Err(StoreError::Gone),
            Some(there) if there.settings == new.settings => Ok(there),
            Some(_) => Err(StoreError::Stale),
        },
        None => Err(duplicate(store, &once).await?),
    }
}

pub(super) async fn get(store: &DynamoStore, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    match store.get(&keys::connection(id)).await? {
        Some(item) => connection(&item),
        None => Ok(None),
    }
}

pub(super) async fn update(store: &DynamoStore, to: &Connection) -> Result<Connection, StoreError> {
    let there = get(store, to.id).await?.filter(|there| there.lifecycle != Lifecycle::Removing);
    let there = there.ok_or(StoreError::Gone)?;
    if there.version != to.version {
        return Err(StoreError::Stale);
    }
    let updated = Connection {
        settings: as_stored(to.settings.clone()),
        version: there.version.saturating_add(1),
        created: there.created,
        ..to.clone()
    };
    let (old, new) = (keys::once(&there.settings), keys::once(&updated.settings));
    let mut writes =
        vec![changed(&updated, there.version).update(&store.table, &keys::connection(updated.id))?];
    if old != new {
        writes.push(Change::default().delete(&store.table, &old)?);
        let absent = Change::when("attribute_not_exists(#pk)");
        writes.push(absent.put(&store.table, once_item(&new, updated.id))?);
    }
    if store.transact(writes).await? {
        return Ok(updated);
    }
    match get(store, updated.id).await? {
        Some(now) if now.version == there.version => Err(duplicate(store, &new).await?),
        Some(now) if now.lifecycle != Lifecycle::Removing => Err(StoreError::Stale),
        _ => Err(StoreError::Gone),
    }
}

/// In three steps, so that a removal that was cut short is found by `unfinished` and finished by the next call:
/// from the first on nothing is written for it, then its records go, then the connection.
pub(super) async fn remove(
    store: &DynamoStore,
    id: ConnectionId,
    records: Records,
) -> Result<(), StoreError> {
    let key = keys::connection(id);
    for _ in 0..TRIES {
        let there = get(store, id).await?.ok_or(StoreError::Gone)?;
        if records == Records::Remove {
            if there.lifecycle != Lifecycle::Removing {
                store.update(&key, &removing(&there)).await?;
                continue;
            }
            purge(store, id).await?;
        }
        let writes = vec![
            tombstone(&there, records).update(&store.table, &key)?,
            Change::default().delete(&store.table, &keys::once(&there.settings))?,
            Change::default().delete(&store.table, &keys::state(id))?,
        ];
        if store.transact(writes).await? {
            return Ok(());
        }
    }
    Err(StoreError::Unavailable("the connection keeps changing".to_owned()))
}

/// Where somebody has changed it meanwhile this is refused, and it is read again.
fn removing(there: &Connection) -> Change {
    Change::when("#version = :read")
        .value("read", of_number(there.version))
        .set("version", of_number(there.version.saturating_add(1)))
        .set("lifecycle", of_text(lifecycle_name(Lifecycle::Removing)))
        .remove("keep_records")
}

/// What is left of a connection. Its fence stays, so that a late run's never fits again; where its records
/// go, of the customer nothing stays but the connection's own id.
fn tombstone(there: &Connection, records: Records) -> Change {
    const OF_RUNS: [&str; 5] = ["holder", "free_from", "lease_until", "last_attempt", "next_due"];
    const OF_CUSTOMER: [&str; 13] = [
        "owner",
        "name",
        "tenant_id",
        "client_id",
        "cloud",
        "simulator",
        "since",
        "interval_ms",
        "secret_expires",
        "write_back",
        "custom_detections",
        "keep_records",
        "created",
    ];
    let [removed, kept] = TOMBSTONES;
    let change = Change::when("#version = :read AND NOT #lifecycle IN (:removed, :kept)")
        .value("read", of_number(there.version))
        .set("version", of_number(there.version.saturating_add(1)))
        .value("removed", of_text(removed))
        .value("kept", of_text(kept));
    let without =
        |change: Change, names: &[&str]| names.iter().fold(change, |change, name| change.remove(name));
    let change = without(change, &OF_RUNS);
    match records {
        Records::Keep => change.set_to("lifecycle", ":kept"),
        Records::Remove => without(change, &OF_CUSTOMER).set_to("lifecycle", ":removed"),
    }
}

/// An owner's list is made of the items that keep one connection for a tenant, client and cloud.
pub(super) async fn of_owner(store: &DynamoStore, owner: &str) -> Result<Vec<Connection>, StoreError> {
    let asked = Asked { partition: keys::owned_by(owner), consistent: true, ..Asked::default() };
    let mut keys = Vec::new();
    for item in store.query(&asked).await? {
        keys.push(keys::connection(parsed(&item, "connection")?));
    }
    let mut connections = in_order(store.get_all(keys, "").await?)?;
    // The key may be a digest of the owner; this is the owner.
    connections.retain(|connection| connection.settings.owner == owner);
    Ok(connections)
}

pub(super) async fn all(store: &DynamoStore) -> Result<Vec<Connection>, StoreError> {
    in_order(each_shard(store, &Asked { consistent: true, ..Asked::default() }).await?)
}

pub(super) async fn unfinished(
    store: &DynamoStore,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<Connection>, StoreError> {
    let filter = Change::when("#lifecycle IN (:pending, :removing) AND #created < :before")
        .value("pending", of_text("pending"))
        .value("removing", of_text("removing"))
        .value("before", of_instant(before));
    let mut found = in_order(each_shard(store, &Asked { filter, ..Asked::default() }).await?)?;
    found.truncate(limit);
    Ok(found)
}

/// A connection that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which one.
    pub id: ConnectionId,
    /// Whose.
    pub owner: String,
    /// Since when; of one that a person has changed, which is due at once, since its last attempt at most.
    pub since: Timestamp,
}

/// What is due is read eventually consistent, at half the price: what it misses the next tick finds.
pub(super) async fn due(store: &DynamoStore, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
    let too_far = now.saturating_add(believed::LONGEST_WAIT).unwrap_or(now);
    let filter = Change::when("#lifecycle = :connected AND (#next_due <= :now OR #next_due > :too_far)")
        .value("connected", of_text("connected"))
        .value("now", of_instant(now))
        .value("too_far", of_instant(too_far));
    let projection = "#sk, #owner, #next_due, #last_attempt, #interval_ms";
    let asked = Asked { filter, projection, ..Asked::default() };
    let mut due = Vec::new();
    for item in each_shard(store, &asked).await? {
        let (id, owner) = (parsed(&item, SK)?, text(&item, "owner")?.to_owned());
        let next_due = instant(&item, "next_due")?;
        let interval = Duration::from_millis(number(&item, "interval_ms")?);
        if !believed::has_passed(next_due, believed::longest_until_due(interval), now) {
            continue;
        }
        let since =
            next_due.min(now).max(optional_instant(&item, "last_attempt")?.unwrap_or_default().min(now));
        due.push(Due { id, owner, since });
    }
    due.sort_unstable_by_key(|due| (due.since, due.id));
    due.truncate(limit);
    Ok(due)
}

/// Asks each partition of the connections' items.
async fn each_shard(store: &DynamoStore, asked: &Asked) -> Result<Vec<Item>, StoreError> {
    let queries = keys::SHARDS.chars().map(|digit| {
        let asked = Asked { partition: keys::shard(digit), ..asked.clone() };
        async move { store.query(&asked).await }
    });
    let shards: Vec<Vec<Item>> =
        futures_util::stream::iter(queries).buffer_unordered(keys::SHARDS.len()).try_collect().await?;
    Ok(shards.into_iter().flatten().collect())
}

/// The connections in these items, oldest first.
fn in_order(items: Vec<Item>) -> Result<Vec<Connection>, StoreError> {
    let mut connections = Vec::with_capacity(items.len());
    for item in items {
        connections.extend(connection(&item)?);
    }
    connections.sort_unstable_by_key(|connection| (connection.created, connection.id));
    Ok(connections)
}

fn once_item(key: &Key, id: ConnectionId) -> Item {
    let mut item = key.item();
    item.insert("connection".to_owned(), of_text(id.to_string()));
    item
}

/// The error that names who has this tenant, client and cloud.
async fn duplicate(store: &DynamoStore, once: &Key) -> Result<StoreError, StoreError> {
    let item = store.get(once).await?;
    // It may have been removed since it was in the way.
    let item =
        item.ok_or_else(|| StoreError::Unavailable("the other connection has just gone".to_owned()))?;
    Ok(StoreError::Duplicate(parsed(&item, "connection")?))
}
