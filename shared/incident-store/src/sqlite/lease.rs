//! When a connection is due, who may write for it, and what a run leaves for the next one.

use jiff::Timestamp;
use rusqlite::{Connection as Db, Row, TransactionBehavior, named_params, params};

use super::row::{self, AFTER_CONNECTION, CONNECTION, optional_instant, signed, unsigned};
use crate::believed::{LONGEST_LEASE, LONGEST_WAIT};
use crate::schedule::TICK;
use crate::{
    Claim, Claimed, Connection, ConnectionId, Due, Found, Lease, Progress, Seen, StoreError, SyncState, ticks,
};

pub(super) fn due(db: &Db, now: Timestamp, limit: usize) -> Result<Found<Due>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {CONNECTION}, next_due, last_attempt FROM connections WHERE lifecycle = 'connected' AND
             (next_due <= :now OR (next_due > :now + :longest_wait AND next_due > :now + interval_ms * 10000))
         ORDER BY next_due, id LIMIT :limit",
    ))?;
    let wanted = named_params! {
        ":now": ticks::from_instant(now),
        ":longest_wait": ticks::from_duration(LONGEST_WAIT),
        ":limit": signed(limit),
    };
    let due = statement.query_and_then(wanted, |row| {
        let Connection { id, settings, .. } = row::connection(row)?;
        let next_due = optional_instant(row, AFTER_CONNECTION)?.unwrap_or_default();
        Ok(Due::of(id, settings, next_due, optional_instant(row, AFTER_CONNECTION + 1)?))
    })?;
    due.collect::<Result<Vec<_>, StoreError>>().map(Found::from)
}

pub(super) fn claim(db: &mut Db, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let claimed = match take(&tx, id, claim)? {
        Some(held) => held,
        None => why_not(&tx, id, claim)?,
    };
    tx.commit()?;
    Ok(claimed)
}

fn take(db: &Db, id: ConnectionId, claim: Claim) -> Result<Option<Claimed>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "UPDATE connections SET fence = fence + 1, lease_until = :until, last_attempt = :now,
             next_due = :next_due
         WHERE id = :id AND lifecycle = 'connected'
             AND (lease_until IS NULL OR lease_until <= :now OR lease_until > :now + :longest_lease)
             AND (:slot IS NULL OR last_attempt IS NULL OR last_attempt < :slot OR last_attempt > :now + :tick)
         RETURNING {CONNECTION}, fence, checkpoint, status"
    ))?;
    let mut rows = statement.query(named_params! {
        ":id": id.to_string(),
        ":now": ticks::from_instant(claim.now),
        ":until": ticks::from_instant(claim.until),
        ":longest_lease": ticks::from_duration(LONGEST_LEASE),
        ":next_due": ticks::from_instant(claim.next_due),
        ":slot": claim.slot.map(ticks::from_instant),
        ":tick": ticks::from_duration(TICK),
    })?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Claimed::Held {
        lease: Lease { connection: id, fence: unsigned(row, AFTER_CONNECTION)? },
        connection: row::connection(row)?,
        state: sync_state(row, AFTER_CONNECTION + 1)?,
    }))
}

fn why_not(db: &Db, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT lease_until, last_attempt FROM connections WHERE id = ? AND lifecycle = 'connected'",
    )?;
    let mut rows = statement.query([id.to_string()])?;
    let Some(row) = rows.next()? else { return Ok(Claimed::Inactive) };
    if claim.is_over(optional_instant(row, 1)?) {
        return Ok(Claimed::Over);
    }
    Ok(optional_instant(row, 0)?.map_or(Claimed::Inactive, |until| Claimed::Busy { until }))
}

pub(super) fn look(db: &Db, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {CONNECTION}, fence, checkpoint, status, last_attempt FROM connections
         WHERE id = ? AND lifecycle NOT IN ('removed', 'kept')"
    ))?;
    let mut rows = statement.query([id.to_string()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Seen {
        connection: row::connection(row)?,
        state: sync_state(row, AFTER_CONNECTION + 1)?,
        last_attempt: optional_instant(row, AFTER_CONNECTION + 3)?,
        fence: unsigned(row, AFTER_CONNECTION)?,
        state_fence: None,
    }))
}

pub(super) fn save(
    db: &mut Db,
    lease: &Lease,
    state: &SyncState,
    next_due: Option<Timestamp>,
) -> Result<(), StoreError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    may_write(&tx, lease)?;
    tx.prepare_cached(
        "UPDATE connections SET checkpoint = :checkpoint, status = :status,
             next_due = coalesce(:next_due, next_due)
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": lease.connection.to_string(),
        ":checkpoint": state.checkpoint,
        ":status": state.status,
        ":next_due": next_due.map(ticks::from_instant),
    })?;
    tx.commit()?;
    Ok(())
}

pub(super) fn release(db: &Db, lease: &Lease) -> Result<(), StoreError> {
    db.prepare_cached("UPDATE connections SET lease_until = NULL WHERE id = ? AND fence = ?")?
        .execute(params![lease.connection.to_string(), signed(lease.fence)])?;
    Ok(())
}

/// Whether `lease` may still write; asked in the transaction that then writes.
pub(super) fn may_write(db: &Db, lease: &Lease) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT fence FROM connections WHERE id = ? AND lifecycle IN ('pending', 'connected', 'paused')",
    )?;
    let mut rows = statement.query([lease.connection.to_string()])?;
    let row = rows.next()?.ok_or(StoreError::Gone)?;
    if unsigned(row, 0)? == lease.fence { Ok(()) } else { Err(StoreError::Fenced) }
}

pub(super) fn state(db: &Db, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
    let mut statement = db.prepare_cached("SELECT checkpoint, status FROM connections WHERE id = ?")?;
    let mut rows = statement.query([id.to_string()])?;
    match rows.next()? {
        Some(row) => sync_state(row, 0),
        None => Ok(None),
    }
}

pub(super) fn progress(db: &Db, id: ConnectionId) -> Result<Progress, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT coalesce(status, ''), last_attempt, next_due FROM connections
         WHERE id = ? AND lifecycle NOT IN ('removed', 'kept')",
    )?;
    let mut rows = statement.query([id.to_string()])?;
    let Some(row) = rows.next()? else { return Ok(Progress::default()) };
    Ok(Progress {
        status: row.get(0)?,
        last_attempt: optional_instant(row, 1)?,
        next_due: optional_instant(row, 2)?,
        unreadable: false,
    })
}

fn sync_state(row: &Row<'_>, column: usize) -> Result<Option<SyncState>, StoreError> {
    let checkpoint: Option<String> = row.get(column)?;
    let status: Option<String> = row.get(column + 1)?;
    Ok(checkpoint.zip(status).map(|(checkpoint, status)| SyncState { checkpoint, status }))
}
