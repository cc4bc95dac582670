//! What can be wrong with a connection: one cause, one remedy.
//!
//! Numbers and meanings: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>, and
//! bodies seen in public issues for those that page lacks (7000229, 1002012, 900023, 700211-700213).

use std::borrow::Cow;
use std::fmt;

use graph_http::{Fault, TransportError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Cloud, Endpoints};

/// Everything that can be wrong with a connection, by what a person must do. What Microsoft does not tell
/// apart is one cause here, with its possibilities in order of likelihood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The tenant ID is no GUID.
    TenantIdMalformed,
    /// The client ID is no GUID.
    ClientIdMalformed,
    /// Both IDs are the same.
    ClientIdIsTenantId,
    /// No secret was entered.
    SecretMissing,
    /// The secret's ID was entered; Entra would say "wrong secret" (7000215).
    SecretIsSecretId,
    /// The cloud is not one that can be connected.
    CloudUnsupported,
    /// No such tenant in this cloud, or one without an active subscription.
    TenantNotFound,
    /// The tenant lives in another cloud.
    WrongCloud,
    /// The client ID is not known in this tenant: mistyped, an object ID, or of another tenant.
    AppNotFound,
    /// The app registration has no service principal.
    NoServicePrincipal,
    /// Sign-in is disabled for the application.
    AppDisabled,
    /// The secret is wrong, was deleted, or is the secret's ID.
    WrongSecret,
    /// The secret has expired.
    SecretExpired,
    /// The application is a public client, which must not send a secret.
    PublicClient,
    /// A certificate's assertion was refused.
    CertificateRefused,
    /// An assertion was outside its time: clocks disagree.
    AssertionOutOfTime,
    /// No federated credential of the application matches.
    FederationMismatch,
    /// A Conditional Access or risk policy refused the application.
    ConditionalAccess,
    /// No application permission is granted.
    NoPermissions,
    /// Some application permission is not granted.
    PermissionMissing,
    /// The permission is granted and Graph refuses all the same.
    DefenderUnavailable,
    /// Graph refuses a token that Entra has just issued.
    TokenRefused,
    /// Too many requests.
    Throttled,
    /// Microsoft's service is in trouble.
    MicrosoftTrouble,
    /// Microsoft could not be reached.
    Unreachable,
    /// The certificate that was shown for Microsoft's host is not trusted.
    TlsUntrusted,
    /// The proxy wants a user and a password, or others.
    ProxyCredentials,
    /// The proxy opens no way to Microsoft.
    ProxyRefused,
    /// Something answered that is not Microsoft, or not as documented.
    UnexpectedAnswer,
    /// Entra says that our request is wrong.
    OurFault,
    /// An AADSTS number that is not known here.
    Unknown {
        /// The number.
        code: u32,
    },
}

/// What a remedy calls the hosts before it is known which they are.
const HOSTS: &str = "the cloud's login and Graph hosts";

/// The input that is to be corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "they are the fields of the form")]
pub enum Field {
    TenantId,
    ClientId,
    ClientSecret,
    Cloud,
}

/// A cause in plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong.
    pub message: &'static str,
    /// The one thing to do next.
    pub remedy: &'static str,
    /// Which input is to be corrected.
    pub field: Option<Field>,
    /// Where to do it.
    pub place: Option<Place>,
}

/// A page where a remedy is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Entra: the tenant's overview, with its ID.
    TenantOverview,
    /// Entra: the list of app registrations.
    AppRegistrations,
    /// Entra: the app's overview, with its IDs and its service principal.
    AppOverview,
    /// Entra: the app's Certificates & secrets.
    AppCredentials,
    /// Entra: the app's Authentication.
    AppAuthentication,
    /// Entra: the app's API permissions.
    AppPermissions,
    /// Entra: the sign-in logs.
    SignInLogs,
    /// The Microsoft Defender portal.
    Defender,
    /// Microsoft's service health.
    ServiceHealth,
}

