//! Where client secrets come from, and how they are changed.

use std::future::Future;

use secrecy::SecretString;
use uuid::Uuid;

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

/// One version of a connection's secret, named by who writes it: a version that is written twice is the same
/// one, so a repeated request is harmless. Secrets Manager's `ClientRequestToken`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretVersion(pub Uuid);

/// Keeps client secrets and changes them so that no reader ever finds none: a new version stands beside the
/// current one until it takes its place. With Secrets Manager the new one is `AWSPENDING` and the current one
/// `AWSCURRENT`; on the desk both stand in one file. It reads none: who may change a secret need not be who may read it.
pub trait SecretVault: Send + Sync {
    /// Puts `secret` beside the current one, in place of what was put there before. Of a connection that has
    /// none it may be the current one at once.
    ///
    /// # Errors
    /// [`SecretError::Missing`] after [`SecretVault::remove`].
    fn stage(
        &self,
        id: ConnectionId,
        version: SecretVersion,
        secret: SecretString,
    ) -> impl Future<Output = Result<(), SecretError>> + Send;

    /// Makes `version` the current one, in one step. Of no effect when it is.
    ///
    /// # Errors
    /// [`SecretError::Missing`] when it is not there: another one was staged, or all were removed.
    fn promote(
        &self,
        id: ConnectionId,
        version: SecretVersion,
    ) -> impl Future<Output = Result<(), SecretError>> + Send;

    /// Takes a staged version back. Of no effect when it is not there, or is the current one.
    ///
    /// # Errors
    /// Only when the vault cannot answer.
    fn discard(
        &self,
        id: ConnectionId,
        version: SecretVersion,
    ) -> impl Future<Output = Result<(), SecretError>> + Send;

    /// Removes all versions, for good: nothing is staged for this id from then on. Of no effect when there are
    /// none.
    ///
    /// # Errors
    /// Only when the vault cannot answer.
    fn remove(&self, id: ConnectionId) -> impl Future<Output = Result<(), SecretError>> + Send;
}

/// There is no secret to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// None is stored for this connection: it must be entered again.
    #[error("no client secret is stored for this connection")]
    Missing,
    /// The place where secrets are kept does not answer; what was asked may or may not have happened. Try
    /// again later.
    #[error("the client secret cannot be read or written now: {0}")]
    Unavailable(String),
}
