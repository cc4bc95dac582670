//! Microsoft Graph: incidents, alerts, detection rules, and its errors.

mod filter;
mod ids;
mod options;
mod page;
mod position;
mod problem;
mod records;
mod render;
mod reply;
mod resource;
mod rules;
mod view;
mod writes;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER, WARNING, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode};
use jiff::Timestamp;

use crate::Kind;
use crate::dated::dated;
use crate::dates::http_date;
use crate::faults::Faults;
use crate::model::{Alert, Incident};
use crate::outcome::Outcome;
use crate::scenario::{NotOnboarded, Scenario};
use crate::state::{Asked, State, Tenant};
use crate::tokens::Tokens;
use ids::Ids;
use problem::Problem;
use reply::Reply;
use view::View;

pub(crate) fn is_graph(path: &str) -> bool {
    path.starts_with("/v1.0/") || path.starts_with("/beta/")
}

pub(crate) fn answer(state: &mut State, asked: &Asked<'_>) -> Outcome {
    let State { tenants, tokens, ids, .. } = state;
    let ids = Ids::new(ids, asked);
    let authenticated = authenticate(tokens, asked).and_then(|token| match tenants.get_mut(&token.tenant) {
        Some(tenant) => Ok((tenant, token.roles.as_slice())),
        None => Err(Problem::token("The tenant of this token is gone.")),
    });
    let (tenant, roles) = match authenticated {
        Ok(found) => found,
        Err(problem) => return Outcome::Answer(fail(asked, &ids, &problem)),
    };
    // What happens in a tenant does not wait for an answer.
    tenant.world.advance(asked.now);
    let list = match asked.request.uri().path().split('/').nth(3) {
        Some("incidents") => Some(Kind::Incidents),
        Some("alerts_v2") => Some(Kind::Alerts),
        _ => None,
    };
    let is_struck = tenant.faults.only.is_none_or(|only| list == Some(only));
    if is_struck && tenant.faults.reset {
        return Outcome::Reset;
    }
    if is_struck && tenant.faults.stall {
        return Outcome::Stall;
    }
    let answer = hindered(tenant, asked, is_struck).and_then(|()| route(tenant, roles, asked));
    let response = match answer {
        Ok(reply) => succeed(asked, &ids, reply, &tenant.faults),
        Err(problem) => fail(asked, &ids, &problem),
    };
    spoil(response, &tenant.faults, asked.now)
}

