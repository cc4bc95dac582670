//! Each cause in plain words: what is wrong, and the one thing to do.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Cause, Endpoints, Place};

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
    pub place: Place,
}

impl Cause {
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
        let (message, remedy, field, place) = match self {
            Self::TenantIdMalformed => (
                "The Directory (tenant) ID is not a GUID.",
                "Copy the Directory (tenant) ID from the app registration's overview.",
                Some(TenantId),
                Place::AppRegistrations,
            ),
            Self::TenantIdIsDomain => (
                "A domain stands in place of the Directory (tenant) ID.",
                "Copy the Directory (tenant) ID from the app registration's overview.",
                Some(TenantId),
                Place::AppRegistrations,
            ),
            Self::ClientIdMalformed => (
                "The Application (client) ID is not a GUID.",
                "Copy the Application (client) ID from the app registration's overview.",
                Some(ClientId),
                Place::AppRegistrations,
            ),
            Self::ClientIdIsTenantId => (
                "The Application (client) ID and the Directory (tenant) ID are the same.",
                "Copy both from the app registration's overview; they are two different lines.",
                Some(ClientId),
                Place::AppRegistrations,
            ),
            Self::IdsSwapped => (
                "The Directory (tenant) ID and the Application (client) ID are swapped.",
                "Enter each of the two IDs in the other one's place.",
                Some(TenantId),
                Place::AppRegistrations,
            ),
            Self::SecretMissing => (
                "There is no client secret.",
                "Create a client secret under Certificates & secrets and copy its Value.",
                Some(ClientSecret),
                Place::AppCredentials,
            ),
            Self::SecretIsSecretId => (
                "This is the Secret ID, not the secret's Value.",
                "Copy the Value column; if it is no longer shown, create a new client secret and copy its Value.",
                Some(ClientSecret),
                Place::AppCredentials,
            ),
            Self::CloudUnsupported => (
                "This cloud cannot be connected: it has neither the incidents nor the alerts API, or is not known.",
                "Choose global (also for GCC), gcc-high or dod.",
                Some(Field::Cloud),
                Place::Clouds,
            ),
            Self::TenantNotFound => (
                "There is no such tenant in this cloud, or it has no active subscription.",
                "Copy the Directory (tenant) ID again from the app registration's overview, and check the cloud.",
                Some(TenantId),
                Place::TenantOverview,
            ),
            Self::TenantBlocked => (
                "Microsoft has blocked this tenant: it was inactive for too long, or is being deleted.",
                "Sign in to the Entra admin center as the tenant's administrator and ask Microsoft to reactivate the tenant; this works for a short time only.",
                None,
                Place::TenantOverview,
            ),
            Self::TenantRestricted => (
                "A policy of this network or device does not allow sign-ins to the tenant.",
                "Ask the administrator of the network that requests come from to allow the tenant in its tenant restrictions.",
                None,
                Place::TenantRestrictions,
            ),
            Self::WrongCloud => (
                "The tenant is in another Microsoft cloud than the chosen one.",
                "Choose the cloud that the tenant is in.",
                Some(Field::Cloud),
                Place::Clouds,
            ),
            Self::AppNotFound => (
                "The tenant does not know this Application (client) ID.",
                "If you made the application within the last minutes, try again in a minute. Otherwise copy the Application (client) ID from the app registration's overview: not the Object ID, and in this same tenant.",
                Some(ClientId),
                Place::AppRegistrations,
            ),
            Self::NoServicePrincipal => (
                "The app registration has no service principal in the tenant.",
                "If you made the application within the last minutes, try again in a minute. Otherwise open API permissions and grant admin consent, or run: az ad sp create --id with the Application (client) ID.",
                None,
                Place::AppPermissions,
            ),
            Self::WrongAudience => (
                "The application is registered for other accounts than this tenant's.",
                "Register an application in this tenant, for accounts in this organizational directory only, and enter its IDs.",
                None,
                Place::AppAuthentication,
            ),
            Self::ManagedIdentity => (
                "The Application (client) ID is a managed identity's, which accepts no client secret.",
                "Register an application in the tenant and enter its Application (client) ID and a client secret of its own.",
                Some(ClientId),
                Place::AppRegistrations,
            ),
            Self::AppDisabled => (
                "The application is disabled in the tenant.",
                "Under Enterprise applications, open the application's Properties and set Enabled for users to sign-in to Yes.",
                None,
                Place::AppOverview,
            ),
            Self::WrongSecret => (
                "The client secret was refused: it is wrong, is the Secret ID, or was deleted.",
                "If you made the secret within the last minutes, try again in a minute. Otherwise create a new client secret under Certificates & secrets and copy its Value.",
                Some(ClientSecret),
                Place::AppCredentials,
            ),
            Self::SecretExpired => (
                "The client secret has expired.",
                "Create a new client secret under Certificates & secrets and enter its Value.",
                Some(ClientSecret),
                Place::AppCredentials,
            ),
            Self::PublicClient => (
                "The application is a public client, which must not send a secret.",
                "Under Authentication, set Allow public client flows to No.",
                None,
                Place::AppAuthentication,
            ),
            Self::CertificateRefused => (
                "The certificate was refused.",
                "If you uploaded the certificate within the last minutes, try again in a minute. Otherwise upload the connection's current certificate under Certificates & secrets.",
                None,
                Place::AppCredentials,
            ),
            Self::CertificateExpired => (
                "The certificate has expired, is not valid yet, or was revoked.",
                "Create a new certificate and upload it under Certificates & secrets.",
                None,
                Place::AppCredentials,
            ),
            Self::AssertionOutOfTime => (
                "The signed assertion was outside its time, or is valid for too long.",
                "Set the clock of the machine that signs the assertion, and let an assertion be valid for some minutes only.",
                None,
                Place::Assertions,
            ),
            Self::FederationMismatch => (
                "No federated credential of the application matches.",
                "If you made the federated credential within the last minutes, try again in some minutes. Otherwise compare issuer, subject and audience under Certificates & secrets, Federated credentials.",
                None,
                Place::AppCredentials,
            ),
            Self::FederationNotAllowed => (
                "Entra or a policy of the tenant does not accept this token as a federated credential.",
                "Use a token of an issuer that the tenant accepts; the tenant's administrator knows its policies for applications.",
                None,
                Place::AppCredentials,
            ),
            Self::ConditionalAccess => (
                "A Conditional Access policy blocks the application.",
                "Allow this service's outgoing IP addresses in the policy, or exclude the application from it; Service principal sign-ins in the log name the policy.",
                None,
                Place::SignInLogs,
            ),
            Self::SignInRefused => (
                "Entra refused the sign-in without a reason that is known here.",
                "Compare the three values with the app registration; Service principal sign-ins in the log name the reason.",
                None,
                Place::SignInLogs,
            ),
            Self::ResourceDisabled => (
                "Microsoft Graph, or a service behind it, is disabled in this tenant, or its subscription has lapsed.",
                "Under Enterprise applications, open Microsoft Graph's Properties and set Enabled for users to sign-in to Yes; renew the subscription if it has lapsed.",
                None,
                Place::EnterpriseApplications,
            ),
            Self::NoPermissions => (
                "No application permission is granted.",
                "If you granted admin consent within the last minutes, try again in two minutes. Otherwise, under API permissions, grant admin consent; permissions chosen as Delegated must be added again as Application permissions first.",
                None,
                Place::AppPermissions,
            ),
            Self::PermissionMissing => (
                "An application permission is not granted.",
                "If you granted admin consent within the last minutes, try again in two minutes. Otherwise, under API permissions, add it as an Application permission of Microsoft Graph and grant admin consent.",
                None,
                Place::AppPermissions,
            ),
            Self::DefenderUnavailable => (
                "The permission is granted, but Defender refuses: it is not set up or not licensed in this tenant.",
                "Open the Microsoft Defender portal once as an administrator and check the tenant's Defender licence.",
                None,
                Place::Defender,
            ),
            Self::TokenRefused => (
                "Graph refuses a token that Entra has just issued.",
                "Check the cloud and try again in some minutes; if it stays, report it with the request ids.",
                None,
                Place::Clouds,
            ),
            Self::Throttled => (
                "Microsoft asks for fewer requests.",
                "Change nothing: a sync waits as long as Microsoft asks and goes on by itself; test again in some minutes.",
                None,
                Place::Throttling,
            ),
            Self::MicrosoftTrouble => (
                "Microsoft's service is in trouble.",
                "Change nothing: a sync goes on by itself, and a test can be repeated in some minutes. Microsoft's service health tells more.",
                None,
                Place::ServiceHealth,
            ),
            Self::Unreachable => (
                "Microsoft could not be reached.",
                "Check that this machine may connect to the cloud's login and Graph hosts on port 443. If only a proxy leads out of your network, name it to soc-anywhere in HTTPS_PROXY.",
                None,
                Place::Clouds,
            ),
            Self::TlsUntrusted => (
                "Something between this machine and Microsoft seems to open TLS.",
                "Exempt the cloud's login and Graph hosts from TLS inspection in this network. Or let soc-anywhere trust the CA that inspects: name its PEM file in SSL_CERT_FILE.",
                None,
                Place::Clouds,
            ),
            Self::ProxyCredentials => (
                "The proxy wants a user and a password, or others than it was given.",
                "Put them into HTTPS_PROXY, percent-encoded: http://USER:PASSWORD@HOST:PORT. A proxy that takes no Basic authentication must let this machine connect to the cloud's login and Graph hosts without it.",
                None,
                Place::Clouds,
            ),
            Self::ProxyRefused => (
                "The proxy refuses to connect to Microsoft.",
                "Let the proxy allow the cloud's login and Graph hosts on port 443, or list them in NO_PROXY where this machine may connect straight.",
                None,
                Place::Clouds,
            ),
            Self::OutdatedTls => (
                "The connection to Entra uses a version of TLS that Entra no longer accepts.",
                "This service uses TLS 1.2 or later: update or bypass the proxy that opens the connections between this machine and Microsoft.",
                None,
                Place::Clouds,
            ),
            Self::UnexpectedAnswer => (
                "The answer is not one of Microsoft's.",
                "Check that nothing between this machine and Microsoft, such as a proxy, answers in its place.",
                None,
                Place::Clouds,
            ),
            Self::OurFault => (
                "Microsoft says that this service's request is wrong.",
                "Report it with the code and the request ids: it is not your configuration.",
                None,
                Place::ErrorCodes,
            ),
            Self::Unknown { code } => (
                "Microsoft refused for a reason that is not known here.",
                "Look the code up at https://login.microsoftonline.com/error, and report it.",
                None,
                Place::ErrorLookup { code },
            ),
        };
        Explanation { message, remedy, field, place }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::Cloud;

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
    fn every_cause_says_what_to_do_and_where() {
        for cause in Cause::ALL {
            let explanation = cause.explain();
            assert!(explanation.message.ends_with('.') && explanation.remedy.ends_with('.'), "{cause}");
            for cloud in Cloud::CHOICES {
                let url = explanation.place.url(&cloud, Uuid::from_u128(1), Uuid::from_u128(2));
                assert!(url::Url::parse(&url).unwrap().scheme() == "https", "{cause}: {url}");
            }
        }
        let unknown = Cause::Unknown { code: 123_456 }.explain().place;
        let url = unknown.url(&Cloud::Dod, Uuid::nil(), Uuid::nil());
        assert_eq!(url, "https://login.microsoftonline.us/error?code=123456");
    }
}
