//! The parts a sync is made of.

use graph_auth::EndpointOverride;
use graph_http::{Deadline, Transport};
use graph_security::Graph;
use incident_store::{ClientSecrets, ConnectionId, Connections, StoreError, SyncStore};

use crate::Report;

/// Syncs connections: the store, the network and the secrets behind their ports.
#[derive(Debug)]
pub struct Syncer<S, T, K> {
    /// Connections, checkpoints and records.
    pub store: S,
    /// Entra and Graph.
    pub graph: Graph<T>,
    /// Client secrets.
    pub secrets: K,
    /// Entra and Graph of one's own, in place of every cloud's.
    pub endpoints: EndpointOverride,
    /// How it syncs.
    pub settings: Settings,
}

/// How it syncs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Requests to Graph for each connection.
    pub budget: Budget,
    /// The seed of all randomness: request ids and jitter.
    pub seed: u64,
}

/// How many requests one connection may cost its tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Microsoft's published limits, read most strictly: 50 a minute and 1,500 an hour.
    Microsoft,
    /// None: for a server of one's own, whose 429 decides.
    Unlimited,
}

impl<S: Connections + SyncStore, T: Transport, K: ClientSecrets> Syncer<S, T, K> {
    /// One sync of one connection, due or not, until `deadline` at the latest.
    ///
    /// # Errors
    /// Only when the store fails; what is wrong with the connection stands in the report.
    pub async fn sync(&self, id: ConnectionId, deadline: Deadline) -> Result<Report, StoreError> {
        let _ = (id, deadline);
        todo!()
    }

    /// One sync of every connection that is due, `parallel` at a time.
    ///
    /// # Errors
    /// Only when the store cannot say what is due; a connection's own failure is its own.
    pub async fn sync_due(
        &self,
        deadline: Deadline,
        parallel: usize,
    ) -> Result<Vec<(ConnectionId, Result<Report, StoreError>)>, StoreError> {
        let _ = (deadline, parallel);
        todo!()
    }
}
