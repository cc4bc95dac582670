//! A tenant and somebody who asks it.

use bytes::Bytes;
use defender_sim::{Generator, Outcome, Scenario, Simulator, TenantHandle, TenantSpec};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::form_urlencoded;

pub(crate) const GRAPH: &str = "https://graph.microsoft.com";
pub(crate) const LOGIN: &str = "https://login.microsoftonline.com";

pub(crate) fn start() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

/// One tenant, its simulator and the time.
pub(crate) struct Desk {
    pub(crate) simulator: Simulator,
    pub(crate) tenant: TenantHandle,
    pub(crate) now: Timestamp,
    pub(crate) token: String,
}

/// A response with its body read as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Desk {
    /// A tenant in which all is well.
    pub(crate) fn good(generator: Generator) -> Self {
        Self::of(TenantSpec::new(7, Scenario::Good).with_generator(generator))
    }

    pub(crate) fn of(spec: TenantSpec) -> Self {
        let simulator = Simulator::new(7, start());
        let tenant = simulator.add_tenant(spec);
        let mut desk = Self { simulator, tenant, now: start(), token: String::new() };
        desk.token = desk.sign_in().json["access_token"].as_str().unwrap_or("").to_owned();
        desk
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// Asks for a token as the guide says.
    pub(crate) fn sign_in(&self) -> Answer {
        self.sign_in_with(&self.tenant.secret)
    }

    pub(crate) fn sign_in_with(&self, secret: &str) -> Answer {
        self.post_form(&[
            ("client_id", &self.tenant.client_id.to_string()),
            ("scope", "https://graph.microsoft.com/.default"),
            ("client_secret", secret),
            ("grant_type", "client_credentials"),
        ])
    }

    pub(crate) fn post_form(&self, fields: &[(&str, &str)]) -> Answer {
        self.post_form_to(&self.tenant.tenant_id.to_string(), fields)
    }

    pub(crate) fn post_form_to(&self, tenant: &str, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(format!("{LOGIN}/{tenant}/oauth2/v2.0/token")).body(form.into()).unwrap();
        whole(self.simulator.answer(self.now, request))
    }

    pub(crate) fn discover(&self, tenant: &str) -> Answer {
        let uri = format!("{LOGIN}/{tenant}/v2.0/.well-known/openid-configuration");
        whole(self.simulator.answer(self.now, Request::get(uri).body(Bytes::new()).unwrap()))
    }

    /// Asks Graph, with all enum members.
    pub(crate) fn get(&self, target: &str) -> Answer {
        whole(self.outcome(Method::GET, target, None))
    }

    pub(crate) fn send(&self, method: Method, target: &str, body: &Value) -> Answer {
        whole(self.outcome(method, target, Some(body)))
    }

    /// The same, as it happens on the wire. `target` is a path or the absolute URL of a next page.
    pub(crate) fn outcome(&self, method: Method, target: &str, body: Option<&Value>) -> Outcome {
        let uri = if target.starts_with("https://") { target.to_owned() } else { format!("{GRAPH}{target}") };
        let request = Request::builder()
            .method(method)
            .uri(uri.replace(' ', "%20"))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header("prefer", "include-unknown-enum-members")
            .body(body.map_or_else(Bytes::new, |body| body.to_string().into()))
            .unwrap();
        self.simulator.answer(self.now, request)
    }

    /// All pages of a list, by their next links.
    pub(crate) fn all(&self, target: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut next = Some(target.to_owned());
        while let Some(target) = next {
            let page = self.get(&target);
            assert_eq!(page.status, 200, "{}", page.json);
            rows.extend(page.json["value"].as_array().unwrap().iter().cloned());
            next = page.json["@odata.nextLink"].as_str().map(ToOwned::to_owned);
        }
        rows
    }
}

/// The answer, where there is a whole one.
pub(crate) fn whole(outcome: Outcome) -> Answer {
    let Outcome::Answer(response) = outcome else { panic!("no whole answer: {outcome:?}") };
    let (head, body) = response.into_parts();
    let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { status: head.status, headers: head.headers, json }
}

pub(crate) fn texts(rows: &[Value], property: &str) -> Vec<String> {
    rows.iter().map(|row| row[property].as_str().unwrap_or("").to_owned()).collect()
}

pub(crate) fn instants(rows: &[Value], property: &str) -> Vec<Timestamp> {
    texts(rows, property).iter().map(|text| text.parse().unwrap()).collect()
}
