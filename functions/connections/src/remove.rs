//! Removing a connection.

use graph_http::Transport;
use http_api::Attempts;
use incident_store::{
    Connection, ConnectionId, Connections, Lifecycle, Records, SecretVault, StoreError, SyncStore,
};

use crate::admin::LOOKS;
use crate::clean::finish;
use crate::{Admin, Expected, Refusal};

impl<S: Connections + SyncStore, V: SecretVault, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Removes a connection: from then on nothing is written for it, a running sync's last page included; then
    /// its secret goes, and its records go or stay. Removing again what is being removed finishes it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Changed`], or when something cannot answer.
    pub async fn remove(
        &self,
        owner: &str,
        id: ConnectionId,
        expected: &Expected,
        records: Records,
    ) -> Result<(), Refusal> {
        for _ in 0..LOOKS {
            let there = self.store.connection(id).await?.filter(|there| there.settings.owner == owner);
            let connection = there.ok_or(Refusal::NotFound)?;
            if connection.lifecycle == Lifecycle::Removing {
                return finish(&self.store, &self.vault, &connection).await;
            }
            expected.check(&connection)?;
            let removing = Connection { lifecycle: Lifecycle::Removing, records, ..connection };
            match self.store.update(&removing).await {
                Ok(removing) => return finish(&self.store, &self.vault, &removing).await,
                // Somebody changed it, or removes it as well.
                Err(StoreError::Stale | StoreError::Gone) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::Changed)
    }
}
