//! The core: a request and an instant in, an outcome out. No sockets, no waiting.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use fastrand::Rng;
use http::Request;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use uuid::Uuid;

use crate::faults::Faults;
use crate::journal::{Journal, Recorded};
use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::seeds;
use crate::state::{Asked, Secret, State, Tenant, origin};
use crate::table::Version;
use crate::tenant::{TenantHandle, TenantSpec};
use crate::tokens::Tokens;
use crate::world::{Happening, World};
use crate::{entra, graph};

/// Entra and Graph of any number of tenants.
///
/// What it holds at an instant follows from the seed, the start, the tenants and what was written to it,
/// and from nothing else: a simulator made again with the same ones is the same.
#[derive(Debug)]
pub struct Simulator {
    seed: u64,
    start: Timestamp,
    state: Mutex<State>,
}

impl Simulator {
    /// No tenant yet. `now` is the instant at which the tenants' records have their past behind them.
    #[must_use]
    pub fn new(seed: u64, now: Timestamp) -> Self {
        let state = State {
            down: false,
            tenants: BTreeMap::new(),
            tokens: Tokens::new(seeds::mix(seed, 3)),
            ids: Rng::with_seed(seeds::mix(seed, 4)),
            journal: Journal::new(),
        };
        Self { seed, start: now, state: Mutex::new(state) }
    }

    /// Adds a tenant, or replaces the one with that id. Its records follow from the seed and its id.
    pub fn add_tenant(&self, spec: TenantSpec) -> TenantHandle {
        let handle = TenantHandle {
            tenant_id: spec.tenant_id,
            client_id: spec.client_id,
            secret: spec.secret.clone(),
        };
        let (high, low) = spec.tenant_id.as_u64_pair();
        let world = World::new(seeds::mix(self.seed, high ^ low.rotate_left(17)), self.start, &spec);
        let secret = match spec.scenario {
            // Entra has a secret, but not the one that the customer holds.
            Scenario::WrongSecret => Secret { value: format!("{}-", spec.secret), expired: false },
            Scenario::ExpiredSecret => Secret { value: spec.secret.clone(), expired: true },
            _ => Secret { value: spec.secret.clone(), expired: false },
        };
        let tenant =
            Tenant { spec, secrets: vec![secret], world, faults: Faults::default(), window: (i64::MIN, 0) };
        self.lock().tenants.insert(handle.tenant_id, tenant);
        handle
    }

    /// Answers a request that arrives at `now`. It looks at the path, not at the host: Entra and Graph
    /// have no path in common.
    #[expect(clippy::needless_pass_by_value, reason = "a server consumes its request")]
    pub fn answer(&self, now: Timestamp, request: Request<Bytes>) -> Outcome {
        let mut state = self.lock();
        let origin = origin(&request);
        let asked = Asked { now, request: &request, origin };
        let outcome = if state.down {
            Outcome::Refused
        } else if graph::is_graph(request.uri().path()) {
            graph::answer(&mut state, &asked)
        } else {
            entra::answer(&mut state, &asked)
        };
        if state.journal.is_on() {
            let target = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
            state.journal.push(Recorded {
                at: now,
                method: request.method().clone(),
                target,
                host: asked.origin.split_once("://").map_or("", |(_, host)| host).to_owned(),
                authorized: request.headers().contains_key(AUTHORIZATION),
                status: outcome.status(),
            });
        }
        outcome
    }

    /// Switches the whole simulator off and on: while it is down no connection is made.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
    }

    pub(crate) fn is_down(&self) -> bool {
        self.lock().down
    }

    /// Consents to more roles. They are in the tokens issued from now on, and not in older ones.
    pub fn grant(&self, tenant: Uuid, roles: &[&str]) {
        self.with(tenant, |tenant| {
            for role in roles {
                if !tenant.spec.roles.iter().any(|known| known == role) {
                    tenant.spec.roles.push((*role).to_owned());
                }
            }
        });
    }

    /// Takes consent back; older tokens keep it.
    pub fn revoke(&self, tenant: Uuid, roles: &[&str]) {
        self.with(tenant, |tenant| tenant.spec.roles.retain(|role| !roles.contains(&role.as_str())));
    }

    /// Removes all secrets and adds this one.
    pub fn replace_secret(&self, tenant: Uuid, secret: &str) {
        self.with(tenant, |tenant| {
            tenant.secrets = vec![Secret { value: secret.to_owned(), expired: false }];
        });
    }

    /// Adds a secret beside the others.
    pub fn add_secret(&self, tenant: Uuid, secret: &str) {
        self.with(tenant, |tenant| {
            tenant.secrets.push(Secret { value: secret.to_owned(), expired: false });
        });
    }

    /// Lets a secret pass its date.
    pub fn expire_secret(&self, tenant: Uuid, secret: &str) {
        self.with(tenant, |tenant| {
            for known in tenant.secrets.iter_mut().filter(|known| known.value == secret) {
                known.expired = true;
            }
        });
    }

    /// Something else goes wrong with the tenant, or is put right. Roles and secrets stay as they are.
    pub fn set_scenario(&self, tenant: Uuid, scenario: Scenario) {
        self.with(tenant, |tenant| tenant.spec.scenario = scenario);
    }

    /// What goes wrong on the way from now on.
    pub fn set_faults(&self, tenant: Uuid, faults: Faults) {
        self.with(tenant, |tenant| tenant.faults = faults);
    }

    /// Rejects all tokens issued so far, as a change of the application does.
    pub fn revoke_tokens(&self, tenant: Uuid) {
        self.lock().tokens.revoke(tenant);
    }

    /// Lets something happen in a tenant at an instant, or at once where that is over.
    pub fn schedule(&self, tenant: Uuid, at: Timestamp, happening: Happening) {
        self.with(tenant, |tenant| tenant.world.schedule(at, happening));
    }

    /// Lets everything happen that is due at `now`, as a request does for its tenant.
    pub fn advance(&self, now: Timestamp) {
        for tenant in self.lock().tenants.values_mut() {
            tenant.world.advance(now);
        }
    }

    /// Every version of every record of a kind, in the order in which they became visible, up to the last
    /// request or [`advance`](Self::advance).
    #[must_use]
    pub fn history(&self, tenant: Uuid, kind: Kind) -> Vec<Version> {
        let mut versions = Vec::new();
        self.with(tenant, |tenant| {
            versions = match kind {
                Kind::Incidents => tenant.world.incidents.versions().to_vec(),
                Kind::Alerts => tenant.world.alerts.versions().to_vec(),
            };
        });
        versions
    }

    /// What was asked, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().journal.requests()
    }

    /// Keeps the last so many requests; 0 keeps none and costs nothing.
    pub fn keep_requests(&self, limit: usize) {
        self.lock().journal.keep(limit);
    }

    fn with(&self, tenant: Uuid, change: impl FnOnce(&mut Tenant)) {
        if let Some(tenant) = self.lock().tenants.get_mut(&tenant) {
            change(tenant);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
