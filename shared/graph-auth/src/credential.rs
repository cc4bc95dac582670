//! Who we are to Entra.

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// How an application proves itself.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A client secret's *value*.
    ClientSecret(SecretString),
}

impl Credential {
    /// Whether it is the same proof.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let (Self::ClientSecret(one), Self::ClientSecret(two)) = (self, other);
        one.expose_secret() == two.expose_secret()
    }
}

impl Identity {
    /// Whether it is the same application with the same proof.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.tenant_id, self.client_id) == (other.tenant_id, other.client_id)
            && self.credential.is_same(&other.credential)
    }
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
