//! `POST /{tenant}/oauth2/v2.0/token`, the client credentials grant
//! (<https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow>).

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::answers::{json_response, refuse, respond};
use super::assertion;
use super::find::find;
use super::form::Form;
use super::refusal::Refusal;
use crate::outcome::Outcome;
use crate::scenario::Scenario;
use crate::state::{Asked, State, Tenant};
use crate::tenant::TenantSpec;
use crate::tokens::Tokens;

pub(super) fn answer(state: &mut State, asked: &Asked<'_>, tenant: &str) -> Outcome {
    let id = match find(state, tenant) {
        Ok(id) => id,
        Err(refusal) => return Outcome::Answer(refuse(state, asked, &refusal)),
    };
    let Some(known) = state.tenants.get(&id) else { return Outcome::Reset };
    let slow = known.faults.slow;
    let response = match (known.faults.entra_status, grant(known, asked)) {
        (Some((status, retry_after)), _) => gateway(asked, status, retry_after),
        (None, Ok(())) => issue(asked, &mut state.tokens, &known.spec),
        (None, Err(refusal)) => refuse(state, asked, &refusal),
    };
    match slow {
        Some(delay) => Outcome::Delayed(delay, Box::new(Outcome::Answer(response))),
        None => Outcome::Answer(response),
    }
}

fn issue(asked: &Asked<'_>, tokens: &mut Tokens, spec: &TenantSpec) -> http::Response<Bytes> {
    let token = tokens.issue(spec, asked.now);
    let seconds = spec.token_lifetime.as_secs();
    let body = json!({
        "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token,
    });
    json_response(asked, StatusCode::OK, &body)
}

/// A front end's answer, which is no JSON.
fn gateway(asked: &Asked<'_>, status: u16, retry_after: Option<u32>) -> http::Response<Bytes> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
    let mut response = respond(asked, status, "text/html", body.into());
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// All that must be right before there is a token.
fn grant(tenant: &Tenant, asked: &Asked<'_>) -> Result<(), Refusal> {
    let spec = &tenant.spec;
    let form = Form::read(asked.request.body());
    let missing = |name| move || Refusal::missing_parameter(name);
    let grant_type = form.grant_type.as_deref().ok_or_else(missing("grant_type"))?;
    let client = form.client_id.as_deref().ok_or_else(missing("client_id"))?;
    let scope = form.scope.as_deref().ok_or_else(missing("scope"))?;
    trouble(&spec.scenario, client, spec.tenant_id)?;
    if grant_type != "client_credentials" {
        return Err(Refusal::grant_type(grant_type));
    }
    let resource = scope.strip_suffix("/.default").ok_or_else(|| Refusal::scope(scope))?;
    if spec.scenario == Scenario::UnknownApp || client.parse() != Ok(spec.client_id) {
        return Err(Refusal::unknown_app(client, spec.tenant_id));
    }
    match &spec.scenario {
        Scenario::NoServicePrincipal => return Err(Refusal::no_service_principal(client, spec.tenant_id)),
        Scenario::AppDisabled => return Err(Refusal::app_disabled(client, &spec.app_name)),
        _ => {}
    }
    credential(tenant, asked, client, &form)?;
    if resource != spec.graph {
        return Err(Refusal::resource(resource, spec.tenant_id));
    }
    // A policy is evaluated when everything else is right.
    if spec.scenario == Scenario::ConditionalAccess {
        return Err(Refusal::conditional_access());
    }
    Ok(())
}

/// What is wrong whoever asks.
fn trouble(scenario: &Scenario, client: &str, tenant: Uuid) -> Result<(), Refusal> {
    match scenario {
        Scenario::EntraTrouble => Err(Refusal::trouble()),
        Scenario::Throttled { entra: true, retry_after, .. } => Err(Refusal::throttled(tenant, *retry_after)),
        Scenario::OtherCloud => Err(Refusal::other_cloud(tenant)),
        Scenario::Refuse { code, error, status } => Err(Refusal::any(*code, error, *status, client, tenant)),
        _ => Ok(()),
    }
}

fn credential(tenant: &Tenant, asked: &Asked<'_>, client: &str, form: &Form) -> Result<(), Refusal> {
    if form.client_assertion.is_some() {
        return assertion::check(&tenant.spec, asked, form);
    }
    let secret = form.client_secret.as_deref().filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(Refusal::no_credential)?;
    match tenant.secrets.iter().find(|known| known.value == secret) {
        Some(known) if known.expired => Err(Refusal::expired_secret(client)),
        Some(_) => Ok(()),
        None => Err(Refusal::wrong_secret(client)),
    }
}
