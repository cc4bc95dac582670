//! What a person entered, cleaned and checked as the connection test does.

use graph_auth::{Cause, Credential, Identity};
use incident_store::{ClientSecrets as _, Connection, SecretError};
use secrecy::SecretString;
use test_connection::{Candidate, Input};

use crate::desk::Desk;
use crate::failure::Failure;

/// `text` as the test takes it.
pub(crate) fn input(tenant_id: &str, client_id: &str, cloud: &str, client_secret: SecretString) -> Input {
    Input { tenant_id: tenant_id.into(), client_id: client_id.into(), cloud: cloud.into(), client_secret }
}

/// Refuses ids that cannot be right, before a secret is asked for.
pub(crate) fn check_ids(tenant_id: &str, client_id: &str) -> Result<(), Failure> {
    match input(tenant_id, client_id, "", "".into()).candidate() {
        Ok(_) | Err(Cause::SecretMissing) => Ok(()),
        Err(cause) => Err(refusal(cause)),
    }
}

/// Input that cannot be right, in plain words.
pub(crate) fn refusal(cause: Cause) -> Failure {
    let explanation = cause.explain();
    Failure::Usage(format!("{} {}", explanation.message, explanation.remedy))
}

/// A stored connection with its secret, as the test takes it.
///
/// # Errors
/// [`SecretError`], when there is no secret to test.
pub(crate) async fn stored(desk: &Desk, connection: &Connection) -> Result<Candidate, SecretError> {
    let secret = desk.secrets.client_secret(connection.id, true).await?;
    Ok(with_secret(connection, secret))
}

/// A stored connection with another secret.
pub(crate) fn with_secret(connection: &Connection, secret: SecretString) -> Candidate {
    let settings = &connection.settings;
    Candidate {
        identity: Identity {
            tenant_id: settings.tenant_id,
            client_id: settings.client_id,
            credential: Credential::ClientSecret(secret),
        },
        cloud: settings.cloud.clone(),
        since: Some(settings.since),
    }
}
