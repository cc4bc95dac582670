//! What a person entered, cleaned and checked as the connection test does.

use graph_auth::Cause;
use secrecy::SecretString;
use test_connection::Input;

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
