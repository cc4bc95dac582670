//! The guide's three steps as commands that are ready to run.
//!
//! Permissions and their ids: Microsoft Graph permissions reference,
//! <https://learn.microsoft.com/graph/permissions-reference>

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use graph_auth::Cloud;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Microsoft Graph's own application id, the same in every tenant.
const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

/// An application permission of Microsoft Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Permission {
    name: &'static str,
    id: &'static str,
    purpose: &'static str,
}

const READ_INCIDENTS: Permission = Permission {
    name: "SecurityIncident.Read.All",
    id: "45cc0394-e837-488b-a098-1918f48d186c",
    purpose: "reads incidents",
};
const WRITE_INCIDENTS: Permission = Permission {
    name: "SecurityIncident.ReadWrite.All",
    id: "34bf0e97-1971-4929-b999-9e2442d941d7",
    purpose: "reads incidents and writes their status, assignment, classification and comments back",
};
const READ_ALERTS: Permission = Permission {
    name: "SecurityAlert.Read.All",
    id: "472e4a4d-bb4a-4026-98d1-0b0d74cb74a5",
    purpose: "reads alerts",
};
const WRITE_ALERTS: Permission = Permission {
    name: "SecurityAlert.ReadWrite.All",
    id: "ed4fca05-be46-441f-9803-1873825f8fdb",
    purpose: "reads alerts and writes their status, assignment, classification and comments back",
};
const READ_DETECTIONS: Permission = Permission {
    name: "CustomDetection.Read.All",
    id: "673a007a-9e0f-4c97-b066-3c0164486909",
    purpose: "reads custom detection rules",
};

/// What the customer wants.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Wanted {
    cloud: String,
    #[serde(default)]
    write_back: bool,
    #[serde(default)]
    detections: bool,
}

/// How to get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Guide {
    portal: &'static str,
    permissions: Vec<Permission>,
    azure_cli: String,
    power_shell: String,
}

pub(super) async fn guide(query: Result<Query<Wanted>, QueryRejection>) -> Result<Json<Guide>, Problem> {
    let Query(wanted) = query?;
    let cloud: Cloud = wanted.cloud.parse().map_err(|reason| Problem::target(format!("{reason}")))?;
    Ok(Json(of(&cloud, wanted.write_back, wanted.detections)))
}

fn of(cloud: &Cloud, write_back: bool, detections: bool) -> Guide {
    let mut permissions =
        if write_back { vec![WRITE_INCIDENTS, WRITE_ALERTS] } else { vec![READ_INCIDENTS, READ_ALERTS] };
    // The rules' API is in the global cloud only.
    if detections && *cloud == Cloud::Global {
        permissions.push(READ_DETECTIONS);
    }
    Guide {
        portal: match cloud {
            Cloud::GccHigh | Cloud::Dod => "https://entra.microsoft.us",
            Cloud::Global | Cloud::Simulated(_) => "https://entra.microsoft.com",
        },
        azure_cli: azure_cli(cloud, &permissions),
        power_shell: power_shell(cloud, &permissions),
        permissions,
    }
}

/// `az ad app create` makes no service principal (AADSTS7000229 without one), and consent needs it to have
/// been replicated. `--append` keeps the secrets that are there.
/// <https://learn.microsoft.com/cli/azure/ad/app>
fn azure_cli(cloud: &Cloud, permissions: &[Permission]) -> String {
    let login = match cloud {
        Cloud::GccHigh | Cloud::Dod => {
            "az cloud set --name AzureUSGovernment\naz login --allow-no-subscriptions\n"
        }
        Cloud::Global | Cloud::Simulated(_) => "az login --allow-no-subscriptions\n",
    };
    let roles: Vec<_> = permissions.iter().map(|one| format!("    {}=Role", one.id)).collect();
    let roles = roles.join(" \\\n");
    format!(
        r#"{login}APP=$(az ad app create --display-name "SOC Anywhere" --sign-in-audience AzureADMyOrg --query appId -o tsv)
az ad sp create --id "$APP"
az ad app permission add --id "$APP" --api {GRAPH_APP_ID} --api-permissions \
{roles}
sleep 30   # the service principal needs a moment; repeat the next line if it fails
az ad app permission admin-consent --id "$APP"
az ad app credential reset --id "$APP" --append --display-name "SOC Anywhere" --years 1 \
    --query '{{tenant:tenant, clientId:appId, secret:password}}'
"#
    )
}

/// For application permissions, assigning the role is the admin's consent.
/// <https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto>
fn power_shell(cloud: &Cloud, permissions: &[Permission]) -> String {
    let environment = match cloud {
        Cloud::GccHigh => " -Environment USGov",
        Cloud::Dod => " -Environment USGovDoD",
        Cloud::Global | Cloud::Simulated(_) => "",
    };
    let roles: Vec<_> = permissions.iter().map(|one| format!("'{}'", one.id)).collect();
    format!(
        r"Connect-MgGraph{environment} -Scopes Application.ReadWrite.All,AppRoleAssignment.ReadWrite.All
$roles = {roles}
$access = @{{ ResourceAppId = '{GRAPH_APP_ID}'; ResourceAccess = @($roles | % {{ @{{ Id = $_; Type = 'Role' }} }}) }}
$app = New-MgApplication -DisplayName 'SOC Anywhere' -SignInAudience AzureADMyOrg -RequiredResourceAccess $access
$sp = New-MgServicePrincipal -AppId $app.AppId
$graph = Get-MgServicePrincipal -Filter {filter}
$roles | % {{ New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id -PrincipalId $sp.Id -ResourceId $graph.Id -AppRoleId $_ }}
$secret = Add-MgApplicationPassword -ApplicationId $app.Id -PasswordCredential @{{ DisplayName = 'SOC Anywhere'; EndDateTime = (Get-Date).AddMonths(12) }}
[pscustomobject]@{{ Tenant = (Get-MgContext).TenantId; ClientId = $app.AppId; Secret = $secret.SecretText; Expires = $secret.EndDateTime }}
",
        roles = roles.join(", "),
        filter = format_args!("\"appId eq '{GRAPH_APP_ID}'\""),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_only_asks_for_no_right_to_write() {
        let guide = of(&Cloud::Global, false, false);
        for text in [&guide.azure_cli, &guide.power_shell] {
            assert!(text.contains(READ_INCIDENTS.id) && text.contains(READ_ALERTS.id), "{text}");
            assert!(!text.contains(WRITE_INCIDENTS.id) && !text.contains(WRITE_ALERTS.id), "{text}");
            assert!(!text.contains(READ_DETECTIONS.id), "{text}");
        }
    }

    #[test]
    fn write_back_and_detections_ask_for_what_they_need() {
        let guide = of(&Cloud::Global, true, true);
        let ids: Vec<_> = guide.permissions.iter().map(|permission| permission.id).collect();
        assert_eq!(ids, [WRITE_INCIDENTS.id, WRITE_ALERTS.id, READ_DETECTIONS.id]);
        assert!(ids.iter().all(|id| guide.azure_cli.contains(&format!("{id}=Role"))));
        assert!(ids.iter().all(|id| guide.power_shell.contains(&format!("'{id}'"))));
    }

    #[test]
    fn a_government_cloud_is_signed_in_to_and_has_no_detection_rules() {
        let guide = of(&Cloud::Dod, false, true);
        assert!(guide.azure_cli.starts_with("az cloud set --name AzureUSGovernment\n"));
        assert!(guide.power_shell.contains("-Environment USGovDoD"));
        assert!(!guide.azure_cli.contains(READ_DETECTIONS.id));
    }
}
