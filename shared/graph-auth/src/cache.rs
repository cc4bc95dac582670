//! Tokens in memory, one for each application in each tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use graph_http::Transport;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{AccessToken, AuthError, Credential, Identity, TokenRequest, request_token};

/// A token is renewed this long before it expires: longer than any run that began with it, and than our
/// clock's drift.
const MARGIN: Duration = Duration::from_secs(300);

/// A token is kept at least this long, whatever its lifetime: a tenant that issues tokens of seconds must
/// not make us ask for one with every request (Entra answers such loops with AADSTS50196). Should it
/// expire meanwhile, Graph says 401 and it is evicted.
const MINIMUM_TTL: Duration = Duration::from_secs(30);

/// Keeps tokens until shortly before they expire. One request at a time for each identity; failures are
/// not kept.
#[derive(Debug, Default)]
pub struct TokenCache {
    slots: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Option<Slot>>>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    login: String,
    scope: String,
    tenant_id: Uuid,
    client_id: Uuid,
}

#[derive(Debug)]
struct Slot {
    token: AccessToken,
    /// What it was granted for: after a rotation the old secret's token must not live on.
    credential: Credential,
}

impl Slot {
    fn serves(&self, identity: &Identity, now: Timestamp) -> bool {
        let keep = self.token.lifetime.saturating_sub(MARGIN).max(MINIMUM_TTL);
        let until = self.token.requested.checked_add(keep);
        self.credential.is_same(&identity.credential) && until.is_ok_and(|until| now < until)
    }
}

impl TokenCache {
    /// The cached token, or a new one.
    ///
    /// # Errors
    /// As [`request_token`].
    pub async fn token<T: Transport>(
        &self,
        request: &TokenRequest<'_, T>,
        identity: &Identity,
        rng: &mut fastrand::Rng,
    ) -> Result<AccessToken, AuthError> {
        let slot = self.slot(request, identity);
        // Held across the request: whoever comes meanwhile waits for this one's token.
        let mut slot = slot.lock().await;
        if let Some(kept) = slot.as_ref().filter(|kept| kept.serves(identity, request.clock.now())) {
            return Ok(kept.token.clone());
        }
        *slot = None;
        let token = request_token(request, identity, rng).await?;
        *slot = Some(Slot { token: token.clone(), credential: identity.credential.clone() });
        Ok(token)
    }

    /// Forgets `token`, so that the next one is fresh: Graph refused it, or consent was given after it was
    /// issued. A newer token in its place stays.
    pub async fn evict<T: Transport>(
        &self,
        request: &TokenRequest<'_, T>,
        identity: &Identity,
        token: &AccessToken,
    ) {
        let slot = self.slot(request, identity);
        let mut slot = slot.lock().await;
        if slot.as_ref().is_some_and(|kept| kept.token.is(token)) {
            *slot = None;
        }
    }

    fn slot<T>(
        &self,
        request: &TokenRequest<'_, T>,
        identity: &Identity,
    ) -> Arc<tokio::sync::Mutex<Option<Slot>>> {
        let key = Key {
            login: request.endpoints.login.as_str().to_owned(),
            scope: request.endpoints.scope.clone(),
            tenant_id: identity.tenant_id,
            client_id: identity.client_id,
        };
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(key).or_default().clone()
    }
}
