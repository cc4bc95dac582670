//! How tokens, claims and refusals are read, whatever the answer's bytes are. One seed is one case.
//!
//! The tests make a short run. A long one, and one from another seed on:
//! `FUZZ_ITERATIONS=1000000 FUZZ_SEED=7 cargo test -p graph-auth --test fuzz`.

#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use defender_sim::mutation;
use fastrand::Rng;
use graph_auth::{
    AccessToken, AuthError, Cause, Cloud, Credential, EntraError, Identity, TokenRequest, request_token,
};
use graph_http::{Answer, Clock, Limits, Request, Transport, TransportError};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

const SECRET: &str = "S3n~fake~tinel+0123456-abcdefghijklmnop.QRST";

/// No answer of Entra's is longer; what is, is not read.
const LONGEST: usize = Limits::SMALL.body;

const REFUSALS: [(&str, Cause); 5] = [
    (
        include_str!("../../defender-sim/data/recorded/token_error_7000215_bad_secret.response.json"),
        Cause::WrongSecret,
    ),
    (
        include_str!("../../defender-sim/data/recorded/token_error_7000222_expired_secret.response.json"),
        Cause::SecretExpired,
    ),
    (
        include_str!(
            "../../defender-sim/data/recorded/token_error_7000229_no_service_principal.response.json"
        ),
        Cause::NoServicePrincipal,
    ),
    (
        include_str!("../../defender-sim/data/recorded/token_error_90002_tenant_not_found.response.json"),
        Cause::TenantNotFound,
    ),
    (
        include_str!("../../defender-sim/data/recorded/token_error_1002012_bad_scope.response.json"),
        Cause::OurFault,
    ),
];

/// The seeds of a run.
#[expect(clippy::disallowed_methods, reason = "a test has no main that could read the environment for it")]
fn seeds() -> impl Iterator<Item = u64> {
    let setting = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = setting("FUZZ_SEED").unwrap_or(0);
    first..first.saturating_add(setting("FUZZ_ITERATIONS").unwrap_or(1500))
}

/// An Entra that gives one answer.
struct One(StatusCode, Bytes);

impl Transport for One {
    type Body = Full<Bytes>;

    async fn send(&self, _: Request) -> Result<Response<Self::Body>, TransportError> {
        let mut response = Response::new(Full::new(self.1.clone()));
        *response.status_mut() = self.0;
        Ok(response)
    }
}

async fn asked(status: StatusCode, body: &[u8]) -> Result<AccessToken, AuthError> {
    let request = TokenRequest {
        transport: &One(status, Bytes::copy_from_slice(body)),
        clock: &Clock::simulated(Timestamp::UNIX_EPOCH),
        endpoints: &Cloud::Global.endpoints(),
        // No second try.
        deadline: Instant::now() + Duration::from_millis(1),
    };
    let credential = Credential::ClientSecret(SECRET.into());
    let identity = Identity { tenant_id: Uuid::from_u128(1), client_id: Uuid::from_u128(2), credential };
    request_token(&request, &identity, &mut Rng::with_seed(1)).await
}

/// Whether eight characters in a row of `hidden` are in `shown`.
fn leaks(shown: &str, hidden: &str) -> bool {
    hidden.as_bytes().windows(8).any(|piece| shown.contains(std::str::from_utf8(piece).unwrap()))
}

/// Every number of a body that may be one of Entra's.
fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