impl Place {
    /// The page's address for this application in this tenant.
    #[must_use]
    pub fn url(self, cloud: &Cloud, tenant_id: Uuid, client_id: Uuid) -> String {
        let us_gov = matches!(cloud, Cloud::GccHigh | Cloud::Dod);
        let entra = if us_gov { "https://entra.microsoft.us" } else { "https://entra.microsoft.com" };
        let app = |blade: &str| {
            format!(
                "{entra}/{tenant_id}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/{blade}/appId/{client_id}"
            )
        };
        match self {
            Self::TenantOverview => format!("{entra}/#view/Microsoft_AAD_IAM/TenantOverview.ReactView"),
            Self::AppRegistrations => {
                format!("{entra}/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade")
            }
            Self::AppOverview => app("Overview"),
            Self::AppCredentials => app("Credentials"),
            Self::AppAuthentication => app("Authentication"),
            Self::AppPermissions => app("CallAnAPI"),
            Self::SignInLogs => {
                format!("{entra}/{tenant_id}/#view/Microsoft_AAD_IAM/SignInEventsV3Blade")
            }
            Self::Defender if us_gov => "https://security.microsoft.us".to_owned(),
            Self::Defender => format!("https://security.microsoft.com/?tid={tenant_id}"),
            Self::ServiceHealth => "https://status.cloud.microsoft".to_owned(),
        }
    }
}

impl Cause {
    /// Every cause; the number of [`Cause::Unknown`] stands for all unknown ones.
    pub const ALL: [Self; 31] = [
        Self::TenantIdMalformed,
        Self::ClientIdMalformed,
        Self::ClientIdIsTenantId,
        Self::SecretMissing,
        Self::SecretIsSecretId,
        Self::CloudUnsupported,
        Self::TenantNotFound,
        Self::WrongCloud,
        Self::AppNotFound,
        Self::NoServicePrincipal,
        Self::AppDisabled,
        Self::WrongSecret,
        Self::SecretExpired,
        Self::PublicClient,
        Self::CertificateRefused,
        Self::AssertionOutOfTime,
        Self::FederationMismatch,
        Self::ConditionalAccess,
        Self::NoPermissions,
        Self::PermissionMissing,
        Self::DefenderUnavailable,
        Self::TokenRefused,
        Self::Throttled,
        Self::MicrosoftTrouble,
        Self::Unreachable,
        Self::TlsUntrusted,
        Self::ProxyCredentials,
        Self::ProxyRefused,
        Self::UnexpectedAnswer,
        Self::OurFault,
        Self::Unknown { code: 0 },
    ];

    /// The cause behind an AADSTS number; `None` for a number that is not known here.
    #[must_use]
    pub fn of_code(code: u32) -> Option<Self> {
        Some(match code {
            90_002 | 900_023 | 90_013 | 90_019 | 50_059 | 50_128 => Self::TenantNotFound,
            90_038 | 900_382 | 900_432 | 900_439 | 500_011 => Self::WrongCloud,
            700_016 | 700_011 => Self::AppNotFound,
            7_000_229 => Self::NoServicePrincipal,
            7_000_112 | 70_001 | 1_000_031 => Self::AppDisabled,
            7_000_215 | 70_002 => Self::WrongSecret,
            7_000_222 => Self::SecretExpired,
            7_000_218 => Self::SecretMissing,
            700_025 => Self::PublicClient,
            700_027 | 700_030 | 50_012 | 50_013 | 50_027 | 500_133 => Self::CertificateRefused,
            700_024 => Self::AssertionOutOfTime,
            70_021 | 700_211 | 700_212 | 700_213 | 700_229 => Self::FederationMismatch,
            53_000..=53_004 | 53_011 | 530_032 | 530_035 => Self::ConditionalAccess,
            650_052 | 650_056 | 650_057 | 65_001 | 65_005 => Self::NoPermissions,
            90_055 => Self::Throttled,
            90_033 | 90_006 | 90_012 | 90_024 | 90_090 | 50_033 | 50_000 => Self::MicrosoftTrouble,
            // Also the codes about users' accounts (50034 …): no answer to client credentials.
            9_001_023 | 900_144 | 70_011 | 1_002_012 | 28_002 | 700_022 | 700_023 | 50_196 | 7_000_113
            | 7_000_114 | 50_034 | 50_126 | 50_057 | 50_076 | 50_079 => Self::OurFault,
            _ => return None,
        })
    }

    /// The cause behind a request that has no whole answer.
    #[must_use]
    pub fn of_fault(fault: &Fault) -> Self {
        match fault {
            Fault::Transport(TransportError::Untrusted(_)) => Self::TlsUntrusted,
            Fault::Transport(TransportError::ProxyRefused { status: 407, .. }) => Self::ProxyCredentials,
            Fault::Transport(TransportError::ProxyRefused { .. }) => Self::ProxyRefused,
            Fault::Transport(TransportError::NotTls) => Self::UnexpectedAnswer,
            _ => Self::Unreachable,
        }
    }

