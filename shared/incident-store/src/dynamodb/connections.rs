//! The connections, as an admin changes them.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::DynamoStore;
use super::calls::Asked;
use super::change::Change;
use super::connection::{changed, connection, new_item, tombstone};
use super::item::{Item, instant, number, of_number, of_text, optional_instant, parsed, text};
use super::keys::{self, Key};
use super::purge::purge;
use super::table::SK;
use crate::stored::{as_stored, lifecycle, lifecycle_name};
use crate::{
    Connection, ConnectionId, Due, Found, GroupId, Lifecycle, NewConnection, Records, StoreError, Timing,
    ticks,
};

/// How often a removal starts again because somebody changed the connection meanwhile.
const TRIES: u32 = 5;

/// How much of a group's list is read at a time.
const LISTED_AT_ONCE: usize = 1_000;

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
        absent().put(&store.table, leading_to(&once, id))?,
        Change::default().put(&store.table, leading_to(&keys::listed(&new.settings.group, id), id))?,
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
        writes.push(absent.put(&store.table, leading_to(&new, updated.id))?);
    }
    let (from, to) = (&there.settings.group, &updated.settings.group);
    if from != to {
        writes.push(Change::default().delete(&store.table, &keys::listed(from, updated.id))?);
        let listed = keys::listed(to, updated.id);
        writes.push(Change::default().put(&store.table, leading_to(&listed, updated.id))?);
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
            Change::default().delete(&store.table, &keys::listed(&there.settings.group, id))?,
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

/// Those of a group's list.
pub(super) async fn of_group(store: &DynamoStore, group: &GroupId) -> Result<Vec<Connection>, StoreError> {
    let mut connections = of_group_after(store, group, None, usize::MAX).await?;
    connections.sort_unstable_by_key(|connection| (connection.created, connection.id));
    Ok(connections)
}

/// Each page reads its own part of the list, and nothing of what comes before it.
pub(super) async fn of_group_after(
    store: &DynamoStore,
    group: &GroupId,
    mut after: Option<ConnectionId>,
    limit: usize,
) -> Result<Vec<Connection>, StoreError> {
    let mut found = Vec::new();
    while found.len() < limit {
        let wanted = (limit - found.len()).min(LISTED_AT_ONCE);
        let asked = Asked {
            partition: keys::in_group(group),
            between: Some(keys::listed_after(after)),
            consistent: true,
            limit: Some(wanted),
            ..Asked::default()
        };
        let listed = store.query(&asked).await?;
        let ids = listed.iter().map(|item| parsed(item, "connection"));
        let ids: Vec<ConnectionId> = ids.collect::<Result<_, _>>()?;
        let items = store.get_all(ids.iter().copied().map(keys::connection).collect(), "").await?;
        // The key may be a digest of the group; this is the group. One that cannot be read is left out.
        let mut some = in_order(&items).these;
        some.retain(|connection| connection.settings.group == *group);
        some.sort_unstable_by_key(|connection| connection.id);
        found.append(&mut some);
        after = ids.last().copied();
        if ids.len() < wanted {
            break;
        }
    }
    Ok(found)
}

pub(super) async fn all(store: &DynamoStore) -> Result<Vec<Connection>, StoreError> {
    Ok(in_order(&each_shard(store, &Asked { consistent: true, ..Asked::default() }).await?).these)
}

/// Also those of which nobody can say when they were entered: in the items that say no connection.
pub(super) async fn unfinished(
    store: &DynamoStore,
    before: Timestamp,
    limit: usize,
) -> Result<Found<Connection>, StoreError> {
    let filter = Change::when("#lifecycle IN (:pending, :removing)")
        .value("pending", of_text("pending"))
        .value("removing", of_text("removing"));
    let mut found = in_order(&each_shard(store, &Asked { filter, ..Asked::default() }).await?);
    found.these.retain(|connection| connection.created < before);
    found.these.truncate(limit);
    Ok(found)
}

/// What is due is read eventually consistent, at half the price: what it misses the next tick finds. What each one is
/// due by is looked at here and not by the service: an attribute that is not there, or of another type, would make the
/// service leave the item out without a word.
pub(super) async fn due(store: &DynamoStore, now: Timestamp, limit: usize) -> Result<Found<Due>, StoreError> {
    let filter = Change::when("NOT #lifecycle IN (:pending, :paused, :removing)")
        .value("pending", of_text("pending"))
        .value("paused", of_text("paused"))
        .value("removing", of_text("removing"));
    let projection = "#sk, #group, #lifecycle, #next_due, #last_attempt, #interval_ms, #secret_expires";
    let asked = Asked { filter, projection, ..Asked::default() };
    let mut found = Found::default();
    for item in each_shard(store, &asked).await? {
        match connected(&item) {
            Ok(one) if one.timing.is_due(now) => found.these.push(one),
            Ok(_) => {}
            Err(_) => found.unreadable.push(name(&item)),
        }
    }
    found.these.sort_unstable_by_key(|due| (due.timing.expected(), due.timing.id));
    found.these.truncate(limit);
    Ok(found)
}

fn connected(item: &Item) -> Result<Due, StoreError> {
    lifecycle(text(item, "lifecycle")?)?;
    let secret_expires = item.contains_key("secret_expires").then(|| parsed(item, "secret_expires"));
    let timing = Timing {
        id: parsed(item, SK)?,
        interval: Duration::from_millis(number(item, "interval_ms")?),
        next_due: instant(item, "next_due")?,
        last_attempt: optional_instant(item, "last_attempt")?,
    };
    Ok(Due { timing, group: text(item, "group")?.into(), secret_expires: secret_expires.transpose()? })
}

/// What an item that says no connection is called.
fn name(item: &Item) -> String {
    text(item, SK).unwrap_or_default().to_owned()
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
fn in_order(items: &[Item]) -> Found<Connection> {
    let mut found = Found::default();
    for item in items {
        match connection(item) {
            Ok(connection) => found.these.push(connection),
            Err(_) => found.unreadable.push(name(item)),
        }
    }
    found.these.sort_unstable_by_key(|connection| (connection.created, connection.id));
    found
}

/// An item that leads to a connection.
fn leading_to(key: &Key, id: ConnectionId) -> Item {
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
