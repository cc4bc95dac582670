//! The function test-connection under AWS's Runtime Interface Emulator, against the simulator.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use defender_sim::{Scenario, Simulator, serve};
use graph_http::Clock;
use serde_json::{Value, json};
use soc_anywhere_tests::events::{self, http_api};
use soc_anywhere_tests::rie::{Emulated, Tools};

const FUNCTION: &str = "test-connection";

/// The cause that each event must end in; the events that are not here are of good connections.
const CAUSES: [(&str, &str); 17] = [
    ("wrong-secret", "wrong_secret"),
    ("expired-secret", "secret_expired"),
    ("no-service-principal", "no_service_principal"),
    ("app-disabled", "app_disabled"),
    ("no-consent", "no_permissions"),
    ("missing-incident-role", "permission_missing"),
    ("not-onboarded-403", "defender_unavailable"),
    ("not-onboarded-401", "defender_unavailable"),
    ("not-onboarded-404", "defender_unavailable"),
    ("conditional-access", "conditional_access"),
    ("throttled-by-entra", "throttled"),
    ("throttled-by-graph", "throttled"),
    ("entra-trouble", "microsoft_trouble"),
    ("tenant-not-found", "tenant_not_found"),
    ("unknown-app", "app_not_found"),
    ("other-cloud", "wrong_cloud"),
    ("refused-50196", "our_fault"),
];

/// A simulator with every event's tenant, and its origin.
async fn simulator() -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let simulator = Arc::new(Simulator::new(1, Clock::system().now()));
    for mut event in events::all() {
        if let Scenario::Throttled { retry_after, .. } = &mut event.spec.scenario {
            // Longer than a test waits.
            *retry_after = Some(60);
        }
        simulator.add_tenant(event.spec);
    }
    tokio::spawn(serve(listener, simulator, Clock::system()));
    Ok(origin)
}

