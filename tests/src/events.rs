//! The event files of `events/test-connection/`: one for each scenario of the simulator, as API Gateway's HTTP
//! API sends them (payload format 2.0).
//!
//! `cargo run -p soc-anywhere-tests --example events` writes them. They fit the tenants that
//! `cargo run -p defender-sim --example tenants` serves, secrets included: nobody's but the simulator's.

use defender_sim::{Scenario, TenantSpec};
use serde_json::{Value, json};

/// One event file and the tenant that it is about.
#[derive(Clone, Debug)]
pub struct Event {
    /// The file's name without `.json`.
    pub name: String,
    /// The tenant, in the simulator.
    pub spec: TenantSpec,
    /// The event.
    pub json: Value,
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Event> {
    let of = |(seed, (name, scenario))| {
        let spec = TenantSpec::new(seed, scenario);
        let body = json!({
            "tenantId": spec.tenant_id.to_string(),
            "clientId": spec.client_id.to_string(),
            "clientSecret": spec.secret,
        });
        Event { name: file_name(name), json: http_api("POST", "application/json", &body.to_string()), spec }
    };
    (0..).zip(Scenario::all()).map(of).collect()
}

/// An event of an HTTP API: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
#[must_use]
pub fn http_api(method: &str, content_type: &str, body: &str) -> Value {
    let path = "/test-connection";
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "application/json",
            "content-length": body.len().to_string(),
            "content-type": content_type,
            "host": "api.example.com",
            "user-agent": "curl/8.5.0",
            "x-forwarded-for": "203.0.113.10",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "authorizer": {
                "iam": {
                    "accessKey": "AKIAIOSFODNN7EXAMPLE",
                    "accountId": "123456789012",
                    "callerId": "AIDACKCEVSQ6C2EXAMPLE",
                    "cognitoIdentity": null,
                    "principalOrgId": "aws:PrincipalOrgID",
                    "userArn": "arn:aws:iam::123456789012:user/zoe",
                    "userId": "AIDACKCEVSQ6C2EXAMPLE",
                },
            },
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.10",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": format!("{method} {path}"),
            "stage": "$default",
            "time": "23/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1_795_420_800_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// `not onboarded (403)` → `not-onboarded-403`
fn file_name(scenario: &str) -> String {
    let words = scenario.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}
