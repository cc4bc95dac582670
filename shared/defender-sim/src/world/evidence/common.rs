//! What several types of evidence have.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::seeds::{hex, pick};
use crate::stamp::Stamp;
use crate::world::cast::{Cast, User};

const REMEDIATIONS: &[&str] = &[
    "none",
    "none",
    "active",
    "active",
    "remediated",
    "prevented",
    "blocked",
    "notFound",
    "pendingApproval",
];
const URLS: &[&str] = &[
    "https://login.contoso-secure.example/owa/?id=",
    "http://files.fabrikam.example/dl.php?f=",
    "https://tracking.northwind.example/p/",
];

/// The properties that every type has, with the type's own.
pub(super) fn of_type(name: &str, rng: &mut Rng, at: Stamp, roles: &[&str], own: Value) -> Value {
    let verdict = pick(rng, &["unknown", "suspicious", "suspicious", "malicious", "noThreatsFound"]);
    let mut body = Map::new();
    body.insert("@odata.type".to_owned(), format!("#microsoft.graph.security.{name}").into());
    body.insert("createdDateTime".to_owned(), at.to_string().into());
    body.insert("verdict".to_owned(), (*verdict).into());
    body.insert("remediationStatus".to_owned(), (*pick(rng, REMEDIATIONS)).into());
    body.insert("remediationStatusDetails".to_owned(), Value::Null);
    body.insert("roles".to_owned(), json!(roles));
    body.insert("detailedRoles".to_owned(), json!([]));
    body.insert("tags".to_owned(), json!([]));
    if let Value::Object(own) = own {
        body.extend(own);
    }
    Value::Object(body)
}

pub(super) fn account(cast: &Cast, user: &User) -> Value {
    json!({
        "accountName": user.account, "domainName": "CONTOSO", "userSid": user.sid,
        "azureAdUserId": user.object_id, "userPrincipalName": user.upn, "displayName": user.name,
        "tenantId": cast.tenant_id, "activeDirectoryObjectGuid": null, "resourceAccessEvents": [],
    })
}

pub(super) fn url(rng: &mut Rng) -> String {
    format!("{}{}", pick(rng, URLS), hex(rng, 12))
}