    /// The name it has in reports, logs and the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TenantIdMalformed => "tenant_id_malformed",
            Self::ClientIdMalformed => "client_id_malformed",
            Self::ClientIdIsTenantId => "client_id_is_tenant_id",
            Self::SecretMissing => "secret_missing",
            Self::SecretIsSecretId => "secret_is_secret_id",
            Self::CloudUnsupported => "cloud_unsupported",
            Self::TenantNotFound => "tenant_not_found",
            Self::WrongCloud => "wrong_cloud",
            Self::AppNotFound => "app_not_found",
            Self::NoServicePrincipal => "no_service_principal",
            Self::AppDisabled => "app_disabled",
            Self::WrongSecret => "wrong_secret",
            Self::SecretExpired => "secret_expired",
            Self::PublicClient => "public_client",
            Self::CertificateRefused => "certificate_refused",
            Self::AssertionOutOfTime => "assertion_out_of_time",
            Self::FederationMismatch => "federation_mismatch",
            Self::ConditionalAccess => "conditional_access",
            Self::NoPermissions => "no_permissions",
            Self::PermissionMissing => "permission_missing",
            Self::DefenderUnavailable => "defender_unavailable",
            Self::TokenRefused => "token_refused",
            Self::Throttled => "throttled",
            Self::MicrosoftTrouble => "microsoft_trouble",
            Self::Unreachable => "unreachable",
            Self::TlsUntrusted => "tls_untrusted",
            Self::ProxyCredentials => "proxy_credentials",
            Self::ProxyRefused => "proxy_refused",
            Self::UnexpectedAnswer => "unexpected_answer",
            Self::OurFault => "our_fault",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Whether it may pass without anybody doing anything. A machine that moves to another network leaves one behind
    /// that opens TLS; a proxy is named by a person.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Throttled
                | Self::MicrosoftTrouble
                | Self::Unreachable
                | Self::TlsUntrusted
                | Self::UnexpectedAnswer
        )
    }

    /// Whether it is about the way to Microsoft, and so about every request alike.
    #[must_use]
    pub fn is_about_the_network(self) -> bool {
        matches!(self, Self::Unreachable | Self::TlsUntrusted | Self::ProxyCredentials | Self::ProxyRefused)
    }

    /// Whether another secret may be the cure: the stored one may have been replaced meanwhile.
    #[must_use]
    pub fn is_about_the_secret(self) -> bool {
        matches!(self, Self::WrongSecret | Self::SecretExpired | Self::SecretMissing)
    }

    /// What to do, with the names of the hosts where it is about the way to them.
    #[must_use]
    pub fn remedy_at(self, endpoints: &Endpoints) -> Cow<'static, str> {
        let remedy = self.explain().remedy;
        if remedy.contains(HOSTS) { remedy.replace(HOSTS, &endpoints.hosts()).into() } else { remedy.into() }
    }

    /// What is wrong and what to do, in plain words.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub fn explain(self) -> Explanation {
        use Field::{ClientId, ClientSecret, TenantId};
        let say = |message, remedy| Explanation { message, remedy, field: None, place: None };
        let at = |explanation: Explanation, field, place| Explanation {
            field: Some(field),
            place: Some(place),
            ..explanation
        };
        let where_ = |explanation: Explanation, place| Explanation { place: Some(place), ..explanation };
        match self {
            Self::TenantIdMalformed => at(
                say(
                    "The Directory (tenant) ID is not a GUID.",
                    "Copy the Directory (tenant) ID from the app registration's overview.",
                ),
                TenantId,
                Place::AppRegistrations,
            ),
            Self::ClientIdMalformed => at(
                say(
                    "The Application (client) ID is not a GUID.",
                    "Copy the Application (client) ID from the app registration's overview.",
                ),
                ClientId,
                Place::AppRegistrations,
            ),
            Self::ClientIdIsTenantId => at(
                say(
                    "The Application (client) ID and the Directory (tenant) ID are the same.",
                    "Copy both from the app registration's overview; they are two different lines.",
                ),
                ClientId,
                Place::AppRegistrations,
            ),
            Self::SecretMissing => at(
                say(
                    "There is no client secret.",
                    "Create a client secret under Certificates & secrets and copy its Value.",
                ),
                ClientSecret,
                Place::AppCredentials,
            ),
            Self::SecretIsSecretId => at(
                say(
                    "This is the Secret ID, not the secret's Value.",
                    "Copy the Value column; if it is no longer shown, create a new client secret and copy its Value.",
                ),
                ClientSecret,
                Place::AppCredentials,
            ),
            Self::CloudUnsupported => Explanation {
                field: Some(Field::Cloud),
                ..say(
                    "This cloud cannot be connected: it has neither the incidents nor the alerts API, or is not known.",
                    "Choose global (also for GCC), gcc-high or dod.",
                )
            },
            Self::TenantNotFound => at(
                say(
                    "There is no such tenant in this cloud, or it has no active subscription.",
                    "Copy the Directory (tenant) ID again from the app registration's overview, and check the cloud.",
                ),
                TenantId,
                Place::TenantOverview,
            ),
            Self::WrongCloud => Explanation {
                field: Some(Field::Cloud),
                ..say(
                    "The tenant is in another Microsoft cloud than the chosen one.",
                    "Choose the cloud that the tenant is in.",
                )
            },
            Self::AppNotFound => at(
                say(
                    "The tenant does not know this Application (client) ID.",
                    "If you made the application within the last minutes, try again in a minute. Otherwise copy the Application (client) ID from the app registration's overview: not the Object ID, and in this same tenant.",
                ),
                ClientId,
                Place::AppRegistrations,
            ),
            Self::NoServicePrincipal => where_(
                say(
                    "The app registration has no service principal in the tenant.",
                    "If you made the application within the last minutes, try again in a minute. Otherwise open API permissions and grant admin consent, or run: az ad sp create --id with the Application (client) ID.",
                ),
                Place::AppPermissions,
            ),
            Self::AppDisabled => where_(
                say(
                    "The application is disabled in the tenant.",
                    "Under Enterprise applications, open the application's Properties and set Enabled for users to sign-in to Yes.",
                ),
                Place::AppOverview,
            ),
            Self::WrongSecret => at(
                say(
                    "The client secret was refused: it is wrong, is the Secret ID, or was deleted.",
                    "If you made the secret within the last minutes, try again in a minute. Otherwise create a new client secret under Certificates & secrets and copy its Value.",
                ),
                ClientSecret,
                Place::AppCredentials,
            ),
            Self::SecretExpired => at(
                say(
                    "The client secret has expired.",
                    "Create a new client secret under Certificates & secrets and enter its Value.",
                ),
                ClientSecret,
                Place::AppCredentials,
            ),
            Self::PublicClient => where_(
                say(
                    "The application is a public client, which must not send a secret.",
                    "Under Authentication, set Allow public client flows to No.",
                ),
                Place::AppAuthentication,
            ),
            Self::CertificateRefused => where_(
                say(
                    "The certificate was refused.",
                    "If you uploaded the certificate within the last minutes, try again in a minute. Otherwise upload the connection's current certificate under Certificates & secrets.",
                ),
                Place::AppCredentials,
            ),
            Self::AssertionOutOfTime => say(
                "The signed assertion was outside its time.",
                "Set the clock of the machine that signs it.",
            ),
            Self::FederationMismatch => where_(
                say(
                    "No federated credential of the application matches.",
                    "If you made the federated credential within the last minutes, try again in some minutes. Otherwise compare issuer, subject and audience under Certificates & secrets, Federated credentials.",
                ),
                Place::AppCredentials,
            ),
            Self::ConditionalAccess => where_(
                say(
                    "A Conditional Access policy blocks the application.",
                    "Allow this service's outgoing IP addresses in the policy, or exclude the application from it; Service principal sign-ins in the log name the policy.",
                ),
                Place::SignInLogs,
            ),
            Self::NoPermissions => where_(
                say(
                    "No application permission is granted.",
                    "If you granted admin consent within the last minutes, try again in two minutes. Otherwise, under API permissions, grant admin consent; permissions chosen as Delegated must be added again as Application permissions first.",
                ),
                Place::AppPermissions,
            ),
            Self::PermissionMissing => where_(
                say(
                    "An application permission is not granted.",
                    "If you granted admin consent within the last minutes, try again in two minutes. Otherwise, under API permissions, add it as an Application permission of Microsoft Graph and grant admin consent.",
                ),
                Place::AppPermissions,
            ),
            Self::DefenderUnavailable => where_(
                say(
                    "The permission is granted, but Defender refuses: it is not set up or not licensed in this tenant.",
                    "Open the Microsoft Defender portal once as an administrator and check the tenant's Defender licence.",
                ),
                Place::Defender,
            ),
            Self::TokenRefused => say(
                "Graph refuses a token that Entra has just issued.",
                "Check the cloud and try again in some minutes; if it stays, report it with the request ids.",
            ),
            Self::Throttled => say(
                "Microsoft asks for fewer requests.",
                "Change nothing: a sync waits as long as Microsoft asks and goes on by itself; test again in some minutes.",
            ),
            Self::MicrosoftTrouble => where_(
                say(
                    "Microsoft's service is in trouble.",
                    "Change nothing: a sync goes on by itself, and a test can be repeated in some minutes. Microsoft's service health tells more.",
                ),
                Place::ServiceHealth,
            ),
            Self::Unreachable => say(
                "Microsoft could not be reached.",
                "Check that this machine may connect to the cloud's login and Graph hosts on port 443. If only a proxy leads out of your network, name it to soc-anywhere in HTTPS_PROXY.",
            ),
            Self::TlsUntrusted => say(
                "Something between this machine and Microsoft seems to open TLS.",
                "Exempt the cloud's login and Graph hosts from TLS inspection in this network. Or let soc-anywhere trust the CA that inspects: name its PEM file in SSL_CERT_FILE.",
            ),
            Self::ProxyCredentials => say(
                "The proxy wants a user and a password, or others than it was given.",
                "Put them into HTTPS_PROXY, percent-encoded: http://USER:PASSWORD@HOST:PORT. A proxy that takes no Basic authentication must let this machine connect to the cloud's login and Graph hosts without it.",
            ),
            Self::ProxyRefused => say(
                "The proxy refuses to connect to Microsoft.",
                "Let the proxy allow the cloud's login and Graph hosts on port 443, or list them in NO_PROXY where this machine may connect straight.",
            ),
            Self::UnexpectedAnswer => say(
                "The answer is not one of Microsoft's.",
                "Check that nothing between this machine and Microsoft, such as a proxy, answers in its place.",
            ),
            Self::OurFault => say(
                "Microsoft says that this service's request is wrong.",
                "Report it with the code and the request ids: it is not your configuration.",
            ),
            Self::Unknown { .. } => say(
                "Microsoft refused for a reason that is not known here.",
                "Look the code up at https://login.microsoftonline.com/error, and report it.",
            ),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { code } => write!(f, "unknown (AADSTS{code})"),
            other => f.write_str(other.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_cause_stands_once_in_the_list_and_says_what_to_do() {
        let names: HashSet<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            let explanation = cause.explain();
            assert!(explanation.message.ends_with('.') && explanation.remedy.ends_with('.'), "{cause}");
            let stored = serde_json::to_string(&cause).unwrap();
            assert!(stored.contains(cause.name()), "{stored}");
            assert_eq!(serde_json::from_str::<Cause>(&stored).unwrap(), cause);
        }
    }

    #[test]
    fn what_is_about_the_network_names_the_hosts_of_the_cloud() {
        for (cloud, hosts) in [
            (Cloud::Global, "login.microsoftonline.com and graph.microsoft.com"),
            (Cloud::GccHigh, "login.microsoftonline.us and graph.microsoft.us"),
            (Cloud::Dod, "login.microsoftonline.us and dod-graph.microsoft.us"),
        ] {
            for cause in Cause::ALL {
                let remedy = cause.remedy_at(&cloud.endpoints());
                assert_eq!(remedy.contains(hosts), cause.is_about_the_network(), "{cause}: {remedy}");
                assert!(!remedy.contains(HOSTS), "{cause}: {remedy}");
            }
        }
        assert!(Cause::Unreachable.remedy_at(&Cloud::Global.endpoints()).contains("port 443"));
    }

    #[test]
    fn a_fault_of_the_network_has_the_cause_that_says_what_to_do() {
        let refused = |status| TransportError::ProxyRefused { proxy: "proxy:8080".into(), status };
        for (fault, cause) in [
            (TransportError::Connect("connection refused".into()), Cause::Unreachable),
            (TransportError::Broken("reset".into()), Cause::Unreachable),
            (TransportError::Untrusted("its issuer is not known".into()), Cause::TlsUntrusted),
            (refused(407), Cause::ProxyCredentials),
            (refused(403), Cause::ProxyRefused),
            (TransportError::NotTls, Cause::UnexpectedAnswer),
        ] {
            assert_eq!(Cause::of_fault(&Fault::Transport(fault)), cause);
        }
        assert_eq!(Cause::of_fault(&Fault::TimedOut(std::time::Duration::ZERO)), Cause::Unreachable);
    }

    #[test]
    fn an_unknown_number_has_no_cause_of_its_own() {
        assert_eq!(Cause::of_code(1), None);
        assert_eq!(Cause::Unknown { code: 123 }.to_string(), "unknown (AADSTS123)");
    }
}
