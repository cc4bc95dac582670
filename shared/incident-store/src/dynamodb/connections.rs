//! The connections, as an admin changes them.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use jiff::civil::Date;

use super::DynamoStore;
use super::calls::Asked;
use super::change::Change;
use super::connection::{changed, connection, new_item, tombstone};
use super::item::{Item, instant, number, of_instant, of_number, of_text, optional_instant, parsed, text};
use super::keys::{self, Key};
use super::purge::purge;
use super::table::SK;
use crate::believed;
use crate::stored::{as_stored, lifecycle_name};
use crate::{Connection, ConnectionId, GroupId, Lifecycle, NewConnection, Records, StoreError, ticks};

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
    let removed = keys::tombstone(id);
    let writes = vec![
        absent().put(&store.table, new_item(&new))?,
        absent().put(&store.table, once_item(&once, id))?,
        absent().check(&store.table, &removed)?,
    ];
    if store.transact(writes).await? {
        return Ok(new);
    }
    match store.get(&key).await? {
        Some(item) => match connection(&item)? {
            there if there.settings == new.settings => Ok(there),
            _ => Err(StoreError::Stale),
        },
        None if store.get(&removed).await?.is_some() => Err(StoreError::Gone),
        None => Err(duplicate(store, &once).await?),
    }
}

pub(super) async fn get(store: &DynamoStore, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    store.get(&keys::connection(id)).await?.map(|item| connection(&item)).transpose()
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
        let item = store.get(&key).await?.ok_or(StoreError::Gone)?;
        let there = connection(&item)?;
        if records == Records::Remove {
            if there.lifecycle != Lifecycle::Removing {
                store.update(&key, &removing(&there)).await?;
                continue;
            }
            purge(store, id).await?;
        }
        // A run moves the fence and the revision, and what is left of the connection has the last ones.
        let unchanged = Change::when("#version = :read AND #fence = :fence AND #revision = :revision")
            .value("read", of_number(there.version))
            .value("fence", of_number(number::<u64>(&item, "fence")?))
            .value("revision", of_number(number::<u64>(&item, "revision")?));
        let writes = vec![
            unchanged.delete(&store.table, &key)?,
            Change::default().put(&store.table, tombstone(&there, item, records))?,
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

/// A group's list is made of the items that keep one connection for a tenant, client and cloud.
pub(super) async fn of_group(store: &DynamoStore, group: &GroupId) -> Result<Vec<Connection>, StoreError> {
    let asked = Asked { partition: keys::in_group(group), consistent: true, ..Asked::default() };
    let mut keys = Vec::new();
    for item in store.query(&asked).await? {
        if text(&item, SK)?.starts_with(keys::ONCE) {
            keys.push(keys::connection(parsed(&item, "connection")?));
        }
    }
    let mut connections = in_order(&store.get_all(keys, "").await?);
    // The key may be a digest of the group; this is the group.
    connections.retain(|connection| connection.settings.group == *group);
    Ok(connections)
}

pub(super) async fn all(store: &DynamoStore) -> Result<Vec<Connection>, StoreError> {
    Ok(in_order(&each_shard(store, &Asked { consistent: true, ..Asked::default() }).await?))
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
    let mut found = in_order(&each_shard(store, &Asked { filter, ..Asked::default() }).await?);
    found.truncate(limit);
    Ok(found)
}

/// A connection that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which one.
    pub id: ConnectionId,
    /// What it belongs to.
    pub group: GroupId,
    /// The day on which the secret ends, where that is known.
    pub secret_expires: Option<Date>,
    /// Since when; of one that a person has changed, which is due at once, since its last attempt at most.
    pub since: Timestamp,
}

/// All that is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllDue {
    /// The longest due first.
    pub due: Vec<Due>,
    /// The sort keys of items that say no connection. They are left out, so that they keep nobody else's syncs from
    /// beginning; whoever runs this is to be told of them.
    pub unreadable: Vec<String>,
}

/// What is due is read eventually consistent, at half the price: what it misses the next tick finds.
pub(super) async fn due(store: &DynamoStore, now: Timestamp, limit: usize) -> Result<AllDue, StoreError> {
    let too_far = now.saturating_add(believed::LONGEST_WAIT).unwrap_or(now);
    let filter = Change::when("#lifecycle = :connected AND (#next_due <= :now OR #next_due > :too_far)")
        .value("connected", of_text("connected"))
        .value("now", of_instant(now))
        .value("too_far", of_instant(too_far));
    let projection = "#sk, #group, #next_due, #last_attempt, #interval_ms, #secret_expires";
    let asked = Asked { filter, projection, ..Asked::default() };
    let mut all = AllDue::default();
    for item in each_shard(store, &asked).await? {
        match due_in(&item, now) {
            Ok(due) => all.due.extend(due),
            Err(_) => all.unreadable.push(text(&item, SK).unwrap_or_default().to_owned()),
        }
    }
    all.due.sort_unstable_by_key(|due| (due.since, due.id));
    all.due.truncate(limit);
    Ok(all)
}

/// `None` where an instant that a wrong clock has set was read.
fn due_in(item: &Item, now: Timestamp) -> Result<Option<Due>, StoreError> {
    let (id, group) = (parsed(item, SK)?, text(item, "group")?.into());
    let next_due = instant(item, "next_due")?;
    let interval = Duration::from_millis(number(item, "interval_ms")?);
    let last_attempt = optional_instant(item, "last_attempt")?.unwrap_or_default();
    let is_due = believed::has_passed(next_due, believed::longest_until_due(interval), now);
    let since = next_due.min(now).max(last_attempt.min(now));
    let secret_expires = item.contains_key("secret_expires").then(|| parsed(item, "secret_expires"));
    let secret_expires = secret_expires.transpose()?;
    Ok(is_due.then_some(Due { id, group, secret_expires, since }))
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

/// The connections in these items, oldest first. One that cannot be read is left out, so that it hides no other; its
/// own syncs fail and tell of it.
fn in_order(items: &[Item]) -> Vec<Connection> {
    let mut connections: Vec<_> = items.iter().filter_map(|item| connection(item).ok()).collect();
    connections.sort_unstable_by_key(|connection| (connection.created, connection.id));
    connections
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
