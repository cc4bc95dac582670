//! Entra: the discovery document and the token endpoint.

mod answers;
mod assertion;
mod find;
mod form;
mod refusal;
mod token;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::state::{Asked, State};
use answers::{json_response, refuse, respond};
use find::find;
use refusal::Refusal;

pub(crate) fn answer(state: &mut State, asked: &Asked<'_>) -> Outcome {
    let path = asked.request.uri().path();
    let mut segments = path.trim_start_matches('/').splitn(2, '/');
    let (tenant, rest) = (segments.next().unwrap_or(""), segments.next().unwrap_or(""));
    let answer = match (asked.request.method(), rest) {
        (&Method::GET, "v2.0/.well-known/openid-configuration") => discover(state, asked, tenant),
        (&Method::POST, "oauth2/v2.0/token") => return token::answer(state, asked, tenant),
        _ => return Outcome::Answer(respond(asked, StatusCode::NOT_FOUND, "text/html", Bytes::new())),
    };
    Outcome::Answer(match answer {
        Ok(body) => json_response(asked, StatusCode::OK, &body),
        Err(refusal) => refuse(state, asked, &refusal),
    })
}

/// Discovery has another word than the token endpoint for a tenant that is not there.
fn discover(state: &State, asked: &Asked<'_>, tenant: &str) -> Result<Value, Refusal> {
    let tenant = find(state, tenant)
        .map_err(|refusal| if refusal.code == 90002 { refusal.called("invalid_tenant") } else { refusal })?;
    let origin = &asked.origin;
    let own = format!("{origin}/{tenant}");
    let graph = state.tenants.get(&tenant).map_or("", |known| known.spec.graph.as_str());
    let (cloud, region, sub_scope) = cloud_of(graph);
    Ok(json!({
        "token_endpoint": format!("{own}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic", "self_signed_tls_client_auth"],
        "jwks_uri": format!("{own}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        "request_uri_parameter_supported": false,
        "authorization_endpoint": format!("{own}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{own}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "end_session_endpoint": format!("{own}/oauth2/v2.0/logout"),
        "tenant_region_scope": region,
        "tenant_region_sub_scope": sub_scope,
        "cloud_instance_name": cloud,
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": graph.strip_prefix("https://").unwrap_or(graph),
    }))
}

/// What discovery says of the cloud that a Graph belongs to: undocumented, as public tools have seen it.
fn cloud_of(graph: &str) -> (&'static str, &'static str, Option<&'static str>) {
    match graph {
        "https://graph.microsoft.us" => ("microsoftonline.us", "USGov", Some("DODCON")),
        "https://dod-graph.microsoft.us" => ("microsoftonline.us", "USGov", Some("DOD")),
        "https://microsoftgraph.chinacloudapi.cn" => ("partner.microsoftonline.cn", "AS", None),
        _ => ("microsoftonline.com", "EU", None),
    }
}
