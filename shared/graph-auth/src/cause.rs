//! What can be wrong with a connection: the closed list of causes.

use std::fmt;

use graph_http::{Fault, TransportError};
use serde::{Deserialize, Serialize};

/// Everything that can be wrong with a connection, by what a person must do. What Microsoft does not tell
/// apart is one cause here, with its possibilities in order of likelihood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The tenant ID is no GUID.
    TenantIdMalformed,
    /// A domain was entered in place of the tenant ID.
    TenantIdIsDomain,
    /// The client ID is no GUID.
    ClientIdMalformed,
    /// Both IDs are the same.
    ClientIdIsTenantId,
    /// Tenant and client ID are swapped.
    IdsSwapped,
    /// No secret was entered.
    SecretMissing,
    /// The secret's ID was entered; Entra would say "wrong secret" (7000215).
    SecretIsSecretId,
    /// The cloud is not one that can be connected.
    CloudUnsupported,
    /// No such tenant in this cloud, or one without an active subscription.
    TenantNotFound,
    /// Microsoft has blocked the tenant.
    TenantBlocked,
    /// The network's tenant restrictions forbid the tenant.
    TenantRestricted,
    /// The tenant lives in another cloud.
    WrongCloud,
    /// The client ID is not known in this tenant: mistyped, an object ID, or of another tenant.
    AppNotFound,
    /// The app registration has no service principal.
    NoServicePrincipal,
    /// The application is for other accounts than this tenant's.
    WrongAudience,
    /// The client ID is a managed identity's.
    ManagedIdentity,
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
    /// A certificate is outside its time, or was revoked.
    CertificateExpired,
    /// An assertion was outside its time: clocks disagree.
    AssertionOutOfTime,
    /// No federated credential of the application matches.
    FederationMismatch,
    /// The tenant does not accept this issuer's tokens as a federated credential.
    FederationNotAllowed,
    /// A Conditional Access or risk policy refused the application.
    ConditionalAccess,
    /// Entra refused and gave no number.
    SignInRefused,
    /// The service principal of Graph, or of a service behind it, is disabled or not subscribed to.
    ResourceDisabled,
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
    /// Something in between uses a version of TLS that Entra refuses.
    OutdatedTls,
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

impl Cause {
    /// Every cause; the number of [`Cause::Unknown`] stands for all unknown ones.
    pub const ALL: [Self; 42] = [
        Self::TenantIdMalformed,
        Self::TenantIdIsDomain,
        Self::ClientIdMalformed,
        Self::ClientIdIsTenantId,
        Self::IdsSwapped,
        Self::SecretMissing,
        Self::SecretIsSecretId,
        Self::CloudUnsupported,
        Self::TenantNotFound,
        Self::TenantBlocked,
        Self::TenantRestricted,
        Self::WrongCloud,
        Self::AppNotFound,
        Self::NoServicePrincipal,
        Self::WrongAudience,
        Self::ManagedIdentity,
        Self::AppDisabled,
        Self::WrongSecret,
        Self::SecretExpired,
        Self::PublicClient,
        Self::CertificateRefused,
        Self::CertificateExpired,
        Self::AssertionOutOfTime,
        Self::FederationMismatch,
        Self::FederationNotAllowed,
        Self::ConditionalAccess,
        Self::SignInRefused,
        Self::ResourceDisabled,
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
        Self::OutdatedTls,
        Self::UnexpectedAnswer,
        Self::OurFault,
        Self::Unknown { code: 0 },
    ];

    /// The cause behind a request that has no whole answer.
    #[must_use]
    pub fn of_fault(fault: &Fault) -> Self {
        match fault {
            Fault::Transport(TransportError::Untrusted(_)) => Self::TlsUntrusted,
            Fault::Transport(TransportError::ProxyRefused { status: 407, .. }) => Self::ProxyCredentials,
            Fault::Transport(TransportError::ProxyRefused { .. }) => Self::ProxyRefused,
            // Microsoft's answers are within the caps.
            Fault::Transport(TransportError::NotTls) | Fault::TooLarge(_) => Self::UnexpectedAnswer,
            _ => Self::Unreachable,
        }
    }

    /// The name it has in reports, logs and the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TenantIdMalformed => "tenant_id_malformed",
            Self::TenantIdIsDomain => "tenant_id_is_domain",
            Self::ClientIdMalformed => "client_id_malformed",
            Self::ClientIdIsTenantId => "client_id_is_tenant_id",
            Self::IdsSwapped => "ids_swapped",
            Self::SecretMissing => "secret_missing",
            Self::SecretIsSecretId => "secret_is_secret_id",
            Self::CloudUnsupported => "cloud_unsupported",
            Self::TenantNotFound => "tenant_not_found",
            Self::TenantBlocked => "tenant_blocked",
            Self::TenantRestricted => "tenant_restricted",
            Self::WrongCloud => "wrong_cloud",
            Self::AppNotFound => "app_not_found",
            Self::NoServicePrincipal => "no_service_principal",
            Self::WrongAudience => "wrong_audience",
            Self::ManagedIdentity => "managed_identity",
            Self::AppDisabled => "app_disabled",
            Self::WrongSecret => "wrong_secret",
            Self::SecretExpired => "secret_expired",
            Self::PublicClient => "public_client",
            Self::CertificateRefused => "certificate_refused",
            Self::CertificateExpired => "certificate_expired",
            Self::AssertionOutOfTime => "assertion_out_of_time",
            Self::FederationMismatch => "federation_mismatch",
            Self::FederationNotAllowed => "federation_not_allowed",
            Self::ConditionalAccess => "conditional_access",
            Self::SignInRefused => "sign_in_refused",
            Self::ResourceDisabled => "resource_disabled",
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
            Self::OutdatedTls => "outdated_tls",
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
        matches!(self, Self::WrongSecret | Self::SecretExpired | Self::SecretMissing | Self::SignInRefused)
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
    fn every_cause_stands_once_in_the_list_and_is_stored_by_its_name() {
        let names: HashSet<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            let stored = serde_json::to_string(&cause).unwrap();
            assert!(stored.contains(cause.name()), "{stored}");
            assert_eq!(serde_json::from_str::<Cause>(&stored).unwrap(), cause);
        }
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
        assert_eq!(Cause::of_fault(&Fault::TooLarge(1)), Cause::UnexpectedAnswer);
    }

    #[test]
    fn an_unknown_number_is_kept() {
        assert_eq!(Cause::Unknown { code: 123 }.to_string(), "unknown (AADSTS123)");
    }
}
