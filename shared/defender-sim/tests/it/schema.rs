//! Every answer is held against the `OpenAPI` cut of Graph's metadata.

use std::collections::HashMap;

use defender_sim::{Faults, Generator, Scenario, TenantSpec};
use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{Answer, Desk};

const OPENAPI: &str = include_str!("../../data/openapi_security_v1.0.json");

/// A schema of the document by its name, as JSON Schema.
struct Schemas {
    document: Value,
    built: HashMap<String, Validator>,
}

impl Schemas {
    fn new() -> Self {
        let mut document = serde_json::from_str(OPENAPI).unwrap();
        nullable(&mut document);
        Self { document, built: HashMap::new() }
    }

    fn check(&mut self, name: &str, body: &Value) {
        let components = &self.document["components"];
        let validator = self.built.entry(name.to_owned()).or_insert_with(|| {
            let reference = format!("#/components/schemas/microsoft.graph.{name}");
            let schema = json!({ "$ref": reference, "components": components });
            jsonschema::draft4::options().should_validate_formats(true).build(&schema).unwrap()
        });
        let errors: Vec<String> =
            validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}\n{body:#}");
    }

    /// An answer to a request that a success has `name` for.
    fn check_answer(&mut self, name: &str, answer: &Answer) {
        if answer.status.is_success() {
            self.check(name, &answer.json);
        } else {
            self.check("ODataErrors.ODataError", &answer.json);
        }
    }
}

/// `OpenAPI` 3.0 says `nullable: true` where JSON Schema has a type `null`.
fn nullable(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(nullable),
        Value::Object(members) => {
            members.values_mut().for_each(nullable);
            if members.remove("nullable") == Some(true.into())
                && let Some(of) = members.get("type").cloned()
            {
                members.insert("type".to_owned(), json!([of, "null"]));
            }
        }
        _ => {}
    }
}

#[test]
fn every_answer_of_a_lively_tenant_validates() {
    let mut schemas = Schemas::new();
    let mut desk = Desk::good(Generator { incidents: 150, ..Generator::demo() });
    desk.pass(3000);
    let mut pages = 0;
    for (target, name) in [
        ("/v1.0/security/incidents?$top=20&$count=true", "security.incidentCollectionResponse"),
        ("/v1.0/security/incidents?$top=20&$expand=alerts", "security.incidentCollectionResponse"),
        (
            "/v1.0/security/incidents?$select=id,status&$orderby=lastUpdateDateTime",
            "security.incidentCollectionResponse",
        ),
        ("/v1.0/security/incidents?$filter=status eq 'redirected'", "security.incidentCollectionResponse"),
        ("/v1.0/security/incidents/29", "security.incident"),
        ("/v1.0/security/incidents/29?$expand=alerts", "security.incident"),
        ("/v1.0/security/incidents/29/alerts", "security.alertCollectionResponse"),
        ("/v1.0/security/alerts_v2?$top=30&$count=true", "security.alertCollectionResponse"),
        (
            "/v1.0/security/alerts_v2?$filter=serviceSource eq 'microsoftSentinel'",
            "security.alertCollectionResponse",
        ),
        ("/v1.0/security/incidents?$top=51", "security.incident"),
        ("/v1.0/security/incidents?$filter=x eq 1", "security.incident"),
        ("/v1.0/security/incidents/0", "security.incident"),
        ("/v1.0/security/nothing", "security.incident"),
    ] {
        let mut next = Some(target.to_owned());
        while let Some(target) = next {
            let answer = desk.get(&target);
            schemas.check_answer(name, &answer);
            next = answer.json["@odata.nextLink"].as_str().map(ToOwned::to_owned);
            pages += 1;
        }
    }
    assert!(pages > 30, "{pages} pages");
    for alert in desk.all("/v1.0/security/alerts_v2?$top=20").iter().take(20) {
        let target = format!("/v1.0/security/alerts_v2/{}", alert["id"].as_str().unwrap());
        schemas.check_answer("security.alert", &desk.get(&target));
    }
}

#[test]
fn answers_to_writes_validate() {
    let mut schemas = Schemas::new();
    let mut spec = TenantSpec::new(7, Scenario::Good);
    spec.roles.push("SecurityData.Manage.All".to_owned());
    let desk = Desk::of(spec);
    let alert = desk.all("/v1.0/security/incidents/29/alerts")[0]["id"].as_str().unwrap().to_owned();
    let alert = format!("/v1.0/security/alerts_v2/{alert}");
    let comments = "security.alertCommentCollectionResponse";
    for (method, target, body, name) in [
        (
            Method::PATCH,
            "/v1.0/security/incidents/29",
            json!({ "status": "active", "summary": null }),
            "security.incident",
        ),
        (Method::PATCH, "/v1.0/security/incidents/29", json!({ "id": "30" }), "security.incident"),
        (Method::POST, "/v1.0/security/incidents/29/comments", json!({ "comment": "x" }), comments),
        (Method::POST, "/v1.0/security/incidents/29/comments", json!({}), comments),
        (
            Method::PATCH,
            &alert,
            json!({ "status": "resolved", "customDetails": { "a": "b" } }),
            "security.alert",
        ),
        (Method::POST, &format!("{alert}/comments"), json!({ "comment": "x" }), comments),
        (
            Method::POST,
            "/v1.0/security/incidents/mergeIncidents",
            json!({ "incidentIds": ["29", "33"] }),
            "security.mergeResponse",
        ),
    ] {
        schemas.check_answer(name, &desk.send(method, target, &body));
    }
}

#[test]
fn refusals_of_every_scenario_validate() {
    let mut schemas = Schemas::new();
    for (_, scenario) in Scenario::all() {
        let desk = Desk::of(TenantSpec::new(1, scenario).with_generator(Generator::empty()));
        let answer = desk.get("/v1.0/security/incidents");
        schemas.check_answer("security.incidentCollectionResponse", &answer);
    }
    let desk = Desk::good(Generator::empty());
    desk.simulator.set_faults(
        desk.tenant.tenant_id,
        Faults { graph_status: Some((503, Some(1))), ..Faults::default() },
    );
    schemas.check_answer("security.incident", &desk.get("/v1.0/security/incidents"));
}

#[test]
fn the_documented_samples_validate_and_a_wrong_one_does_not() {
    let mut schemas = Schemas::new();
    let mut check = |name: &str, text: &str| -> Value {
        let sample = serde_json::from_str(text).unwrap();
        schemas.check(name, &sample);
        sample
    };
    let list = "security.incidentCollectionResponse";
    check(list, include_str!("../../data/documented/incidents_list.v1.0.response.json"));
    let mut wrong =
        check(list, include_str!("../../data/documented/incidents_list_expand_alerts.v1.0.response.json"));
    check("security.incident", include_str!("../../data/documented/incident_update.v1.0.response.json"));
    let alerts = "security.alertCollectionResponse";
    check(alerts, include_str!("../../data/documented/alerts_v2_list.v1.0.response.json"));
    check(alerts, include_str!("../../data/documented/alerts_v2_list_sentinel.v1.0.response.json"));
    check("security.alert", include_str!("../../data/documented/alert_v2_get.v1.0.response.json"));
    let comments = "security.alertCommentCollectionResponse";
    check(comments, include_str!("../../data/documented/incident_comments_post.v1.0.response.json"));
    wrong["value"][0]["severity"] = "purple".into();
    let refused = std::panic::catch_unwind(move || {
        Schemas::new().check("security.incidentCollectionResponse", &wrong);
    });
    assert!(refused.is_err(), "a check that cannot fail is none");
}
