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

/// They may be run again, and then repair: the application is made by its unique name, and a role that is assigned
/// is left alone. Assigning the roles is the admin's consent. `az ad app permission admin-consent` would do it
/// through an address of the portal's own, which fails in Cloud Shell and in national clouds
/// (<https://github.com/Azure/azure-cli/issues/29424>).
///
/// - <https://learn.microsoft.com/graph/api/application-upsert>
/// - <https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments>
/// - <https://learn.microsoft.com/cli/azure/ad/app/credential>: `--append` keeps the secrets that are there
fn azure_cli(cloud: &Cloud, permissions: &[Permission]) -> String {
    let national = match cloud {
        Cloud::GccHigh | Cloud::Dod => "az cloud set --name AzureUSGovernment\n",
        Cloud::Global | Cloud::Simulated(_) => "",
    };
    let graph = match cloud {
        Cloud::GccHigh => "https://graph.microsoft.us",
        Cloud::Dod => "https://dod-graph.microsoft.us",
        Cloud::Global | Cloud::Simulated(_) => "https://graph.microsoft.com",
    };
    let accesses: Vec<_> =
        permissions.iter().map(|one| format!(r#"    {{ "id": "{}", "type": "Role" }}"#, one.id)).collect();
    let accesses = accesses.join(",\n");
    let roles: Vec<_> = permissions.iter().map(|one| format!("  {}", one.id)).collect();
    let roles = roles.join(" \\\n");
    format!(
        r#"{national}az login --allow-no-subscriptions
GRAPH={graph}
graph() {{ az rest --resource "$GRAPH" "$@"; }}
# The application is made, or repaired.
NAMED="$GRAPH/v1.0/applications(uniqueName='soc-anywhere')"
graph --method PATCH --url "$NAMED" -o none --headers Prefer=create-if-missing Content-Type=application/json --body '{{
  "displayName": "SOC Anywhere", "signInAudience": "AzureADMyOrg",
  "requiredResourceAccess": [{{ "resourceAppId": "{GRAPH_APP_ID}", "resourceAccess": [
{accesses}
  ] }}] }}'
APP=$(graph --method GET --url "$NAMED" --query appId -o tsv)
az ad sp show --id "$APP" -o none 2>/dev/null || az ad sp create --id "$APP" -o none
SP=$(az ad sp show --id "$APP" --query id -o tsv)
GRAPH_SP=$(az ad sp show --id {GRAPH_APP_ID} --query id -o tsv)
# Each role that is missing is assigned: this is the admin consent. What is new takes some tries.
ASSIGNED="$GRAPH/v1.0/servicePrincipals/$SP/appRoleAssignments"
for ROLE in \
{roles}
do
  for TRY in 1 2 3 4 5 6; do
    graph --method GET --url "$ASSIGNED" --query "value[].appRoleId" -o tsv | grep -q "$ROLE" && break
    graph --method POST --url "$ASSIGNED" -o none --headers Content-Type=application/json \
      --body "{{\"principalId\":\"$SP\",\"resourceId\":\"$GRAPH_SP\",\"appRoleId\":\"$ROLE\"}}" && break
    sleep 10
  done
done
# A new secret is made, and the three values are printed. Leave this command out where you only repair.
az ad app credential reset --id "$APP" --append --display-name "SOC Anywhere" --years 1 \
  --query '{{tenantId:tenant, clientId:appId, clientSecret:password}}'
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
    let roles = roles.join(", ");
    format!(
        r#"Connect-MgGraph{environment} -Scopes Application.ReadWrite.All, AppRoleAssignment.ReadWrite.All
$roles = {roles}
# The application is made, or repaired.
$named = "v1.0/applications(uniqueName='soc-anywhere')"
$access = @{{ resourceAppId = '{GRAPH_APP_ID}'; resourceAccess = @($roles | % {{ @{{ id = $_; type = 'Role' }} }}) }}
$wanted = @{{ displayName = 'SOC Anywhere'; signInAudience = 'AzureADMyOrg'; requiredResourceAccess = @($access) }}
Invoke-MgGraphRequest PATCH $named -Headers @{{ Prefer = 'create-if-missing' }} -Body ($wanted | ConvertTo-Json -Depth 5) | Out-Null
$app = Invoke-MgGraphRequest GET $named
$sp = Get-MgServicePrincipal -Filter "appId eq '$($app.appId)'"
if (-not $sp) {{ $sp = New-MgServicePrincipal -AppId $app.appId }}
$graph = Get-MgServicePrincipal -Filter "appId eq '{GRAPH_APP_ID}'"
# Each role that is missing is assigned: this is the admin consent.
$assigned = (Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id -All).AppRoleId
$roles | ? {{ $_ -notin $assigned }} | % {{
  New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id -PrincipalId $sp.Id -ResourceId $graph.Id -AppRoleId $_ | Out-Null }}
# A new secret is made, and the three values are printed. Leave this out where you only repair.
$secret = Add-MgApplicationPassword -ApplicationId $app.id -PasswordCredential @{{ DisplayName = 'SOC Anywhere'; EndDateTime = (Get-Date).AddMonths(12) }}
[pscustomobject]@{{ TenantId = (Get-MgContext).TenantId; ClientId = $app.appId; ClientSecret = $secret.SecretText; Expires = $secret.EndDateTime }}
"#
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
        assert!(ids.iter().all(|id| guide.azure_cli.matches(id).count() == 2), "to ask for, and to assign");
        assert!(ids.iter().all(|id| guide.power_shell.contains(&format!("'{id}'"))));
    }

    #[test]
    fn a_government_cloud_is_signed_in_to_and_has_no_detection_rules() {
        let guide = of(&Cloud::Dod, false, true);
        assert!(guide.azure_cli.starts_with("az cloud set --name AzureUSGovernment\n"));
        assert!(guide.power_shell.contains("-Environment USGovDoD"));
        assert!(!guide.azure_cli.contains(READ_DETECTIONS.id));
    }

    #[test]
    fn the_documented_commands_are_the_pages() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/app-registration.md");
        let text = std::fs::read_to_string(file).unwrap();
        let guide = of(&Cloud::Global, false, true);
        for (language, commands) in [("bash", guide.azure_cli), ("powershell", guide.power_shell)] {
            let block = format!("```{language}\n{commands}```");
            assert!(text.contains(&block), "docs/app-registration.md has not this block:\n{block}");
        }
        for permission in guide.permissions {
            assert!(text.contains(permission.name) && text.contains(permission.id), "{permission:?}");
        }
    }

    /// An `az` that keeps in files what a tenant would keep, and refuses a role that is assigned, as Graph does.
    #[cfg(unix)]
    const AZ: &str = r#"#!/bin/bash
cd "$(dirname "$0")/tenant" || exit 9
echo "${*//$'\n'/ }" >>asked
case "$*" in
  *"--method PATCH"*"applications(uniqueName='soc-anywhere')"*) [ -e app ] || echo made >>app ;;
  *"--method GET"*"applications(uniqueName"*) [ -e app ] && echo 66666666-app ;;
  "ad sp show --id 00000003"*) echo graph-sp ;;
  "ad sp show"*) [ -e sp ] && echo our-sp ;;
  "ad sp create"*) echo made >>sp ;;
  *"--method GET"*"/our-sp/appRoleAssignments"*) cat roles ;;
  *"--method POST"*"/our-sp/appRoleAssignments"*'"principalId":"our-sp","resourceId":"graph-sp"'*)
    all=$* role=${all##*appRoleId\":\"} role=${role%\"*}
    grep -q "$role" roles && exit 1
    echo "$role" >>roles ;;
  "login --allow-no-subscriptions" | "cloud set"* | "ad app credential reset --id 66666666-app --append"*) ;;
  *) echo "az does not know: $*" >&2; exit 2 ;;
