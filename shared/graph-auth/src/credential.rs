//! Who we are to Entra.

use secrecy::SecretString;
use uuid::Uuid;

/// How an application proves itself.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A client secret's *value*.
    ClientSecret(SecretString),
}

/// An application in a tenant, and its credential. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Directory (tenant) ID.
    pub tenant_id: Uuid,
    /// Application (client) ID.
    pub client_id: Uuid,
    /// Its proof.
    pub credential: Credential,
}
