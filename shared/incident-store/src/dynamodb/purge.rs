//! Deleting a removed connection's records.

use super::DynamoStore;
use super::calls::Asked;
use super::change::Change;
use super::keys;
use crate::{ConnectionId, StoreError};

/// How many keys are held in memory at a time.
const AT_ONCE: usize = 1_000;

/// Deletes all of them, and notes then that nothing is left to be deleted. The connection is a tombstone, so
/// nothing is added meanwhile; what a call that was cut short has left, the next one deletes.
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
            break;
        }
        store.delete_all(&found).await?;
    }
    store.update(&keys::connection(id), &Change::default().remove("purging")).await?;
    Ok(())
}
