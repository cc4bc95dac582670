//! Where a remedy is carried out, or read about.

use uuid::Uuid;

use crate::Cloud;

/// A page where a remedy is carried out; of Microsoft's documentation where nobody but Microsoft or a network can do
/// anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Entra: the tenant's overview, with its ID.
    TenantOverview,
    /// Entra: the list of app registrations.
    AppRegistrations,
    /// Entra: the list of enterprise applications, Microsoft's own included.
    EnterpriseApplications,
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
    /// Documentation: the clouds and their hosts.
    Clouds,
    /// Documentation: the form of a signed assertion.
    Assertions,
    /// Documentation: what a network may forbid.
    TenantRestrictions,
    /// Documentation: throttling.
    Throttling,
    /// Documentation: Entra's error codes.
    ErrorCodes,
    /// Entra's own page for one of its error codes.
    ErrorLookup {
        /// The number after `AADSTS`; 0 for the page where one is entered.
        code: u32,
    },
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
            Self::EnterpriseApplications => format!(
                "{entra}/{tenant_id}/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview"
            ),
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
            Self::Clouds => "https://learn.microsoft.com/graph/deployments".to_owned(),
            Self::Assertions => {
                "https://learn.microsoft.com/entra/identity-platform/certificate-credentials".to_owned()
            }
            Self::TenantRestrictions => {
                "https://learn.microsoft.com/entra/external-id/tenant-restrictions-v2".to_owned()
            }
            Self::Throttling => "https://learn.microsoft.com/graph/throttling".to_owned(),
            Self::ErrorCodes => {
                "https://learn.microsoft.com/entra/identity-platform/reference-error-codes".to_owned()
            }
            Self::ErrorLookup { code } => {
                let login = if us_gov { "microsoftonline.us" } else { "microsoftonline.com" };
                let code = if code == 0 { String::new() } else { format!("?code={code}") };
                format!("https://login.{login}/error{code}")
            }
        }
    }
}
