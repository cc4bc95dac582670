//! What went wrong, by what the caller does next.

/// A store's failure.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another run took the lease: stop, write nothing more.
    #[error("another run has taken this connection's lease")]
    Fenced,
    /// The connection was removed: stop, there is nothing to write to.
    #[error("the connection does not exist, or was removed")]
    Gone,
    /// Somebody changed the connection since it was read: read it again.
    #[error("the connection was changed by somebody else meanwhile")]
    Stale,
    /// The group has a connection for this tenant and client already.
    #[error("connection {0} is for this tenant and client already")]
    Duplicate(crate::ConnectionId),
    /// The store cannot answer now; what was asked may or may not have happened. Try again later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What the store holds cannot be read by this version.
    #[error("the store holds what this version cannot read: {0}")]
    Corrupt(String),
}
