//! Reading alerts: those of an incident, and those of none.

use std::collections::BTreeSet;

use rusqlite::{Connection as Db, params};

use super::query::{Query, list};
use super::{Page, SqliteStore, StoredRecord};
use crate::redirect::{self, Found};
use crate::{ConnectionId, StoreError};

impl SqliteStore {
    /// The alerts of an incident and of all that were merged into it, newest first. An incident that was
    /// itself merged has none: see [`SqliteStore::home_of`].
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn alerts_of(
        &self,
        connection: ConnectionId,
        incident: &str,
        page: &Page,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let (incident, page) = (incident.to_owned(), page.clone());
        self.worker
            .run(move |db| {
                let tx = db.transaction()?;
                if home(&tx, connection, &incident)?.is_none_or(|home| home != incident) {
                    return Ok(Vec::new());
                }
                let incidents = merged_into(&tx, connection, incident)?;
                of_incidents(connection, &incidents, &page).run(&tx)
            })
            .await
    }

    /// The incident that an incident was merged into at last, itself where it was not; `None` where the
    /// store does not have it. See [`redirect::home`].
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn home_of(
        &self,
        connection: ConnectionId,
        incident: &str,
    ) -> Result<Option<String>, StoreError> {
        let incident = incident.to_owned();
        self.worker.run(move |db| home(&*db.transaction()?, connection, &incident)).await
    }

    /// The incidents whose redirects lead to this one, directly or through others.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn merged_into(
        &self,
        connection: ConnectionId,
        incident: &str,
    ) -> Result<Vec<String>, StoreError> {
        let incident = incident.to_owned();
        self.worker
            .run(move |db| {
                let mut incidents = merged_into(&*db.transaction()?, connection, incident.clone())?;
                incidents.retain(|id| *id != incident);
                Ok(incidents)
            })
            .await
    }

    /// The alerts, of one connection or of all, whose incident the store does not have, newest first.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn orphan_alerts(
        &self,
        connection: Option<ConnectionId>,
        page: &Page,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let mut query = Query::of(
            "records WHERE kind = 'alert' AND NOT EXISTS (SELECT 1 FROM records AS incident
                 WHERE incident.connection = records.connection AND incident.kind = 'incident'
                     AND incident.id = records.incident_id)",
        );
        if let Some(connection) = connection {
            query.and("connection = ?", [connection.to_string().into()]);
        }
        query.newest_first(page);
        self.worker.run(move |db| query.run(db)).await
    }
}

fn home(db: &Db, connection: ConnectionId, incident: &str) -> Result<Option<String>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT redirect_incident_id FROM records WHERE connection = ? AND kind = 'incident' AND id = ?",
    )?;
    redirect::home(incident, |id| {
        let mut rows = statement.query(params![connection.to_string(), id])?;
        let Some(row) = rows.next()? else { return Ok(Found::Absent) };
        Ok(row.get::<_, Option<String>>(0)?.map_or(Found::Incident, Found::Redirected))
    })
}

/// `incident` and all whose redirects lead to it.
fn merged_into(db: &Db, connection: ConnectionId, incident: String) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM records WHERE connection = ? AND kind = 'incident' AND redirect_incident_id = ?",
    )?;
    let mut found = BTreeSet::from([incident.clone()]);
    let mut open = vec![incident];
    while let Some(target) = open.pop() {
        let mut rows = statement.query(params![connection.to_string(), target])?;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            if found.insert(id.clone()) {
                open.push(id);
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn of_incidents(connection: ConnectionId, incidents: &[String], page: &Page) -> Query {
    // Left to itself SQLite goes through all of the connection's alerts, for they stand in the wanted order.
    let mut query = Query::of("records INDEXED BY alerts_of_incident WHERE kind = 'alert'");
    query.and("connection = ?", [connection.to_string().into()]);
    query.and("incident_id IN (SELECT value FROM json_each(?))", [list(incidents)]);
    query.newest_first(page);
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incidents_alerts_are_found_by_its_id_not_by_going_through_all() {
        let connection = ConnectionId::new(jiff::Timestamp::UNIX_EPOCH, [0; 10]);
        let query = of_incidents(connection, &["1".into()], &Page { limit: 1, after: None });
        let plan = query.plan(&super::super::open::memory().unwrap());
        assert!(plan.contains("INDEX alerts_of_incident (connection=? AND incident_id=?)"), "{plan}");
    }
}
