//! Writing records by the one rule.

use bytes::Bytes;
use graph_security::RecordKind;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection as Db, TransactionBehavior, named_params, params};

use super::lease::may_write;
use super::row::{self, AFTER_HEAD, HEAD, instant, signed, unsigned};
use crate::stored::{kind_name, unreadable};
use crate::{
    Change, ConnectionId, Incoming, Lease, StoreError, StoredVersion, Upserted, decide, fingerprint,
    same_content, ticks,
};

pub(super) fn upsert(
    db: &mut Db,
    lease: &Lease,
    kind: RecordKind,
    records: &[Incoming],
) -> Result<Vec<Upserted>, StoreError> {
    // Most of what a sync reads is known already: that takes no lock, no sync of the disk and no byte of
    // the WAL. What is new is decided again inside the writing transaction.
    if let Some(known) = all_known(db, lease, kind, records)? {
        return Ok(known);
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    may_write(&tx, lease)?;
    let mut last_revision = last_revision(&tx, lease.connection)?;
    let upserted = records
        .iter()
        .map(|incoming| upsert_one(&tx, lease.connection, kind, incoming, &mut last_revision))
        .collect::<Result<Vec<_>, _>>()?;
    tx.prepare_cached("UPDATE connections SET revision = ? WHERE id = ?")?
        .execute(params![signed(last_revision), lease.connection.to_string()])?;
    tx.commit()?;
    Ok(upserted)
}

/// The answer when nothing is to be written.
fn all_known(
    db: &mut Db,
    lease: &Lease,
    kind: RecordKind,
    records: &[Incoming],
) -> Result<Option<Vec<Upserted>>, StoreError> {
    let tx = db.transaction()?;
    may_write(&tx, lease)?;
    let mut known = Vec::with_capacity(records.len());
    for incoming in records {
        known.push(match change(&tx, lease.connection, kind, incoming)? {
            Change::Unchanged => Upserted::Unchanged,
            Change::Older { revision } => Upserted::Older { revision },
            Change::Create | Change::Update { .. } => return Ok(None),
        });
    }
    Ok(Some(known))
}

fn upsert_one(
    db: &Db,
    connection: ConnectionId,
    kind: RecordKind,
    incoming: &Incoming,
    last_revision: &mut u64,
) -> Result<Upserted, StoreError> {
    let revision = *last_revision + 1;
    let upserted = match change(db, connection, kind, incoming)? {
        Change::Unchanged => return Ok(Upserted::Unchanged),
        Change::Older { revision } => return Ok(Upserted::Older { revision }),
        Change::Create => Upserted::Created { revision },
        Change::Update { fields, went_back } => Upserted::Updated { revision, fields, went_back },
    };
    write(db, connection, kind, incoming, revision)?;
    *last_revision = revision;
    Ok(upserted)
}

fn change(
    db: &Db,
    connection: ConnectionId,
    kind: RecordKind,
    incoming: &Incoming,
) -> Result<Change, StoreError> {
    let id = &incoming.record.head.id;
    let stored = version(db, connection, kind, id)?;
    let mut failed = None;
    let change = decide(stored.as_ref(), incoming, || match raw(db, connection, kind, id) {
        Ok(raw) => same_content(&raw, &incoming.record.raw),
        Err(error) => {
            failed = Some(error);
            true
        }
    });
    failed.map_or(Ok(change), Err)
}

fn write(
    db: &Db,
    connection: ConnectionId,
    kind: RecordKind,
    incoming: &Incoming,
    revision: u64,
) -> Result<(), StoreError> {
    let head = &incoming.record.head;
    db.prepare_cached(
        "INSERT INTO records (connection, kind, id, created, updated, title, status, severity,
             classification, determination, assigned_to, incident_id, redirect_incident_id, revision,
             first_seen, answered, fingerprint, raw)
         VALUES (:connection, :kind, :id, :created, :updated, :title, :status, :severity,
             :classification, :determination, :assigned_to, :incident_id, :redirect_incident_id, :revision,
             :answered, :answered, :fingerprint, :raw)
         ON CONFLICT (connection, kind, id) DO UPDATE SET
             created = excluded.created, updated = excluded.updated, title = excluded.title,
             status = excluded.status, severity = excluded.severity,
             classification = excluded.classification, determination = excluded.determination,
             assigned_to = excluded.assigned_to, incident_id = excluded.incident_id,
             redirect_incident_id = excluded.redirect_incident_id, revision = excluded.revision,
             answered = excluded.answered, fingerprint = excluded.fingerprint, raw = excluded.raw",
    )?
    .execute(named_params! {
        ":connection": connection.to_string(),
        ":kind": kind_name(kind),
        ":id": head.id,
        ":created": head.created.map(ticks::from_instant),
        ":updated": head.updated.map(ticks::from_instant),
        ":title": head.title,
        ":status": head.status,
        ":severity": head.severity,
        ":classification": head.classification,
        ":determination": head.determination,
        ":assigned_to": head.assigned_to,
        ":incident_id": head.incident_id,
        ":redirect_incident_id": head.redirect_incident_id,
        ":revision": signed(revision),
        ":answered": ticks::from_instant(incoming.answered),
        ":fingerprint": fingerprint(&incoming.record.raw).to_be_bytes(),
        ":raw": text_or_bytes(&incoming.record.raw),
    })?;
    Ok(())
}

/// JSON is text, which any SQLite tool shows; what is not even UTF-8 is kept as the bytes it is.
fn text_or_bytes(raw: &Bytes) -> ToSqlOutput<'_> {
    match std::str::from_utf8(raw) {
        Ok(text) => ToSqlOutput::from(text),
        Err(_) => ToSqlOutput::from(&raw[..]),
    }
}

pub(super) fn versions(
    db: &mut Db,
    connection: ConnectionId,
    kind: RecordKind,
    ids: &[String],
) -> Result<Vec<Option<StoredVersion>>, StoreError> {
    let tx = db.transaction()?;
    ids.iter().map(|id| version(&tx, connection, kind, id)).collect()
}

fn version(
    db: &Db,
    connection: ConnectionId,
    kind: RecordKind,
    id: &str,
) -> Result<Option<StoredVersion>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {HEAD}, answered, fingerprint, revision FROM records
         WHERE connection = ? AND kind = ? AND id = ?"
    ))?;
    let mut rows = statement.query(params![connection.to_string(), kind_name(kind), id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(StoredVersion {
        head: row::head(row)?,
        answered: instant(row, AFTER_HEAD)?,
        fingerprint: u128::from_be_bytes(row.get(AFTER_HEAD + 1)?),
        revision: unsigned(row, AFTER_HEAD + 2)?,
    }))
}

fn raw(db: &Db, connection: ConnectionId, kind: RecordKind, id: &str) -> Result<Vec<u8>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT raw FROM records WHERE connection = ? AND kind = ? AND id = ?")?;
    let mut rows = statement.query(params![connection.to_string(), kind_name(kind), id])?;
    let row = rows.next()?.ok_or_else(|| unreadable("record"))?;
    row::raw(row, 0).map(<[u8]>::to_vec)
}

fn last_revision(db: &Db, connection: ConnectionId) -> Result<u64, StoreError> {
    let mut statement = db.prepare_cached("SELECT revision FROM connections WHERE id = ?")?;
    let mut rows = statement.query([connection.to_string()])?;
    rows.next()?.map_or(Err(StoreError::Gone), |row| unsigned(row, 0))
}
