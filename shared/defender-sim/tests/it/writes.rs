//! Writing back: what can be changed, and what that does to the record and its neighbours.

use defender_sim::{Generator, Kind, Scenario, TenantSpec};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Desk, texts};

fn desk() -> Desk {
    Desk::good(Generator::default())
}

fn documented(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_documented_update_gives_the_documented_record() {
    let desk = desk();
    let request = documented(include_str!("../../data/documented/incident_update.v1.0.request.json"));
    let response = documented(include_str!("../../data/documented/incident_update.v1.0.response.json"));
    let answer = desk.send(Method::PATCH, "/v1.0/security/incidents/29", &request);
    assert_eq!(answer.status, 200);
    for property in ["classification", "determination", "customTags"] {
        assert_eq!(answer.json[property], response[property]);
    }
    let own: Vec<_> = answer.json.as_object().unwrap().keys().collect();
    let theirs: Vec<_> = response.as_object().unwrap().keys().collect();
    assert_eq!(own, theirs, "the record has the documented properties and no others");
}

#[test]
fn an_update_moves_the_record_to_the_end_of_the_last_updates() {
    let mut desk = desk();
    desk.pass(10);
    let body = json!({ "status": "inProgress", "assignedTo": "zoë@contoso.com" });
    let answer = desk.send(Method::PATCH, "/v1.0/security/incidents/33", &body);
    assert_eq!(answer.json["status"], "inProgress");
    assert_eq!(answer.json["lastUpdateDateTime"], "2026-11-23T08:00:10.0000000Z");
    assert_eq!(answer.json["lastModifiedBy"], "API-App:SOC Anywhere");
    let last = desk.get("/v1.0/security/incidents?$orderby=lastUpdateDateTime desc&$top=1");
    assert_eq!(last.json["value"][0]["id"], "33");
    let versions = desk.simulator.history(desk.tenant.tenant_id, Kind::Incidents);
    let version = versions.last().unwrap();
    assert_eq!((&*version.id, version.visible, version.instant), ("33", desk.now, desk.now));
}

#[test]
fn an_alert_takes_its_incident_along() {
    let mut desk = desk();
    let alert = desk.all("/v1.0/security/incidents/33/alerts")[0].clone();
    let target = format!("/v1.0/security/alerts_v2/{}", alert["id"].as_str().unwrap());
    desk.pass(60);
    let body = documented(include_str!("../../data/documented/alert_v2_update.v1.0.request.json"));
    let answer = desk.send(Method::PATCH, &target, &body);
    let response = documented(include_str!("../../data/documented/alert_v2_update.v1.0.response.json"));
    for property in ["assignedTo", "classification", "determination", "status"] {
        assert_eq!(answer.json[property], response[property]);
    }
    for property in response.as_object().unwrap().keys() {
        assert!(answer.json.get(property).is_some(), "{property}");
    }
    let incident = desk.get("/v1.0/security/incidents/33").json;
    assert_eq!(incident["lastUpdateDateTime"], answer.json["lastUpdateDateTime"]);
    let resolved = desk.send(Method::PATCH, &target, &json!({ "status": "resolved" })).json;
    assert!(resolved["resolvedDateTime"].is_string());
    let open = desk.send(Method::PATCH, &target, &json!({ "status": "new" })).json;
    assert!(open["resolvedDateTime"].is_null());
    let rows = desk.all("/v1.0/security/alerts_v2?$orderby=resolvedDateTime desc&$top=4");
    let resolved = texts(&rows, "resolvedDateTime");
    assert!(resolved.iter().skip_while(|text| !text.is_empty()).all(String::is_empty), "nulls are together");
}

#[test]
fn all_comments_come_back() {
    let desk = desk();
    let body = documented(include_str!("../../data/documented/incident_comments_post.v1.0.request.json"));
    let target = "/v1.0/security/incidents/33/comments";
    let before = desk.get("/v1.0/security/incidents/33").json["comments"].as_array().unwrap().len();
    let first = desk.send(Method::POST, target, &body);
    assert_eq!(first.status, 200);
    let second = desk.send(Method::POST, target, &json!({ "comment": "ein Anführungszeichen: \"" })).json;
    let comments = second["value"].as_array().unwrap();
    assert_eq!(comments.len(), before + 2);
    assert_eq!(comments[before]["comment"], "Demo for docs");
    assert_eq!(comments[before + 1]["comment"], "ein Anführungszeichen: \"");
    assert_eq!(desk.get("/v1.0/security/incidents/33").json["comments"], second["value"]);
    let alert = desk.all("/v1.0/security/incidents/33/alerts")[0]["id"].as_str().unwrap().to_owned();
    let target = format!("/v1.0/security/alerts_v2/{alert}/comments");
    let last = desk.send(Method::POST, &target, &body).json;
    let response = documented(include_str!("../../data/documented/alert_comments_post.v1.0.response.json"));
    assert_eq!(last["value"][0]["comment"], response["value"][1]["comment"]);
    let names = |comment: &Value| -> Vec<String> { comment.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&last["value"][0]), names(&response["value"][1]));
}

