//! The token request: one form post, one answer.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use graph_http::retry::{Failure, Tries};
use graph_http::{Answer, Clock, Deadline, Limits, Loose, Request, Transport, Unanswered, exchange};
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_TYPE};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serde_json::value::RawValue;
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
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        Claims::read(&payload)
    }

    /// Whether `text` is a piece of the token that could be of use to somebody.
    #[must_use]
    pub fn is_echoed_by(&self, text: &str) -> bool {
        /// Shorter pieces are words that a token may have by chance.
        const PIECE: usize = 16;
        let token = self.secret.expose_secret().as_bytes();
        let mut pieces = text.as_bytes().windows(PIECE.min(token.len()).max(1));
        pieces.any(|piece| token.windows(piece.len()).any(|part| part == piece))
    }

    /// A token that was asked for at `requested`; it is believed for a day at most.
    #[must_use]
    pub fn new(secret: SecretString, requested: Timestamp, lifetime: Duration) -> Self {
        Self { secret, requested, lifetime: lifetime.min(LONGEST_LIFETIME) }
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }
}

/// The claims that explain a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The granted application permissions; absent from the token when there are none.
    pub roles: Vec<String>,
    /// The tenant it was issued in.
    pub tid: Option<String>,
    /// The application it was issued to.
    pub appid: Option<String>,
}