fn authenticate<'a>(tokens: &'a Tokens, asked: &Asked<'_>) -> Result<&'a crate::tokens::Token, Problem> {
    let bearer = asked.header(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let bearer = bearer.ok_or_else(|| Problem::token("Access token is empty."))?;
    let token = tokens
        .find(bearer)
        .ok_or_else(|| Problem::token("Access token validation failure. Invalid signature."))?;
    if token.expires <= asked.now {
        return Err(Problem::token("Lifetime validation failed, the token is expired."));
    }
    Ok(token)
}

/// What refuses every request, before its path matters.
fn hindered(tenant: &mut Tenant, asked: &Asked<'_>, is_struck: bool) -> Result<(), Problem> {
    let always = tenant.faults.graph_status.filter(|_| is_struck);
    if let Some((status, retry_after)) = tenant.faults.graph_status_once.take().or(always) {
        return Err(Problem::status(status, retry_after));
    }
    if let Some(limit) = tenant.faults.requests_per_minute {
        let second = asked.now.as_second();
        let minute = second.div_euclid(60);
        let before = if tenant.window.0 == minute { tenant.window.1 } else { 0 };
        tenant.window = (minute, before + 1);
        // "Refused calls still count" (https://learn.microsoft.com/en-us/graph/throttling).
        if before >= limit {
            return Err(Problem::throttled(u32::try_from(60 - second.rem_euclid(60)).ok()));
        }
    }
    match &tenant.spec.scenario {
        Scenario::Throttled { graph: true, retry_after, .. } => Err(Problem::throttled(*retry_after)),
        Scenario::NotOnboarded(how) => Err(match how {
            NotOnboarded::Unauthorized => Problem::new(
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "Unauthorized request. The tenant is not provisioned.",
            ),
            NotOnboarded::Forbidden => Problem::new(
                StatusCode::FORBIDDEN,
                "Forbidden",
                "Unauthorized request. Account is not provisioned.",
            ),
            NotOnboarded::NotFound => {
                Problem::new(StatusCode::NOT_FOUND, "NotFound", "The tenant was not found.")
            }
        }),
        _ => Ok(()),
    }
}

fn route(tenant: &mut Tenant, roles: &[String], asked: &Asked<'_>) -> Result<Reply, Problem> {
    let request = asked.request;
    let mut segments = request.uri().path().trim_start_matches('/').splitn(3, '/');
    let version = segments.next().unwrap_or("");
    let area = segments.next().unwrap_or("");
    let rest = segments.next().unwrap_or("");
    let (first, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let prefer = asked.headers().get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let all_members = prefer.into_iter().any(|value| value.contains("include-unknown-enum-members"));
    let Tenant { world, faults, spec, .. } = tenant;
    let view = View { asked, faults, all_members, version };
    let by = format!("API-App:{}", spec.app_name);
    match (request.method(), area, first, rest) {
        (&Method::GET, "security", "incidents", rest) => {
            need(roles, <Incident as resource::Resource>::READ)?;
            records::incidents(&view, world, rest)
        }
        (&Method::GET, "security", "alerts_v2", rest) => {
            need(roles, <Alert as resource::Resource>::READ)?;
            records::alerts(&view, world, rest)
        }
        (&Method::POST, "security", "incidents", "mergeIncidents") => {
            need(roles, &["SecurityData.Manage.All"])?;
            writes::merge(&view, world)
        }
        (&Method::PATCH | &Method::POST, "security", "incidents", rest) => {
            need(roles, <Incident as resource::Resource>::WRITE)?;
            writes::incident(&view, world, rest, &by)
        }
        (&Method::PATCH | &Method::POST, "security", "alerts_v2", rest) => {
            need(roles, <Alert as resource::Resource>::WRITE)?;
            writes::alert(&view, world, rest, &by)
        }
        (&Method::GET, "security", "rules", rest) if version == "beta" => {
            need(roles, rules::READ)?;
            rules::answer(&view, rest)
        }
        _ => Err(Problem::body(format!("Resource not found for the segment '{first}'."))),
    }
}

fn need(held: &[String], needed: &[&str]) -> Result<(), Problem> {
    if held.iter().any(|role| needed.contains(&role.as_str())) {
        return Ok(());
    }
    Err(Problem::missing_roles(needed, held))
}

fn succeed(asked: &Asked<'_>, ids: &Ids, reply: Reply, faults: &Faults) -> Response<Bytes> {
    let mut response = respond(asked, ids, reply.status, reply.content_type, reply.body);
    if faults.partial_206 && asked.request.method() == Method::GET {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        // "{Vendor}/{Provider}/{StatusCode}/{LatencyMs}" (security-error-codes in the Graph reference).
        let warning = HeaderValue::from_static("199 - \"Microsoft/MDATP/504/10000\"");
        response.headers_mut().insert(WARNING, warning);
    }
    response
}

fn fail(asked: &Asked<'_>, ids: &Ids, problem: &Problem) -> Response<Bytes> {
    let body = problem.to_json(ids, asked).to_string().into();
    let mut response = respond(asked, ids, problem.status, "application/json", body);
    let headers = response.headers_mut();
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"\""));
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn respond(
    asked: &Asked<'_>,
    ids: &Ids,
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
) -> Response<Bytes> {
    let mut response = dated(asked.now, status, content_type, body);
    let headers = response.headers_mut();
    for (name, id) in [("request-id", &ids.request), ("client-request-id", &ids.client)] {
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(name, id);
        }
    }
    response
}

/// What goes wrong after the answer was made.
fn spoil(mut response: Response<Bytes>, faults: &Faults, now: Timestamp) -> Outcome {
    if !faults.date_ahead.is_zero() {
        response.headers_mut().insert(DATE, http_date(now + faults.date_ahead));
    }
    if faults.non_json && response.status().is_success() {
        *response.body_mut() = Bytes::from_static(b"<html><body><h1>Service unavailable</h1></body></html>");
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    }
    if faults.omit_date {
        response.headers_mut().remove(DATE);
    }
    let outcome = match (faults.truncate_body, faults.stall_body) {
        (Some(bytes), _) => Outcome::BrokenOff(response, bytes),
        (None, Some(bytes)) => Outcome::StalledBody(response, bytes),
        (None, None) => Outcome::Answer(response),
    };
    match faults.slow {
        Some(delay) => Outcome::Delayed(delay, Box::new(outcome)),
        None => outcome,
    }
}