#[test]
fn what_cannot_be_written_is_refused_whole() {
    let desk = desk();
    let before = desk.get("/v1.0/security/incidents/33").json;
    for body in [
        json!({ "status": "resolved", "priorityScore": 5 }),
        json!({ "status": "resolved", "id": "34" }),
        json!({ "status": "resolved", "severity": "purple" }),
        json!({ "status": "resolved", "customTags": "not a list" }),
        json!({ "status": "resolved", "displayName": null }),
        json!([]),
    ] {
        let answer = desk.send(Method::PATCH, "/v1.0/security/incidents/33", &body);
        assert_eq!(answer.status, 400, "{body}");
    }
    assert_eq!(desk.get("/v1.0/security/incidents/33").json, before);
    assert_eq!(desk.send(Method::PATCH, "/v1.0/security/incidents/0", &json!({})).status, 404);
    let alert = desk.all("/v1.0/security/incidents/33/alerts")[0]["id"].as_str().unwrap().to_owned();
    let target = format!("/v1.0/security/alerts_v2/{alert}");
    assert_eq!(desk.send(Method::PATCH, &target, &json!({ "severity": "low" })).status, 400);
}

#[test]
fn writing_needs_the_role_for_it() {
    let desk = Desk::of(TenantSpec::new(7, Scenario::ReadOnly));
    let answer = desk.send(Method::PATCH, "/v1.0/security/incidents/33", &json!({ "status": "resolved" }));
    assert_eq!(answer.status, 403);
    let message = answer.json["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Missing application roles. API required roles: SecurityIncident.ReadWrite.All,")
    );
    let merge = json!({ "incidentIds": ["29", "33"] });
    assert_eq!(desk.send(Method::POST, "/v1.0/security/incidents/mergeIncidents", &merge).status, 403);
}

#[test]
fn merged_incidents_redirect_and_their_alerts_move() {
    let mut spec = TenantSpec::new(7, Scenario::Good);
    spec.roles.push("SecurityData.Manage.All".to_owned());
    let desk = Desk::of(spec);
    let alerts = desk.all("/v1.0/security/incidents/33/alerts").len();
    let target = desk.all("/v1.0/security/incidents/29/alerts").len();
    let merge = json!({ "incidentIds": ["29", "33"] });
    let answer = desk.send(Method::POST, "/v1.0/security/incidents/mergeIncidents", &merge);
    assert_eq!((answer.status.as_u16(), &answer.json["targetIncidentId"]), (200, &json!("29")));
    let source = desk.get("/v1.0/security/incidents/33?$expand=alerts").json;
    assert_eq!((&source["status"], &source["redirectIncidentId"]), (&json!("redirected"), &json!("29")));
    assert_eq!(source["alerts"], json!([]));
    let moved = desk.all("/v1.0/security/incidents/29/alerts");
    assert_eq!(moved.len(), alerts + target);
    assert!(moved.iter().all(|alert| alert["incidentId"] == "29"));
    assert_eq!(desk.send(Method::POST, "/v1.0/security/incidents/mergeIncidents", &merge).status, 400);
    let reopened =
        desk.send(Method::PATCH, "/v1.0/security/incidents/33", &json!({ "status": "active" })).json;
    assert_eq!(reopened["redirectIncidentId"], Value::Null);
}