async fn start(tools: &Tools, origin: &str) -> anyhow::Result<Emulated> {
    let variables = [
        ("SOC_ANYWHERE_LOGIN_URL", origin),
        ("SOC_ANYWHERE_GRAPH_URL", origin),
        ("SOC_ANYWHERE_EGRESS_ADDRESSES", "203.0.113.7"),
        ("SOC_ANYWHERE_UNCOUNTED", "1"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
    ];
    tools.start(FUNCTION, &variables).await
}

/// The status, the content type and the body of an HTTP API's answer.
fn answered(response: &Value) -> anyhow::Result<(u64, String, Value)> {
    let text = response["body"].as_str().unwrap_or_default();
    let content_type = response["headers"]["content-type"].as_str().unwrap_or_default().to_owned();
    let status = response["statusCode"].as_u64().ok_or_else(|| anyhow::anyhow!("no answer: {response}"))?;
    Ok((status, content_type, serde_json::from_str(text)?))
}

#[tokio::test]
async fn the_bootstrap_answers_for_a_good_connection_and_for_each_fault() -> anyhow::Result<()> {
    let Some(tools) = Tools::from_env()? else { return Ok(()) };
    let origin = simulator().await?;
    let mut function = start(&tools, &origin).await?;
    let causes = BTreeMap::from(CAUSES);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/test-connection");
    let mut said = String::new();
    let events = events::all();
    for event in &events {
        let file = folder.join(format!("{}.json", event.name));
        let sent: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
        let response = function.invoke(&sent).await?;
        said += &response.to_string();
        let (status, content_type, report) = answered(&response)?;
        assert_eq!((status, content_type.as_str()), (200, "application/json"), "{}", event.name);
        let checks = report["checks"].as_array().unwrap();
        assert_eq!(checks.len(), 9);
        let failed = checks.iter().find(|check| check["status"] == "failed");
        let cause = failed.and_then(|check| check["cause"].as_str());
        assert_eq!(cause, causes.get(event.name.as_str()).copied(), "{}: {report:#}", event.name);
        assert_eq!(report["ok"], json!(cause.is_none()), "{}", event.name);
        if event.name == "conditional-access" {
            let remedy = failed.unwrap()["remedy"].as_str().unwrap();
            assert!(remedy.contains("203.0.113.7"), "{remedy}");
        }
    }
    let printed = function.output()?;
    said += &printed;
    assert!(printed.contains("connection tested"), "{printed}");
    for event in &events {
        let secret = event.spec.secret.as_str();
        assert!(!said.contains(secret), "the secret of {} is shown", event.name);
        // A token is a JWT; every JWT's header begins like this.
        assert!(!said.contains("eyJ"), "a token is shown");
    }
    let lines: Vec<Value> = printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let tested: Vec<_> = lines.iter().filter(|line| line["message"] == "connection tested").collect();
    assert_eq!(tested.len(), events.len());
    assert!(tested.iter().all(|line| line["level"] == "INFO" && line["timestamp"].is_string()));
    assert!(tested.iter().any(|line| line["verdict"] == "wrong_secret" && line["code"] == "AADSTS7000215"));
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_no_test_gets_a_clear_4xx() -> anyhow::Result<()> {
    let Some(tools) = Tools::from_env()? else { return Ok(()) };
    let mut function = start(&tools, "http://127.0.0.1:1").await?;
    let secret = "S3n~fake~tinel0123456789";
    let json = "application/json";
    let nested = format!(r#"{{"tenantId":{}"#, "[".repeat(4000));
    let long = format!(r#"{{"clientSecret":"{}"}}"#, "x".repeat(5000));
    let wrong = [
        ("GET", json, "", 405),
        ("PUT", json, "{}", 405),
        ("POST", "text/plain", "{}", 415),
        ("POST", json, long.as_str(), 413),
        ("POST", json, "", 400),
        ("POST", json, "[]", 400),
        ("POST", json, nested.as_str(), 400),
        ("POST", json, r#"{"tenantId":"a","clientId":"b"}"#, 400),
        ("POST", json, r#"{"tenantId":"a","clientId":"b","clientSecret":7}"#, 400),
        ("POST", json, r#"{"tenantId":"a","tenantId":"b","clientId":"c","clientSecret":"d"}"#, 400),
        (
            "POST",
            json,
            r#"{"tenantId":"a","clientId":"b","clientSecret":"S3n~fake~tinel0123456789","x":1}"#,
            400,
        ),
        (
            "POST",
            json,
            r#"{"tenantId":{"S3n~fake~tinel0123456789":1},"clientId":"b","clientSecret":"c"}"#,
            400,
        ),
        ("POST", json, "{\"tenantId\":\"\\ud83d\"", 400),
    ];
    for (method, content_type, body, expected) in wrong {
        let response = function.invoke(&http_api(method, content_type, body)).await?;
        let (status, content_type, problem) = answered(&response)?;
        assert_eq!((status, content_type.as_str()), (expected, "application/problem+json"), "{body:.60}");
        assert_eq!(problem["status"], json!(expected));
        assert!(problem["type"].as_str().unwrap().starts_with("urn:soc-anywhere:problem:"));
        assert!(problem["instance"].is_string());
        assert!(!response.to_string().contains(secret));
    }
    // What is readable is tested, whatever letters it has.
    let odd = r#"{"tenantId":"ténant 😀","clientId":"","clientSecret":"","cloud":"global"}"#;
    let (status, _, report) = answered(&function.invoke(&http_api("POST", json, odd)).await?)?;
    assert_eq!((status, &report["checks"][0]["cause"]), (200, &json!("tenant_id_malformed")));
    assert!(!function.output()?.contains(secret));
    Ok(())
}

/// A stack whose variables are mistyped must not test for everybody: nobody's tests are uncounted unless it is said.
#[test]
fn the_bootstrap_does_not_start_where_it_cannot_count() -> anyhow::Result<()> {
    let Some(tools) = Tools::from_env()? else { return Ok(()) };
    let (region, key) = (("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "test"));
    let (secret, table) = (("AWS_SECRET_ACCESS_KEY", "test"), ("SOC_ANYWHERE_TABLE", "incidents"));
    let stack = ("SOC_ANYWHERE_STACK", "test");
    for (variables, missing) in [
        (vec![], "AWS_REGION"),
        (vec![region, key, secret], "SOC_ANYWHERE_TABLE"),
        (vec![region, key, secret, stack, ("SOC_ANYWHERE_UNCOUNTED", "0")], "SOC_ANYWHERE_TABLE"),
        (vec![region, key, secret, table, stack], "SOC_ANYWHERE_API_ID"),
    ] {
        let output = Command::new(tools.bootstrap(FUNCTION)).env_clear().envs(variables).output()?;
        assert!(!output.status.success());
        let printed = String::from_utf8(output.stderr)?;
        assert!(printed.contains(&format!("{missing}: not set")), "{printed}");
    }
    Ok(())
}

#[test]
fn the_bootstrap_refuses_to_log_at_trace() -> anyhow::Result<()> {
    let Some(tools) = Tools::from_env()? else { return Ok(()) };
    let output =
        Command::new(tools.bootstrap(FUNCTION)).env_clear().env("AWS_LAMBDA_LOG_LEVEL", "TRACE").output()?;
    assert!(!output.status.success());
    let printed = String::from_utf8(output.stderr)?;
    assert!(printed.contains("AWS_LAMBDA_LOG_LEVEL: TRACE is refused"), "{printed}");
    Ok(())
}
