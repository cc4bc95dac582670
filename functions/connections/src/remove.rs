//! Removing a connection.

use graph_http::Transport;
use http_api::{Attempts, Caller};
use incident_store::{
    Connection, ConnectionId, Connections, Groups, Lifecycle, Records, SecretVault, SyncStore,
};

use crate::admin::LOOKS;
use crate::clean::finish;
use crate::trail::{self, Made, Outcome};
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
                trail::write(caller, id, Made::Removed(connection.records), Outcome::Made);
                return finish(&self.store, &self.vault, &connection).await;
            }
            expected.check(&connection)?;
            let removing = Connection { lifecycle: Lifecycle::Removing, records, ..connection };
            let answer = self.store.update(&removing).await.map_err(Refusal::from);
            // From here on it is removed, whatever becomes of the rest.
            trail::answered(caller, id, Made::Removed(records), &answer);
            match answer {
                Ok(removing) => return finish(&self.store, &self.vault, &removing).await,
                // Somebody changed it, or removes it as well.
                Err(Refusal::Changed | Refusal::NotFound) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Err(Refusal::Changed)
    }
}
