//! Removing a connection.

use graph_http::Transport;
use http_api::{Attempts, Caller};
use incident_store::{
    Connection, ConnectionId, Connections, Groups, Lifecycle, Records, SecretVault, StoreError, SyncStore,
};

use crate::admin::LOOKS;
use crate::clean::finish;
use crate::{Admin, Expected, Refusal};

impl<S: Connections + Groups + SyncStore, V: SecretVault, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Removes a connection: from then on nothing is written for it, a running sync's last page included; then
    /// its secret goes, and its records go or stay. Removing again what is being removed finishes it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Changed`], or when something cannot answer.
    pub async fn remove(
        &self,
        caller: &Caller,
        id: ConnectionId,
        expected: &Expected,
        records: Records,
    ) -> Result<(), Refusal> {
        for _ in 0..LOOKS {
            let connection = self.there(caller, id).await?;
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
