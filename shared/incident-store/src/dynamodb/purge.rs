//! Deleting a removed connection's records.

use super::DynamoStore;
use super::calls::Asked;
use super::keys;
use crate::{ConnectionId, StoreError};

/// How many keys are held in memory at a time.
const AT_ONCE: usize = 1_000;

/// Deletes all of them. The connection is being removed, so nothing is added meanwhile.
pub(super) async fn purge(store: &DynamoStore, id: ConnectionId) -> Result<(), StoreError> {
    loop {
        let asked = Asked {
            partition: keys::records(id),
            projection: "#pk, #sk",
            consistent: true,
            limit: Some(AT_ONCE),
            ..Asked::default()
        };
        let found = store.query(&asked).await?;
        if found.is_empty() {
            return Ok(());
        }
        store.delete_all(&found).await?;
    }
}
