//! A question for records, put together from fixed words; every value is a parameter.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection as Db, Row, params_from_iter};

use super::records::{IncidentFilter, Page, StoredRecord};
use super::row::{self, AFTER_HEAD, HEAD, connection_id, instant, signed, unsigned};
use crate::{StoreError, stored, ticks};

/// What `updated_key` and `created_key` hold in place of no instant: before every instant.
const NO_INSTANT: i64 = -9_000_000_000_000_000_000;

#[derive(Clone, Debug)]
pub(super) struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    /// `source`: a table and a condition.
    pub(super) fn of(source: &'static str) -> Self {
        let others = "connection, kind, revision, first_seen, answered, raw";
        Self { sql: format!("SELECT {HEAD}, {others} FROM {source}"), values: Vec::new() }
    }

    pub(super) fn and(&mut self, condition: &'static str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.end(condition, values);
    }

    pub(super) fn end(&mut self, words: &'static str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(words);
        self.values.extend(values);
    }

    pub(super) fn filter(&mut self, filter: &IncidentFilter) {
        if let Some(connection) = filter.connection {
            self.and("connection = ?", [connection.to_string().into()]);
        }
        if !filter.status.is_empty() {
            self.and("status COLLATE NOCASE IN (SELECT value FROM json_each(?))", [list(&filter.status)]);
        }
        if !filter.severity.is_empty() {
            self.and("severity COLLATE NOCASE IN (SELECT value FROM json_each(?))", [list(&filter.severity)]);
        }
        if let Some(text) = &filter.text {
            let pattern = format!("%{}%", text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"));
            self.and(r"(id = ? OR title LIKE ? ESCAPE '\')", [text.clone().into(), pattern.into()]);
        }
        if let Some(since) = filter.created_since {
            self.and("created_key >= ?", [key(Some(since))]);
        }
        if let Some(since) = filter.updated_since {
            self.and("updated_key >= ?", [key(Some(since))]);
        }
    }

    pub(super) fn newest_first(&mut self, page: &Page) {
        if let Some(after) = page.after.clone() {
            self.and(
                "(updated_key, created_key, id, connection) < (?, ?, ?, ?)",
                [
                    key(after.updated),
                    key(after.created),
                    after.id.into(),
                    after.connection.to_string().into(),
                ],
            );
        }
        self.end(
            " ORDER BY updated_key DESC, created_key DESC, id DESC, connection DESC LIMIT ?",
            [signed(page.limit).into()],
        );
    }

    pub(super) fn run(self, db: &Db) -> Result<Vec<StoredRecord>, StoreError> {
        let mut statement = db.prepare_cached(&self.sql)?;
        let records = statement.query_and_then(params_from_iter(self.values), record)?;
        records.collect()
    }

    /// How SQLite would find the answer.
    #[cfg(test)]
    pub(super) fn plan(self, db: &Db) -> String {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {}", self.sql)).unwrap();
        let steps =
            statement.query_map(params_from_iter(self.values), |row| row.get::<_, String>(3)).unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }
}

fn key(instant: Option<Timestamp>) -> Value {
    instant.map_or(NO_INSTANT, ticks::from_instant).into()
}

/// Texts as one parameter, for `json_each`.
pub(super) fn list(texts: &[String]) -> Value {
    serde_json::Value::from(texts).to_string().into()
}

fn record(row: &Row<'_>) -> Result<StoredRecord, StoreError> {
    Ok(StoredRecord {
        head: row::head(row)?,
        connection: connection_id(row, AFTER_HEAD)?,
        kind: stored::kind(&row.get::<_, String>(AFTER_HEAD + 1)?)?,
        revision: unsigned(row, AFTER_HEAD + 2)?,
        first_seen: instant(row, AFTER_HEAD + 3)?,
        answered: instant(row, AFTER_HEAD + 4)?,
        raw: String::from_utf8_lossy(row::raw(row, AFTER_HEAD + 5)?).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incidents(filter: &IncidentFilter) -> String {
        let mut query = Query::of("records WHERE kind = 'incident'");
        query.filter(filter);
        let connection = crate::ConnectionId::new(Timestamp::UNIX_EPOCH, [0; 10]);
        let after = super::super::Position { updated: None, created: None, id: String::new(), connection };
        query.newest_first(&Page { limit: 1, after: Some(after) });
        query.plan(&super::super::open::memory().unwrap())
    }

    #[test]
    fn a_page_of_incidents_is_read_from_an_index_without_sorting() {
        let everyone = incidents(&IncidentFilter::default());
        assert!(
            everyone.contains("INDEX records_newest (kind=? AND (updated_key,created_key,id,connection)<"),
            "{everyone}"
        );
        assert!(!everyone.contains("TEMP B-TREE"), "{everyone}");

        let connection = Some(crate::ConnectionId::new(Timestamp::UNIX_EPOCH, [0; 10]));
        let one = incidents(&IncidentFilter { connection, ..IncidentFilter::default() });
        assert!(
            one.contains(
                "INDEX records_newest_of_one (connection=? AND kind=? AND (updated_key,created_key,id"
            ),
            "{one}"
        );
        assert!(!one.contains("TEMP B-TREE"), "{one}");
    }
}
