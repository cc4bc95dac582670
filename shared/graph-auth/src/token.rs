//! The token request: one form post, one answer.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use graph_http::retry::{Failure, Tries};
use graph_http::{Answer, Clock, Deadline, Limits, Request, Transport, exchange};
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_TYPE};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::form_urlencoded;

use crate::{AuthError, Cause, Credential, Endpoints, EntraError, Identity};

/// Entra's default lifetime is 60-90 minutes; an answer without `expires_in` is trusted for much less.
const UNSTATED_LIFETIME: Duration = Duration::from_secs(300);

/// A longer `expires_in` counts as this: Entra's access tokens live a day at most.
/// <https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes>
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// A bearer token for Graph. `Debug` shows no token.
#[derive(Clone, Debug)]
pub struct AccessToken {
    secret: SecretString,
    /// When it was asked for, by our own clock.
    pub requested: Timestamp,
    /// `expires_in`, a day at most.
    pub lifetime: Duration,
}

impl AccessToken {
    /// The `Authorization` header, marked sensitive.
    ///
    /// # Errors
    /// [`AuthError::Unintelligible`] when the token has characters that no header can carry.
    pub fn authorization(&self) -> Result<HeaderValue, AuthError> {
        let text = format!("Bearer {}", self.secret.expose_secret());
        let mut value = HeaderValue::try_from(text).map_err(|_| AuthError::Unintelligible { status: 200 })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// What the token says of itself. Graph tokens are opaque to clients by contract and this one is not
    /// verified: a hint for messages, never authentication. `None` where it cannot be read.
    #[must_use]
    pub fn claims(&self) -> Option<Claims> {
        let payload = self.secret.expose_secret().split('.').nth(1)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }
}

/// The claims that explain a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// The granted application permissions; absent from the token when there are none.
    pub roles: Vec<String>,
    /// The tenant it was issued in.
    pub tid: Option<String>,
    /// The application it was issued to.
    pub appid: Option<String>,
}

/// What a token request needs besides the identity.
#[derive(Debug)]
pub struct TokenRequest<'a, T> {
    /// The network.
    pub transport: &'a T,
    /// Our clock, for the token's age.
    pub clock: &'a Clock,
    /// Which Entra, for which Graph.
    pub endpoints: &'a Endpoints,
    /// No try begins and no wait ends after this.
    pub deadline: Deadline,
}

/// Asks Entra for a token. No cache is involved.
///
/// # Errors
/// [`AuthError`]; its [`AuthError::cause`] says what to do.
pub async fn request_token<T: Transport>(
    request: &TokenRequest<'_, T>,
    identity: &Identity,
    rng: &mut fastrand::Rng,
) -> Result<AccessToken, AuthError> {
    let mut tries = Tries::until(request.deadline);
    loop {
        let requested = request.clock.now();
        let post = token_post(request.endpoints, identity);
        let answer = exchange(request.transport, post, Limits::SMALL, request.deadline).await;
        let (error, failure) = match answer {
            Ok(answer) if answer.status.is_success() => return token_of(&answer, requested),
            Ok(answer) => {
                let error = EntraError::of(&answer, requested);
                let passing = error.cause() == Cause::MicrosoftTrouble;
                let failure =
                    Failure::of_answer(&answer, requested).or(passing.then_some(Failure::Transient));
                (AuthError::Refused(Box::new(error)), failure)
            }
            Err(fault) => {
                let failure = Failure::of_fault(&fault);
                (AuthError::Fault(fault), failure)
            }
        };
        let wait = failure.and_then(|failure| tries.wait(failure, rng));
        tracing::debug!(
            cause = error.cause().name(), %error, attempt = tries.failed(), ?failure,
            wait_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            "a token request failed"
        );
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(error),
        }
    }
}

/// <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>
fn token_post(endpoints: &Endpoints, identity: &Identity) -> Request {
    let Credential::ClientSecret(secret) = &identity.credential;
    // Properly encoded: secrets contain `~ . + & = %`, and a plain `+` arrives as a blank.
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &identity.client_id.to_string())
        .append_pair("scope", &endpoints.scope)
        .append_pair("client_secret", secret.expose_secret())
        .append_pair("grant_type", "client_credentials")
        .finish();
    let path = format!("/{}/oauth2/v2.0/token", identity.tenant_id);
    let mut post = Request::new(form.into());
    *post.method_mut() = http::Method::POST;
    *post.uri_mut() = endpoints.login_uri(&path);
    let headers = post.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    post
}

fn token_of(answer: &Answer, requested: Timestamp) -> Result<AccessToken, AuthError> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: SecretString,
        // A number; older endpoints send it as text.
        expires_in: Option<serde_json::Value>,
    }
    let granted: Granted = serde_json::from_slice(&answer.body)
        .map_err(|_| AuthError::Unintelligible { status: answer.status.as_u16() })?;
    let seconds =
        granted.expires_in.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
    let lifetime = seconds.map_or(UNSTATED_LIFETIME, Duration::from_secs).min(LONGEST_LIFETIME);
    Ok(AccessToken { secret: granted.access_token, requested, lifetime })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cloud;

    fn identity(secret: &str) -> Identity {
        Identity {
            tenant_id: uuid::Uuid::from_u128(1),
            client_id: uuid::Uuid::from_u128(2),
            credential: Credential::ClientSecret(secret.into()),
        }
    }

    #[test]
    fn a_secret_with_punctuation_survives_the_form() {
        let secret = "a~b.c+d&e=f%g h";
        let post = token_post(&Cloud::Global.endpoints(), &identity(secret));
        assert!(!format!("{post:?}").contains("a~b"), "Debug shows no body");
        let body = post.into_body().into_bytes();
        let sent: Vec<_> = form_urlencoded::parse(&body).collect();
        assert!(sent.contains(&("client_secret".into(), secret.into())));
        assert!(sent.contains(&("scope".into(), "https://graph.microsoft.com/.default".into())));
    }

    #[test]
    fn debug_shows_neither_secret_nor_token() {
        assert!(!format!("{:?}", identity("S3ntinel")).contains("S3ntinel"));
        let token = AccessToken {
            secret: "T0ken".into(),
            requested: Timestamp::UNIX_EPOCH,
            lifetime: Duration::ZERO,
        };
        assert!(!format!("{token:?} {:?}", token.authorization().unwrap()).contains("T0ken"));
    }

    #[test]
    fn claims_are_a_hint_and_absent_roles_are_none() {
        let token = |payload: &str| AccessToken {
            secret: format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload)).into(),
            requested: Timestamp::UNIX_EPOCH,
            lifetime: Duration::ZERO,
        };
        let roles = token(r#"{"roles":["SecurityIncident.Read.All"],"tid":"t"}"#).claims().unwrap().roles;
        assert_eq!(roles, ["SecurityIncident.Read.All"]);
        assert_eq!(token("{}").claims().unwrap().roles, Vec::<String>::new());
        assert_eq!(token("opaque").claims(), None);
    }
}
