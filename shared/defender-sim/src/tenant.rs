//! A tenant as a test asks for it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use http::Request;
use uuid::Uuid;

use crate::scenario::Scenario;
use crate::seeds;

/// The token's life that the documentation shows; live ones vary between 60 and 90 minutes.
const TOKEN_LIFETIME: Duration = Duration::from_secs(3599);

/// The letters that Entra's secrets are made of.
const SECRET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~._-";

/// A tenant to add to a [`Simulator`](crate::Simulator).
#[derive(Clone, PartialEq)]
pub struct TenantSpec {
    /// Directory (tenant) ID.
    pub tenant_id: Uuid,
    /// A verified domain; Entra takes it in place of the id.
    pub domain: String,
    /// Application (client) ID.
    pub client_id: Uuid,
    /// The application's display name, which signs comments and changes.
    pub app_name: String,
    /// The secret that the customer enters. Whether Entra knows it is the scenario's matter.
    pub secret: String,
    /// What is wrong.
    pub scenario: Scenario,
    /// The application permissions that are consented to.
    pub roles: Vec<String>,
    /// What a credential other than a secret must be.
    pub assertion: Option<Assertion>,
    /// The one resource that the tenant's tokens are for: `https://graph.microsoft.com` in the global cloud.
    pub graph: String,
    /// How long a token lives.
    pub token_lifetime: Duration,
    /// Which records there are and what becomes of them.
    pub generator: Generator,
}

/// What a `client_assertion` is held against. Its signature is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assertion {
    /// The certificate's SHA-256 thumbprint, base64url, as `x5t#S256` has it.
    Certificate(String),
    /// A federated credential: the foreign token must match all three to the letter.
    Federated {
        /// `iss`
        issuer: String,
        /// `sub`
        subject: String,
        /// `aud`
        audience: String,
    },
}

impl TenantSpec {
    /// A tenant whose ids and secret follow from the seed.
    #[must_use]
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let mut rng = Rng::with_seed(seeds::mix(seed, 0x7e4a));
        let tenant_id = seeds::uuid(&mut rng);
        let client_id = seeds::uuid(&mut rng);
        let letters = |rng: &mut Rng, count: usize| -> String {
            (0..count).map(|_| char::from(*seeds::pick(rng, SECRET))).collect()
        };
        let start: String = (0..3).map(|_| rng.alphanumeric()).collect();
        let secret = format!("{start}~fake~{}", letters(&mut rng, 34));
        let domain = format!("contoso{}.onmicrosoft.com", rng.u32(100..100_000));
        let roles = scenario.roles();
        Self {
            tenant_id,
            domain,
            client_id,
            app_name: "SOC Anywhere".to_owned(),
            secret,
            scenario,
            roles,
            assertion: None,
            graph: "https://graph.microsoft.com".to_owned(),
            token_lifetime: TOKEN_LIFETIME,
            generator: Generator::default(),
        }
    }

    /// A tenant in which all is well and something happens every minute.
    #[must_use]
    pub fn demo(seed: u64) -> Self {
        Self { generator: Generator::demo(), ..Self::new(seed, Scenario::Good) }
    }

    /// The same tenant with other records.
    #[must_use]
    pub fn with_generator(self, generator: Generator) -> Self {
        Self { generator, ..self }
    }
}

impl fmt::Debug for TenantSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantSpec")
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("secret", &"[REDACTED]")
            .field("scenario", &self.scenario)
            .field("roles", &self.roles)
            .field("generator", &self.generator)
            .finish_non_exhaustive()
    }
}

/// What a customer enters to connect a tenant.
#[derive(Clone, PartialEq, Eq)]
pub struct TenantHandle {
    /// Directory (tenant) ID; also the key to the simulator's own methods.
    pub tenant_id: Uuid,
    /// Application (client) ID.
    pub client_id: Uuid,
    /// The secret as entered.
    pub secret: String,
}

impl TenantHandle {
    /// The request for a token with which this tenant's app signs in at `login` (`https://login.microsoftonline.com`).
    ///
    /// # Errors
    /// When `login` is no origin.
    pub fn token_request(&self, login: &str) -> http::Result<Request<Bytes>> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id.to_string())
            .append_pair("client_secret", &self.secret)
            .append_pair("scope", "https://graph.microsoft.com/.default")
            .finish();
        Request::post(format!("{login}/{}/oauth2/v2.0/token", self.tenant_id)).body(form.into())
    }
}

impl fmt::Debug for TenantHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantHandle")
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("secret", &"[REDACTED]")
            .finish()
    }
}

/// Which records a tenant has and what becomes of them. All of it follows from the simulator's seed and
/// start and from the tenant's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generator {
    /// Incidents created before the start.
    pub incidents: u32,
    /// How long before the start the first of them was created.
    pub over: Duration,
    /// The documentation's own incidents and alerts, moved to the days before the start.
    pub documented: bool,
    /// The mean time between new incidents after the start; `None`: there is none.
    pub new_every: Option<Duration>,
    /// The mean time between changes to open incidents after the start, besides those that each incident's
    /// life has. Where this and `new_every` are `None`, nothing changes by itself after the start.
    pub update_every: Option<Duration>,
    /// How often, in the time before the start, many incidents were closed at one instant.
    pub past_closings: u32,
    /// The mean time between such closings after the start; `None`: there is none.
    pub bulk_close_every: Option<Duration>,
    /// How many incidents in a hundred are merged into another one.
    pub merged_percent: u32,
    /// How long a change may take until a query finds it. Most take less than 15 s, few as long as this.
    pub longest_lag: Duration,
}

impl Default for Generator {
    /// 60 incidents of the last 30 days, the documentation's besides, and nothing new.
    fn default() -> Self {
        Self {
            incidents: 60,
            over: Duration::from_secs(30 * 86_400),
            documented: true,
            new_every: None,
            update_every: None,
            past_closings: 3,
            bulk_close_every: None,
            merged_percent: 8,
            longest_lag: Duration::from_secs(180),
        }
    }
}

impl Generator {
    /// The default's records, and something new to see every minute.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            new_every: Some(Duration::from_secs(150)),
            update_every: Some(Duration::from_secs(50)),
            bulk_close_every: Some(Duration::from_secs(4 * 3600)),
            ..Self::default()
        }
    }

    /// No record at all.
    #[must_use]
    pub fn empty() -> Self {
        Self { incidents: 0, documented: false, ..Self::default() }
    }
}
