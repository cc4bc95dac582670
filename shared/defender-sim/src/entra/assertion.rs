//! A `client_assertion` in place of a secret: its claims are held against what the application has; its
//! signature is not checked
//! (<https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials>).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::form::Form;
use super::refusal::Refusal;
use crate::state::Asked;
use crate::tenant::{Assertion, TenantSpec};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) fn check(spec: &TenantSpec, asked: &Asked<'_>, form: &Form) -> Result<(), Refusal> {
    if form.client_assertion_type.as_deref() != Some(JWT_BEARER) {
        return Err(Refusal::missing_parameter("client_assertion_type"));
    }
    let malformed = || Refusal::assertion(50027, "JWT token is invalid or malformed.".to_owned());
    let (header, claims) = form.client_assertion.as_deref().and_then(parts).ok_or_else(malformed)?;
    let now = asked.now.as_second();
    let valid = claims["exp"].as_i64().is_some_and(|end| now < end)
        && claims["nbf"].as_i64().is_none_or(|start| start <= now + 300);
    if !valid {
        let text = "Client assertion is not within its valid time range.".to_owned();
        return Err(Refusal::assertion(700_024, text));
    }
    let claim = |name: &str| claims[name].as_str().unwrap_or("");
    match &spec.assertion {
        Some(Assertion::Certificate(thumbprint)) => {
            let client = spec.client_id.to_string();
            let own = claim("iss") == client && claim("sub") == client;
            if own && header["x5t#S256"] == thumbprint.as_str() {
                return Ok(());
            }
            Err(unregistered(spec))
        }
        Some(Assertion::Federated { issuer, subject, audience }) => {
            let no_match = "No matching federated identity record found for presented assertion";
            for (code, name, presented, expected) in [
                (700_211, "issuer", claim("iss"), issuer),
                (700_213, "subject", claim("sub"), subject),
                (700_212, "audience", claim("aud"), audience),
            ] {
                if presented != expected {
                    return Err(Refusal::assertion(code, format!("{no_match} {name} '{presented}'.")));
                }
            }
            Ok(())
        }
        None => Err(unregistered(spec)),
    }
}

fn unregistered(spec: &TenantSpec) -> Refusal {
    let text = format!(
        "The certificate with identifier used to sign the client assertion is not registered on application '{}'.",
        spec.client_id
    );
    Refusal::assertion(700_027, text)
}

fn parts(jwt: &str) -> Option<(Value, Value)> {
    let mut parts = jwt.split('.');
    let mut part = || {
        let bytes = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    Some((part()?, part()?))
}
