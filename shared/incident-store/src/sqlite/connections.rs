//! The connections themselves.

use jiff::Timestamp;
use rusqlite::{Connection as Db, OptionalExtension as _, TransactionBehavior, named_params, params};

use super::row::{self, CONNECTION, signed};
use crate::stored::{self, as_stored, interval_ms, lifecycle_name, unreadable};
use crate::{Connection, ConnectionId, GroupId, Lifecycle, NewConnection, Records, StoreError, ticks};

/// How many records one transaction deletes: some tens of milliseconds with bodies of 20 KB.
const PURGED_AT_ONCE: i64 = 500;

pub(super) fn create(
    db: &mut Db,
    id: ConnectionId,
    settings: NewConnection,
    lifecycle: Lifecycle,
    now: Timestamp,
) -> Result<Connection, StoreError> {
    let settings = as_stored(settings);
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(there) = get(&tx, id)? {
        return if there.settings == settings { Ok(there) } else { Err(StoreError::Stale) };
    }
    if is_tombstone(&tx, id)? {
        return Err(StoreError::Gone);
    }
    refuse_duplicate(&tx, id, &settings)?;
    let created = write(&tx, &Connection::new(id, settings, lifecycle, now))?;
    tx.commit()?;
    Ok(created)
}

pub(super) fn get(db: &Db, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {CONNECTION} FROM connections WHERE id = ? AND lifecycle NOT IN ('removed', 'kept')"
    ))?;
    let mut rows = statement.query([id.to_string()])?;
    rows.next()?.map(row::connection).transpose()
}

pub(super) fn list(db: &Db, group: Option<&GroupId>) -> Result<Vec<Connection>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {CONNECTION} FROM connections
         WHERE lifecycle NOT IN ('removed', 'kept') AND (?1 IS NULL OR group_id = ?1)
         ORDER BY created, id"
    ))?;
    let rows = statement.query_and_then([group.map(GroupId::as_str)], row::connection)?;
    rows.collect()
}

pub(super) fn unfinished(db: &Db, before: Timestamp, limit: usize) -> Result<Vec<Connection>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {CONNECTION} FROM connections
         WHERE lifecycle IN ('pending', 'removing') AND created < ? ORDER BY created, id LIMIT ?"
    ))?;
    let wanted = params![ticks::from_instant(before), signed(limit)];
    let rows = statement.query_and_then(wanted, row::connection)?;
    rows.collect()
}

pub(super) fn update(db: &mut Db, connection: Connection) -> Result<Connection, StoreError> {
    let connection = Connection { settings: as_stored(connection.settings), ..connection };
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let there = get(&tx, connection.id)?.filter(|there| there.lifecycle != Lifecycle::Removing);
    if there.ok_or(StoreError::Gone)?.version != connection.version {
        return Err(StoreError::Stale);
    }
    refuse_duplicate(&tx, connection.id, &connection.settings)?;
    let updated = write(&tx, &connection)?;
    tx.commit()?;
    Ok(updated)
}

