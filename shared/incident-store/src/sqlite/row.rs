//! Values as rows have them, and back.

use std::time::Duration;

use graph_security::Head;
use jiff::Timestamp;
use rusqlite::Row;

use crate::stored::{cloud, lifecycle, unreadable};
use crate::{Capabilities, Connection, ConnectionId, NewConnection, Records, StoreError, ticks};

/// What [`connection`] reads, from its first column on.
pub(super) const CONNECTION: &str = "id, group_id, name, tenant_id, client_id, cloud, simulator, since, \
     interval_ms, secret_expires, lifecycle, created, version, write_back, custom_detections, keep_records";

/// What else a query selects begins here.
pub(super) const AFTER_CONNECTION: usize = 16;

/// What [`head`] reads, from column 0 on; what else a query selects begins at [`AFTER_HEAD`].
pub(super) const HEAD: &str = "id, created, updated, title, status, severity, classification, \
     determination, assigned_to, incident_id, redirect_incident_id";
pub(super) const AFTER_HEAD: usize = 11;

pub(super) fn connection(row: &Row<'_>) -> Result<Connection, StoreError> {
    let simulator: Option<String> = row.get(6)?;
    let settings = NewConnection {
        group: row.get::<_, String>(1)?.into(),
        name: row.get(2)?,
        tenant_id: parse(row, 3, "tenant id")?,
        client_id: parse(row, 4, "client id")?,
        cloud: cloud(&row.get::<_, String>(5)?, simulator.as_deref())?,
        since: instant(row, 7)?,
        interval: Duration::from_millis(unsigned(row, 8)?),
        secret_expires: match row.get::<_, Option<String>>(9)? {
            Some(day) => Some(day.parse().map_err(|_| unreadable("day"))?),
            None => None,
        },
    };
    Ok(Connection {
        id: connection_id(row, 0)?,
        settings,
        lifecycle: lifecycle(&row.get::<_, String>(10)?)?,
        capabilities: Capabilities { write_back: row.get(13)?, custom_detections: row.get(14)? },
        records: if row.get(15)? { Records::Keep } else { Records::Remove },
        created: instant(row, 11)?,
        version: unsigned(row, 12)?,
    })
}

pub(super) fn head(row: &Row<'_>) -> Result<Head, StoreError> {
    Ok(Head {
        id: row.get(0)?,
        created: optional_instant(row, 1)?,
        updated: optional_instant(row, 2)?,
        title: row.get(3)?,
        status: row.get(4)?,
        severity: row.get(5)?,
        classification: row.get(6)?,
        determination: row.get(7)?,
        assigned_to: row.get(8)?,
        incident_id: row.get(9)?,
        redirect_incident_id: row.get(10)?,
    })
}

pub(super) fn connection_id(row: &Row<'_>, column: usize) -> Result<ConnectionId, StoreError> {
    parse(row, column, "connection id")
}

pub(super) fn instant(row: &Row<'_>, column: usize) -> Result<Timestamp, StoreError> {
    ticks::to_instant(row.get(column)?).ok_or_else(|| unreadable("instant"))
}

pub(super) fn optional_instant(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, StoreError> {
    match row.get::<_, Option<i64>>(column)? {
        Some(ticks) => ticks::to_instant(ticks).map(Some).ok_or_else(|| unreadable("instant")),
        None => Ok(None),
    }
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| unreadable("number"))
}

/// For the numbers that SQLite counts for us, and for limits: none comes near the end of its range.
pub(super) fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn parse<T: std::str::FromStr>(row: &Row<'_>, column: usize, what: &str) -> Result<T, StoreError> {
    row.get::<_, String>(column)?.parse().map_err(|_| unreadable(what))
}

/// A record's bytes, which are text unless they are not UTF-8.
pub(super) fn raw<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], StoreError> {
    row.get_ref(column)?.as_bytes().map_err(|_| unreadable("body"))
}
