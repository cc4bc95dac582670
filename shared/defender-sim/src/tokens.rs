//! Access tokens: shaped like Entra's, known by heart.

use std::collections::HashMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::seeds;
use crate::tenant::TenantSpec;

/// What a token was issued for. Roles are those of its day: later consent is not in it.
pub(crate) struct Token {
    pub(crate) tenant: Uuid,
    pub(crate) roles: Vec<String>,
    pub(crate) expires: Timestamp,
}

pub(crate) struct Tokens {
    issued: HashMap<String, Token>,
    rng: Rng,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("issued", &self.issued.len()).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(seed: u64) -> Self {
        Self { issued: HashMap::new(), rng: Rng::with_seed(seed) }
    }

    /// A new token with the roles that are consented to now.
    pub(crate) fn issue(&mut self, spec: &TenantSpec, now: Timestamp) -> String {
        // An expired token is remembered for an hour, so that it is refused as expired and not as unknown.
        let forgotten = now - SignedDuration::from_hours(1);
        self.issued.retain(|_, token| token.expires > forgotten);
        let lifetime = SignedDuration::try_from(spec.token_lifetime).unwrap_or(SignedDuration::MAX);
        let expires = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        let token = self.encode(spec, now, expires);
        let known = Token { tenant: spec.tenant_id, roles: spec.roles.clone(), expires };
        self.issued.insert(token.clone(), known);
        token
    }

    pub(crate) fn find(&self, token: &str) -> Option<&Token> {
        self.issued.get(token)
    }

    pub(crate) fn revoke(&mut self, tenant: Uuid) {
        self.issued.retain(|_, token| token.tenant != tenant);
    }

    /// A JWT whose signature is noise: only Graph checks it, and this Graph knows its tokens.
    fn encode(&mut self, spec: &TenantSpec, now: Timestamp, expires: Timestamp) -> String {
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": seeds::hex(&mut self.rng, 27) });
        let object_id = seeds::uuid(&mut self.rng);
        let mut claims = json!({
            "aud": spec.graph, "iss": format!("https://sts.windows.net/{}/", spec.tenant_id),
            "iat": now.as_second(), "nbf": now.as_second(), "exp": expires.as_second(),
            "app_displayname": spec.app_name, "appid": spec.client_id, "appidacr": "1",
            "idp": format!("https://sts.windows.net/{}/", spec.tenant_id), "idtyp": "app", "oid": object_id,
            "sub": object_id, "tid": spec.tenant_id, "uti": seeds::hex(&mut self.rng, 22), "ver": "1.0",
        });
        if !spec.roles.is_empty() {
            claims["roles"] = json!(spec.roles);
        }
        let signature: [u8; 32] = std::array::from_fn(|_| self.rng.u8(..));
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let (header, claims) = (header.to_string(), claims.to_string());
        format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(&signature))
    }
}
