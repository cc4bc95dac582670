//! Where client secrets come from: one method.

use std::future::Future;

use secrecy::SecretString;

use crate::ConnectionId;

/// Gives a connection's client secret. Secrets Manager on AWS, a file of mode 0600 on the desk.
pub trait ClientSecrets: Send + Sync {
    /// The current secret; `fresh` reads past any cache, for when Entra has just refused the cached one.
    ///
    /// # Errors
    /// [`SecretError`], by what to do next.
    fn client_secret(
        &self,
        id: ConnectionId,
        fresh: bool,
    ) -> impl Future<Output = Result<SecretString, SecretError>> + Send;
}

/// There is no secret to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// None is stored for this connection: it must be entered again.
    #[error("no client secret is stored for this connection")]
    Missing,
    /// The place where secrets are kept does not answer. Try again later.
    #[error("the client secret cannot be read now: {0}")]
    Unavailable(String),
}
