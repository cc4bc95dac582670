//! What the cloud's own defenders see: sign-ins, applications, resources.

use fastrand::Rng;
use serde_json::{Value, json};

use super::common::{account, of_type};
use super::kind::Evidence;
use crate::seeds::{hex, uuid};
use crate::stamp::Stamp;
use crate::world::cast::{Cast, Device, User};

pub(super) fn of_logon(
    kind: Evidence,
    rng: &mut Rng,
    cast: &Cast,
    (user, device): (&User, &Device),
    at: Stamp,
) -> Value {
    if kind == Evidence::CloudLogonRequest {
        let own = json!({ "requestId": uuid(rng) });
        return of_type("cloudLogonRequestEvidence", rng, at, &[], own);
    }
    let who = json!({ "stream": null, "userAccount": account(cast, user) });
    let who = of_type("userEvidence", rng, at, &["attacked"], who);
    let own = json!({
        "sessionId": uuid(rng), "startUtcDateTime": at.to_string(), "previousLogonDateTime": null,
        "account": who, "deviceName": device.host, "operatingSystem": device.platform, "protocol": null,
        "browser": "Edge 142.0", "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/142.0.0.0",
    });
    of_type("cloudLogonSessionEvidence", rng, at, &[], own)
}

pub(super) fn of_cloud(kind: Evidence, rng: &mut Rng, cast: &Cast, at: Stamp) -> Value {
    match kind {
        Evidence::CloudApplication => {
            let own = json!({
                "appId": 20893, "saasAppId": 20893, "instanceId": 0, "displayName": "Microsoft Exchange Online",
                "instanceName": "Microsoft Exchange Online", "stream": null,
            });
            of_type("cloudApplicationEvidence", rng, at, &[], own)
        }
        Evidence::OauthApplication => {
            let own = json!({
                "appId": uuid(rng), "displayName": "Mail Merge Helper", "objectId": uuid(rng), "publisher": "Unknown",
            });
            of_type("oauthApplicationEvidence", rng, at, &[], own)
        }
        Evidence::ServicePrincipal => {
            let own = json!({
                "servicePrincipalObjectId": uuid(rng), "servicePrincipalName": "Mail Merge Helper",
                "servicePrincipalType": "application", "appId": uuid(rng), "tenantId": cast.tenant_id,
                "appOwnerTenantId": uuid(rng),
            });
            of_type("servicePrincipalEvidence", rng, at, &["edited"], own)
        }
        Evidence::KubernetesPod => {
            let own = json!({
                "name": format!("miner-{}", hex(rng, 5)), "containers": [], "initContainers": [],
                "ephemeralContainers": [], "labels": { "app": "web", "tier": "front" }, "namespace": null,
                "podIp": null, "serviceAccount": null, "controller": null,
            });
            of_type("kubernetesPodEvidence", rng, at, &["attacked"], own)
        }
        _ => {
            let subscription = uuid(rng);
            let own = json!({
                "resourceName": "contoso-prod", "resourceType": "Microsoft.ContainerService/managedClusters",
                "resourceId": format!("/subscriptions/{subscription}/resourceGroups/prod/providers/Microsoft.ContainerService/managedClusters/contoso-prod"),
            });
            of_type("azureResourceEvidence", rng, at, &[], own)
        }
    }
}
