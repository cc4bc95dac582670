//! Removing a connection.

use graph_http::Transport;
use http_api::Attempts;
use incident_store::{Connection, ConnectionId, Connections, Lifecycle, Records, SecretVault, SyncStore};

use crate::admin::LOOKS;
use crate::clean::finish;
use crate::trail::{self, Made, Outcome};
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
                trail::write(owner, id, Made::Removed(connection.records), Outcome::Made);
                return finish(&self.store, &self.vault, &connection).await;
            }
            expected.check(&connection)?;
            let removing = Connection { lifecycle: Lifecycle::Removing, records, ..connection };
            let answer = self.store.update(&removing).await.map_err(Refusal::from);
            // From here on it is removed, whatever becomes of the rest.
            trail::answered(owner, id, Made::Removed(records), &answer);
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