impl Claims {
    /// `None` for what is no JSON object, and for roles that are there but cannot be read: none is something else.
    fn read(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice::<&RawValue>(payload).ok()?;
        let text = std::str::from_utf8(payload).ok()?;
        let claims = Loose::read(text)?;
        let mut roles = Vec::new();
        for value in claims.values("roles") {
            match serde_json::from_str(value).ok()? {
                Value::Null => {}
                Value::String(role) => roles.push(role),
                Value::Array(all) => {
                    let texts = all.iter().filter_map(Value::as_str).map(str::to_owned);
                    let before = roles.len();
                    roles.extend(texts);
                    if roles.len() == before && !all.is_empty() {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        Some(Self { roles, tid: claims.text("tid"), appid: claims.text("appid") })
    }
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
        let (mut error, failure) = match answer {
            Ok(answer) if answer.status.is_success() => match token_of(&answer, requested) {
                Ok(token) => return Ok(token),
                Err(error) => (error, None),
            },
            Ok(answer) => {
                let error = EntraError::of(&answer, requested);
                let passing = error.cause() == Cause::MicrosoftTrouble;
                let failure =
                    Failure::of_answer(&answer, requested).or(passing.then_some(Failure::Transient));
                (AuthError::Refused(Box::new(error)), failure)
            }
            Err(fault) => {
                let failure = Failure::of_fault(&fault);
                (AuthError::Fault(Unanswered { fault, spent: tries.spent() }), failure)
            }
        };
        let wait = tries.wait(failure, rng);
        match &mut error {
            AuthError::Refused(refused) => refused.spent = tries.spent(),
            AuthError::Fault(unanswered) => unanswered.spent = tries.spent(),
            AuthError::Unintelligible { .. } => {}
        }
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

/// An answer without a token may still be a refusal of Entra's: what its number says counts at any status.
fn token_of(answer: &Answer, requested: Timestamp) -> Result<AccessToken, AuthError> {
    granted(answer, requested).ok_or_else(|| {
        let error = EntraError::of(answer, requested);
        if error.is_entra_s() {
            return AuthError::Refused(Box::new(error));
        }
        AuthError::Unintelligible { status: answer.status.as_u16() }
    })
}

/// Only whole JSON is believed: a piece of a token would be refused later, by somebody who cannot say why.
fn granted(answer: &Answer, requested: Timestamp) -> Option<AccessToken> {
    let text = std::str::from_utf8(&answer.body).ok()?.trim_start_matches('\u{feff}');
    serde_json::from_str::<&RawValue>(text).ok()?;
    let granted = Loose::read(text)?;
    // A text, and nothing else that could be written as one.
    let secret = granted.values("access_token").find_map(|value| serde_json::from_str::<String>(value).ok());
    let secret = secret.filter(|token| !token.is_empty())?;
    // A number; older endpoints send it as text.
    let seconds = granted.text("expires_in").and_then(|text| text.parse().ok());
    let lifetime = seconds.map_or(UNSTATED_LIFETIME, Duration::from_secs);
    Some(AccessToken::new(secret.into(), requested, lifetime))
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

    fn token_of_text(secret: &str) -> AccessToken {
        AccessToken::new(secret.into(), Timestamp::UNIX_EPOCH, Duration::ZERO)
    }

    #[test]
    fn debug_shows_neither_secret_nor_token() {
        assert!(!format!("{:?}", identity("S3ntinel")).contains("S3ntinel"));
        let token = token_of_text("T0ken");
        assert!(!format!("{token:?} {:?}", token.authorization().unwrap()).contains("T0ken"));
    }

    #[test]
    fn claims_are_a_hint_and_absent_roles_are_none() {
        let token = |payload: &str| token_of_text(&format!("h.{}.s", URL_SAFE_NO_PAD.encode(payload)));
        let roles = token(r#"{"roles":["SecurityIncident.Read.All"],"tid":"t"}"#).claims().unwrap().roles;
        assert_eq!(roles, ["SecurityIncident.Read.All"]);
        assert_eq!(token("{}").claims().unwrap().roles, Vec::<String>::new());
        assert_eq!(token("opaque").claims(), None);
        // One odd claim costs itself only; roles that cannot be read are not none.
        let read = |payload| token(payload).claims().map(|claims| claims.roles);
        assert_eq!(read(r#"{"roles":null,"tid":7,"roles":["A",1]}"#), Some(vec!["A".to_owned()]));
        assert_eq!(read(r#"{"appid":{},"roles":"A"}"#), Some(vec!["A".to_owned()]));
        for unreadable in [r#"{"roles":[7]}"#, r#"{"roles":{"a":"b"}}"#, r#"{"roles":["A"]"#, "{"] {
            assert_eq!(read(unreadable), None, "{unreadable}");
        }
    }

    fn answered(status: u16, body: &str) -> Result<AccessToken, AuthError> {
        let (status, headers) = (http::StatusCode::from_u16(status).unwrap(), http::HeaderMap::new());
        let answer = Answer { status, headers, body: body.to_owned().into() };
        token_of(&answer, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_token_is_found_beside_odd_members_and_its_lifetime_has_bounds() {
        for (body, seconds) in [
            (r#"{"access_token":"a.b.c","expires_in":3599}"#, 3599),
            (r#"{"access_token":"a.b.c","expires_in":"3599","expires_in":7}"#, 3599),
            ("\u{feff}{\"access_token\":null,\"access_token\":\"a.b.c\",\"expires_in\":-1}", 300),
            (r#"{"access_token":"a.b.c","expires_in":18446744073709551616}"#, 300),
            (r#"{"access_token":"a.b.c","expires_in":18446744073709551615}"#, 86_400),
        ] {
            let token = answered(200, body).unwrap();
            assert_eq!(
                (token.secret.expose_secret(), token.lifetime.as_secs()),
                ("a.b.c", seconds),
                "{body}"
            );
        }
    }

    #[test]
    fn a_success_without_a_token_is_what_it_says_or_not_entra_s() {
        let refused = answered(200, r#"{"error":"invalid_client","error_codes":[7000222]}"#).unwrap_err();
        assert_eq!(refused.cause(), Cause::SecretExpired);
        for body in
            ["", "<html>", "{}", r#"{"access_token":""}"#, r#"{"access_token":"a.b"#, r#"{"access_token":7"#]
        {
            assert_eq!(answered(200, body).unwrap_err(), AuthError::Unintelligible { status: 200 }, "{body}");
        }
    }

    #[test]
    fn a_piece_of_a_token_is_noticed() {
        let token = token_of_text("eyJhbGciOiJSUzI1NiJ9.eyJyb2xlcyI6W119.c2ln");
        assert!(token.is_echoed_by("xx-OiJSUzI1NiJ9.eyJy"));
        assert!(!token.is_echoed_by("InvalidAuthenticationToken") && !token.is_echoed_by(""));
    }
}