/// The body with the secret in place of one member.
fn echoing(body: &str, rng: &mut Rng) -> String {
    let mut body: Value = serde_json::from_str(body).unwrap();
    let object = body.as_object_mut().unwrap();
    let place = rng.usize(..object.len());
    let echo = match rng.u8(..3) {
        0 => Value::from(SECRET),
        1 => Value::from(&SECRET[rng.usize(..20)..]),
        _ => Value::from(vec![SECRET]),
    };
    *object.values_mut().nth(place).unwrap() = echo;
    body.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_any_bytes_says_no_less_than_its_number_and_shows_no_secret() {
    for seed in seeds() {
        let mut rng = Rng::with_seed(seed);
        let (recorded, cause) = REFUSALS[rng.usize(..REFUSALS.len())];
        let recorded = if rng.bool() { echoing(recorded, &mut rng) } else { recorded.to_owned() };
        let body = mutation::broken(recorded.as_bytes(), &mut rng);
        let status = [200, 302, 400, 401, 403, 404, 429, 500, 503][rng.usize(..9)];
        let Err(error) = asked(StatusCode::from_u16(status).unwrap(), &body).await else { continue };
        let shown = format!("{error} {error:?}");
        assert!(!leaks(&shown, SECRET), "seed {seed}: {shown}");
        let text = String::from_utf8_lossy(&body);
        let number =
            numbers(&recorded).into_iter().find(|number| Cause::of_code(*number) == Some(cause)).unwrap();
        let is_whole = text.split(&format!("AADSTS{number}")).skip(1).any(|after| after.starts_with(':'));
        if body.len() > LONGEST {
            assert_eq!(error.cause(), Cause::UnexpectedAnswer, "seed {seed}");
        } else if is_whole {
            // Another one may have come about, and stand before it.
            let possible: Vec<_> = numbers(&text).into_iter().filter_map(Cause::of_code).collect();
            assert!(possible.contains(&error.cause()), "seed {seed}: {} of {text}", error.cause());
        }
    }
}

#[test]
fn any_one_odd_member_of_a_recorded_refusal_leaves_its_cause() {
    for (recorded, cause) in REFUSALS {
        let body: Value = serde_json::from_str(recorded).unwrap();
        for path in mutation::members(&body) {
            for keep in [false, true] {
                for text in mutation::odd(&body, &path, keep) {
                    let answer = Answer {
                        status: StatusCode::UNAUTHORIZED,
                        headers: HeaderMap::new(),
                        body: text.clone().into(),
                    };
                    let error = EntraError::of(&answer, Timestamp::UNIX_EPOCH);
                    assert_eq!(error.cause(), cause, "{path:?} {text:.600}");
                    assert!(error.is_entra_s());
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_of_any_bytes_is_a_token_or_no_token_and_never_a_piece_of_one() {
    let token = format!("eyJ.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"roles":["SecurityIncident.Read.All"]}"#));
    let granted = format!(
        r#"{{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"{token}"}}"#
    );
    for seed in seeds() {
        let mut rng = Rng::with_seed(seed);
        let body = mutation::broken(granted.as_bytes(), &mut rng);
        let result = asked(StatusCode::OK, &body).await;
        let unmarked = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&body);
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(unmarked).is_ok();
        match result {
            Ok(granted) => {
                assert!(is_json && std::str::from_utf8(&body).is_ok(), "seed {seed}");
                assert!(granted.lifetime <= Duration::from_secs(86_400), "seed {seed}");
                let shown = format!("{granted:?} {:?} {:?}", granted.authorization(), granted.claims());
                assert!(!shown.contains(&token), "seed {seed}: {shown}");
            }
            Err(error) => {
                let shown = format!("{error} {error:?}");
                assert!(!shown.contains(&token[..20]), "seed {seed}: {shown}");
                let value: Option<Value> = serde_json::from_slice(unmarked).ok();
                let whole = value.as_ref().and_then(|value| value["access_token"].as_str());
                let is_lost = whole.is_some_and(|token| !token.is_empty()) && body.len() <= LONGEST;
                assert!(!is_lost, "seed {seed}: a token is lost");
            }
        }
    }
}

#[test]
fn claims_of_any_bytes_are_what_they_say_or_none() {
    let claims = r#"{"aud":"https://graph.microsoft.com","tid":"t","appid":"a","roles":["SecurityIncident.Read.All","SecurityAlert.Read.All"],"exp":1}"#;
    for seed in seeds() {
        let mut rng = Rng::with_seed(seed);
        let payload = mutation::broken(claims.as_bytes(), &mut rng);
        let token = format!("eyJ.{}.c2ln", URL_SAFE_NO_PAD.encode(&payload));
        let read = AccessToken::new(token.into(), Timestamp::UNIX_EPOCH, Duration::ZERO).claims();
        let value: Option<Value> = serde_json::from_slice(&payload).ok().filter(Value::is_object);
        let text = String::from_utf8_lossy(&payload);
        let exact = text.matches("\"roles\"").count();
        if exact > 1 || exact != text.to_ascii_lowercase().matches("roles").count() {
            continue; // twice, or in another spelling
        }
        match (read, value) {
            (Some(read), Some(value)) => {
                let roles = value["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let one = value["roles"].as_str();
                assert_eq!(read.roles, roles.chain(one).collect::<Vec<_>>(), "seed {seed}");
                let none = read.roles.is_empty();
                let said = value["roles"].is_null() || value["roles"].as_array().is_some_and(Vec::is_empty);
                assert_eq!(none, said, "seed {seed}: none is said only where none is meant");
            }
            (None, Some(value)) => assert!(!value["roles"].is_null(), "seed {seed}"),
            // What the reference does not read, such as a number too large or nesting too deep.
            (_, None) => {}
        }
    }
}
