//! The store itself: a client, and a table.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_dynamodb::Client;

use super::memory::Leases;

/// A client that is made when it is first used, and then shared. When it is made, an AWS client reads its table of
/// regions and compiles the patterns in it: half a million instructions, as many as all else of a function's start.
pub type Late<C> = Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>;

/// A [`Late`] client.
pub fn late<C>(make: impl FnOnce() -> C + Send + 'static) -> Late<C> {
    Arc::new(LazyLock::new(Box::new(make)))
}

/// A store in one DynamoDB table.
#[derive(Debug)]
pub struct DynamoStore {
    pub(super) client: Late<Client>,
    pub(super) table: String,
    pub(super) retention: Option<Duration>,
    pub(super) leases: Leases,
}

impl DynamoStore {
    /// The store in `table`. Calls nothing.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self::shared(late(move || client), table)
    }

    /// The same, over a client that others may have as well.
    #[must_use]
    pub fn shared(client: Late<Client>, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), retention: None, leases: Leases::default() }
    }

    /// A record goes when it has not changed for so long; without this it stays as long as its connection.
    /// It should be longer than the 180 days that a first sync may go back: what has gone and is read again
    /// is new again.
    #[must_use]
    pub fn with_retention(self, retention: Duration) -> Self {
        Self { retention: Some(retention), ..self }
    }
}
