//! Numbers over what is stored, and when connections are synced.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Row, named_params};

use super::SqliteStore;
use super::row::{connection_id, instant, optional_instant, signed, unsigned};
use crate::{ConnectionId, StoreError, ticks};

/// How much of one connection is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Whose.
    pub connection: ConnectionId,
    /// What people call it.
    pub name: Option<String>,
    /// It was removed and its records kept.
    pub removed: bool,
    /// How many incidents.
    pub incidents: u64,
    /// How many alerts.
    pub alerts: u64,
}

/// The incidents of one severity that were created in one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// When the span begins.
    pub start: Timestamp,
    /// Their severity as sent.
    pub severity: Option<String>,
    /// How many.
    pub incidents: u64,
}

/// When a connection is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// When it is due, whether or not it is connected.
    pub next_due: Timestamp,
    /// When a run last began.
    pub last_attempt: Option<Timestamp>,
    /// Until when a run holds it at most.
    pub lease_until: Option<Timestamp>,
}

impl SqliteStore {
    /// What is stored of each connection, oldest first; removed ones whose records were kept included.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn counts(&self) -> Result<Vec<Counts>, StoreError> {
        let sql = "SELECT id, name, lifecycle = 'kept',
                 (SELECT count(*) FROM records WHERE connection = c.id AND kind = 'incident'),
                 (SELECT count(*) FROM records WHERE connection = c.id AND kind = 'alert')
             FROM connections AS c WHERE lifecycle <> 'removed' ORDER BY created, id";
        self.worker.run(|db| db.prepare_cached(sql)?.query_and_then([], counts)?.collect()).await
    }

    /// How many incidents were created in each span of `width` (at least a second) from `since` until
    /// before `until`, by severity; earliest first, spans without any left out.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn incidents_over_time(
        &self,
        connection: Option<ConnectionId>,
        since: Timestamp,
        until: Timestamp,
        width: Duration,
    ) -> Result<Vec<Bucket>, StoreError> {
        let width = signed(width.max(Duration::from_secs(1)).as_nanos() / 100);
        let sql = "SELECT :since + (created - :since) / :width * :width AS start, severity, count(*)
             FROM records
             WHERE kind = 'incident' AND created >= :since AND created < :until
                 AND (:connection IS NULL OR connection = :connection)
             GROUP BY start, severity ORDER BY start, severity";
        self.worker
            .run(move |db| {
                let mut statement = db.prepare_cached(sql)?;
                let range = named_params! {
                    ":since": ticks::from_instant(since),
                    ":until": ticks::from_instant(until),
                    ":width": width,
                    ":connection": connection.map(|id| id.to_string()),
                };
                statement.query_and_then(range, bucket)?.collect()
            })
            .await
    }

    /// When a connection is synced; `None` for one that does not exist.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn schedule(&self, id: ConnectionId) -> Result<Option<Schedule>, StoreError> {
        let sql = "SELECT next_due, last_attempt, lease_until FROM connections
             WHERE id = ? AND lifecycle NOT IN ('removed', 'kept')";
        self.worker
            .run(move |db| {
                let mut statement = db.prepare_cached(sql)?;
                let mut rows = statement.query([id.to_string()])?;
                rows.next()?.map(schedule).transpose()
            })
            .await
    }
}

fn counts(row: &Row<'_>) -> Result<Counts, StoreError> {
    Ok(Counts {
        connection: connection_id(row, 0)?,
        name: row.get(1)?,
        removed: row.get(2)?,
        incidents: unsigned(row, 3)?,
        alerts: unsigned(row, 4)?,
    })
}

fn bucket(row: &Row<'_>) -> Result<Bucket, StoreError> {
    Ok(Bucket { start: instant(row, 0)?, severity: row.get(1)?, incidents: unsigned(row, 2)? })
}

fn schedule(row: &Row<'_>) -> Result<Schedule, StoreError> {
    Ok(Schedule {
        next_due: instant(row, 0)?,
        last_attempt: optional_instant(row, 1)?,
        lease_until: optional_instant(row, 2)?,
    })
}
