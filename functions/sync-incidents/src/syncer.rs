//! The parts a sync is made of.

use std::time::Duration;

use graph_auth::EndpointOverride;
use graph_security::Graph;
use jiff::SignedDuration;

use crate::Budget;

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
    /// An unchanged success is written at most this often, and a connection's turns in between are looks; zero writes
    /// every one and never looks.
    pub success_every: SignedDuration,
    /// How much longer than its run a lease lives: by more than the clocks of those who share the store
    /// may differ. It is also how long the next run waits after one that was killed.
    pub lease_margin: Duration,
    /// The seed of all randomness: request ids and jitter.
    pub seed: u64,
}