/// Enters it, or writes what may change of one that is there. It is due from the moment it was entered, and
/// so before what ran since.
fn write(db: &Db, connection: &Connection) -> Result<Connection, StoreError> {
    let Connection { id, settings, lifecycle, capabilities, records, created, .. } = connection;
    let mut statement = db.prepare_cached(&format!(
        "INSERT INTO connections (id, group_id, name, tenant_id, client_id, cloud, simulator, since,
             interval_ms, secret_expires, lifecycle, write_back, custom_detections, keep_records, created,
             version, next_due)
         VALUES (:id, :group_id, :name, :tenant_id, :client_id, :cloud, :simulator, :since,
             :interval_ms, :secret_expires, :lifecycle, :write_back, :custom_detections, :keep_records, :created,
             1, :created)
         ON CONFLICT (id) DO UPDATE SET
             group_id = excluded.group_id, name = excluded.name, tenant_id = excluded.tenant_id,
             client_id = excluded.client_id, cloud = excluded.cloud, simulator = excluded.simulator,
             since = excluded.since, interval_ms = excluded.interval_ms,
             secret_expires = excluded.secret_expires, lifecycle = excluded.lifecycle,
             write_back = excluded.write_back, custom_detections = excluded.custom_detections,
             keep_records = excluded.keep_records, version = version + 1, next_due = created
         RETURNING {CONNECTION}"
    ))?;
    let mut rows = statement.query(named_params! {
        ":id": id.to_string(),
        ":group_id": settings.group.as_str(),
        ":name": settings.name,
        ":tenant_id": settings.tenant_id.to_string(),
        ":client_id": settings.client_id.to_string(),
        ":cloud": settings.cloud.name(),
        ":simulator": stored::simulator(&settings.cloud),
        ":since": ticks::from_instant(settings.since),
        ":interval_ms": interval_ms(settings.interval),
        ":secret_expires": settings.secret_expires.map(|day| day.to_string()),
        ":lifecycle": lifecycle_name(*lifecycle),
        ":write_back": capabilities.write_back,
        ":custom_detections": capabilities.custom_detections,
        ":keep_records": *records == Records::Keep,
        ":created": ticks::from_instant(*created),
    })?;
    let written = rows.next()?.map(row::connection).transpose()?;
    written.ok_or_else(|| unreadable("connection"))
}

/// From here on nothing writes to it. Its records, if they go, go with [`purge_some`].
pub(super) fn remove(db: &mut Db, id: ConnectionId, records: Records) -> Result<(), StoreError> {
    let sql = match records {
        Records::Keep => {
            "UPDATE connections SET lifecycle = 'kept', checkpoint = NULL, status = NULL, lease_until = NULL
             WHERE id = ? AND lifecycle NOT IN ('removed', 'kept')"
        }
        // Of the customer nothing stays but the connection's own id.
        Records::Remove => {
            "UPDATE connections SET lifecycle = 'removed', checkpoint = NULL, status = NULL, lease_until = NULL,
                 group_id = '', name = NULL, tenant_id = '', client_id = '', simulator = NULL, secret_expires = NULL
             WHERE id = ? AND lifecycle NOT IN ('removed', 'kept')"
        }
    };
    match db.prepare_cached(sql)?.execute([id.to_string()])? {
        0 => Err(StoreError::Gone),
        _ => Ok(()),
    }
}

/// Deletes some of the records whose connection was removed with them, and says how many.
pub(super) fn purge_some(db: &mut Db) -> Result<usize, StoreError> {
    // Asked first, so that there is no waiting for another writer when there is nothing to do.
    let some: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM connections c JOIN records r ON r.connection = c.id
                        WHERE c.lifecycle = 'removed')",
        [],
        |row| row.get(0),
    )?;
    if !some {
        return Ok(0);
    }
    let deleted = db.execute(
        "DELETE FROM records WHERE rowid IN (
             SELECT r.rowid FROM connections c JOIN records r ON r.connection = c.id
             WHERE c.lifecycle = 'removed' LIMIT ?)",
        [PURGED_AT_ONCE],
    )?;
    Ok(deleted)
}

fn is_tombstone(db: &Db, id: ConnectionId) -> Result<bool, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT 1 FROM connections WHERE id = ? AND lifecycle IN ('removed', 'kept')")?;
    Ok(statement.exists([id.to_string()])?)
}

fn refuse_duplicate(db: &Db, id: ConnectionId, settings: &NewConnection) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM connections
         WHERE group_id = ? AND tenant_id = ? AND client_id = ? AND cloud = ?
             AND lifecycle NOT IN ('removed', 'kept') AND id <> ?",
    )?;
    let tenant_id = settings.tenant_id.to_string();
    let client_id = settings.client_id.to_string();
    let key = params![settings.group.as_str(), tenant_id, client_id, settings.cloud.name(), id.to_string()];
    let other: Option<String> = statement.query_row(key, |row| row.get(0)).optional()?;
    match other {
        Some(other) => Err(StoreError::Duplicate(other.parse().map_err(|_| unreadable("connection id"))?)),
        None => Ok(()),
    }
}
