//! What interrupted requests have left, and finishing it.

use incident_store::{Connection, Connections, Found, Lifecycle, Records, SecretVault, StoreError};
use jiff::{SignedDuration, Timestamp};

use crate::Refusal;

/// A connection that is pending for so long was interrupted: saving takes two stores' milliseconds, and no
/// request outlives the 30 s that an HTTP API waits.
pub const UNFINISHED_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// What a cleaning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// So many connections are gone, with their secrets.
    pub removed: usize,
    /// So many could not be removed; the next cleaning tries again.
    pub failed: usize,
}

/// Undoes savings and finishes removals that were begun before `before` and interrupted, `limit` of them at
/// most, and counts each in `cleaned` as it is done: also where the cleaning is cut off, what it did is known. Afterwards
/// no secret is left without its connection, and no connection without its secret.
///
/// # Errors
/// When the store cannot say what there is.
pub async fn clean(
    store: &impl Connections,
    vault: &impl SecretVault,
    before: Timestamp,
    limit: usize,
    cleaned: &mut Cleaned,
) -> Result<(), StoreError> {
    let Found { these, unreadable } = store.unfinished(before, limit).await?;
    for connection in unreadable {
        tracing::error!(connection, "a connection's item cannot be read, and cannot be cleaned up");
        cleaned.failed += 1;
    }
    for connection in these {
        let id = connection.id;
        match forget(store, vault, connection).await {
            Ok(()) => cleaned.removed += 1,
            // It was finished meanwhile.
            Err(Refusal::Changed | Refusal::NotFound) => {}
            Err(error) => {
                tracing::warn!(connection = %id, ?error, "an interrupted request cannot be cleaned up now");
                cleaned.failed += 1;
            }
        }
    }
    Ok(())
}

pub(crate) fn is_left_over(connection: &Connection, now: Timestamp) -> bool {
    match connection.lifecycle {
        Lifecycle::Removing => true,
        Lifecycle::Pending => now.duration_since(connection.created) > UNFINISHED_AFTER,
        Lifecycle::Connected | Lifecycle::Paused => false,
    }
}

/// Removes an unfinished connection and its secret. [`Refusal::Changed`] when it was finished meanwhile.
pub(crate) async fn forget(
    store: &impl Connections,
    vault: &impl SecretVault,
    connection: Connection,
) -> Result<(), Refusal> {
    if connection.lifecycle == Lifecycle::Removing {
        return finish(store, vault, &connection).await;
    }
    let removing = Connection { lifecycle: Lifecycle::Removing, records: Records::Remove, ..connection };
    let removing = store.update(&removing).await?;
    finish(store, vault, &removing).await
}

/// The secret first: while the connection is there, a cut before the end is found again.
pub(crate) async fn finish(
    store: &impl Connections,
    vault: &impl SecretVault,
    removing: &Connection,
) -> Result<(), Refusal> {
    vault.remove(removing.id).await?;
    match store.remove(removing.id, removing.records).await {
        Ok(()) | Err(StoreError::Gone) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