esac
"#;

    #[cfg(unix)]
    #[test]
    fn the_azure_commands_may_be_run_again_and_then_repair() {
        use std::os::unix::fs::PermissionsExt as _;
        for (cloud, graph) in [
            (Cloud::Global, "https://graph.microsoft.com/v1.0/"),
            (Cloud::GccHigh, "https://graph.microsoft.us/v1.0/"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (az, tenant) = (folder.path().join("az"), folder.path().join("tenant"));
            std::fs::create_dir(&tenant).unwrap();
            std::fs::write(&az, AZ).unwrap();
            std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
            std::fs::write(tenant.join("roles"), "").unwrap();
            let guide = of(&cloud, true, false);
            // The commands are pasted into a shell that finds this az first.
            let script = format!("PATH={}:/usr/bin:/bin\n{}", folder.path().display(), guide.azure_cli);
            let run = || {
                let ran = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
                let said = String::from_utf8(ran.stderr).unwrap();
                assert!(ran.status.success() && said.is_empty(), "{said}");
                std::fs::read_to_string(tenant.join("roles")).unwrap()
            };
            let both = format!("{}\n{}\n", WRITE_INCIDENTS.id, WRITE_ALERTS.id);
            assert_eq!(run(), both);
            assert_eq!(run(), both, "nothing is assigned twice");
            std::fs::write(tenant.join("roles"), format!("{}\n", WRITE_ALERTS.id)).unwrap();
            assert_eq!(run(), format!("{}\n{}\n", WRITE_ALERTS.id, WRITE_INCIDENTS.id), "it repairs");
            for made in ["app", "sp"] {
                assert_eq!(std::fs::read_to_string(tenant.join(made)).unwrap(), "made\n", "{made}");
            }
            let asked = std::fs::read_to_string(tenant.join("asked")).unwrap();
            let rest: Vec<_> = asked.lines().filter(|line| line.starts_with("rest ")).collect();
            assert!(rest.len() > 10 && rest.iter().all(|line| line.contains(graph)), "{asked}");
            assert!(!asked.contains("admin-consent"), "{asked}");
        }
    }
}
