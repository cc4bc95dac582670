//! What a tenant's administrator got wrong.

/// What is wrong with a tenant, its application or Microsoft today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Nothing: the application has every permission that the guide asks for.
    #[default]
    Good,
    /// The secret that was entered is another one than Entra has, or its ID: AADSTS7000215.
    WrongSecret,
    /// The secret is past its date: AADSTS7000222.
    ExpiredSecret,
    /// The application was registered by `az ad app create` and nobody made its service principal:
    /// AADSTS7000229.
    NoServicePrincipal,
    /// The enterprise application is disabled for sign-in: AADSTS7000112.
    AppDisabled,
    /// Nobody consented: the token has no roles and Graph says so.
    NoConsent,
    /// No `SecurityAlert.*`. Alerts can still be read: Graph takes `SecurityIncident.*` for them.
    MissingAlertRole,
    /// No `SecurityIncident.*`.
    MissingIncidentRole,
    /// Only the `.Read.All` permissions: nothing can be written.
    ReadOnly,
    /// No `CustomDetection.*`.
    MissingDetectionRole,
    /// The roles are there, and Defender is not.
    NotOnboarded(NotOnboarded),
    /// A policy for workload identities blocks the place that the request comes from: AADSTS53003.
    ConditionalAccess,
    /// Every request is refused with 429.
    Throttled {
        /// At the token endpoint.
        entra: bool,
        /// At Graph.
        graph: bool,
        /// Seconds in `Retry-After`; `None` sends no such header.
        retry_after: Option<u32>,
    },
    /// Entra has a bad day: 503, `temporarily_unavailable`, AADSTS90033.
    EntraTrouble,
    /// No such tenant in this cloud: AADSTS90002.
    TenantNotFound,
    /// No such application in this tenant: AADSTS700016.
    UnknownApp,
    /// The tenant lives in a national cloud: AADSTS90038.
    OtherCloud,
    /// The token endpoint refuses with a code of the caller's choice.
    Refuse {
        /// The number after `AADSTS`.
        code: u32,
        /// The OAuth `error`.
        error: String,
        /// The HTTP status.
        status: u16,
    },
}

/// How Graph answers for a tenant without Defender. No verbatim body is published; clients have met all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOnboarded {
    /// 401
    Unauthorized,
    /// 403
    Forbidden,
    /// 404
    NotFound,
}

impl Scenario {
    /// One of each, with a name for a table.
    #[must_use]
    pub fn all() -> Vec<(&'static str, Self)> {
        let throttled =
            |entra, graph| Self::Throttled { entra, graph, retry_after: Some(if entra { 30 } else { 17 }) };
        vec![
            ("good", Self::Good),
            ("wrong secret", Self::WrongSecret),
            ("expired secret", Self::ExpiredSecret),
            ("no service principal", Self::NoServicePrincipal),
            ("app disabled", Self::AppDisabled),
            ("no consent", Self::NoConsent),
            ("missing alert role", Self::MissingAlertRole),
            ("missing incident role", Self::MissingIncidentRole),
            ("read only", Self::ReadOnly),
            ("missing detection role", Self::MissingDetectionRole),
            ("not onboarded (403)", Self::NotOnboarded(NotOnboarded::Forbidden)),
            ("not onboarded (401)", Self::NotOnboarded(NotOnboarded::Unauthorized)),
            ("not onboarded (404)", Self::NotOnboarded(NotOnboarded::NotFound)),
            ("conditional access", Self::ConditionalAccess),
            ("throttled by Entra", throttled(true, false)),
            ("throttled by Graph", throttled(false, true)),
            ("Entra trouble", Self::EntraTrouble),
            ("tenant not found", Self::TenantNotFound),
            ("unknown app", Self::UnknownApp),
            ("other cloud", Self::OtherCloud),
            ("refused (50196)", Self::Refuse { code: 50196, error: "invalid_grant".to_owned(), status: 400 }),
        ]
    }

    /// The application permissions that are consented to.
    #[must_use]
    pub fn roles(&self) -> Vec<String> {
        let roles: &[&str] = match self {
            Self::NoConsent => &[],
            Self::MissingAlertRole => &["SecurityIncident.ReadWrite.All", "CustomDetection.Read.All"],
            Self::MissingIncidentRole => &["SecurityAlert.ReadWrite.All", "CustomDetection.Read.All"],
            Self::ReadOnly => {
                &["SecurityIncident.Read.All", "SecurityAlert.Read.All", "CustomDetection.Read.All"]
            }
            Self::MissingDetectionRole => &["SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All"],
            _ => {
                &["SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All", "CustomDetection.Read.All"]
            }
        };
        roles.iter().map(|role| (*role).to_owned()).collect()
    }
}
