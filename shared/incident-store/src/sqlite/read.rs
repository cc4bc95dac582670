//! Reading incidents, a page at a time.

use super::SqliteStore;
use super::query::Query;
use super::records::{IncidentFilter, Page, StoredRecord};
use super::row::signed;
use crate::{ConnectionId, StoreError};

impl SqliteStore {
    /// The incidents that `filter` lets through, newest first.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn incidents(
        &self,
        filter: &IncidentFilter,
        page: &Page,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let mut query = Query::of("records WHERE kind = 'incident'");
        query.filter(filter);
        query.newest_first(page);
        self.worker.run(move |db| query.run(db)).await
    }

    /// One incident, a merged one included. Its alerts: [`SqliteStore::alerts_of`].
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn incident(
        &self,
        connection: ConnectionId,
        id: &str,
    ) -> Result<Option<StoredRecord>, StoreError> {
        let mut query = Query::of("records WHERE kind = 'incident'");
        query.and("connection = ?", [connection.to_string().into()]);
        query.and("id = ?", [id.to_owned().into()]);
        self.worker.run(move |db| Ok(query.run(db)?.pop())).await
    }

    /// At most `limit` of a connection's records that changed after `revision`, in the order they did.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    pub async fn changed_since(
        &self,
        connection: ConnectionId,
        revision: u64,
        limit: usize,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let mut query = Query::of("records WHERE TRUE");
        query.and("connection = ?", [connection.to_string().into()]);
        query.and("revision > ?", [signed(revision).into()]);
        query.end(" ORDER BY revision LIMIT ?", [signed(limit).into()]);
        self.worker.run(move |db| query.run(db)).await
    }
}
