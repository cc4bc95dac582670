//! Lists: filters, orders, pages, and what a bad query gets.

use std::collections::BTreeSet;

use crate::support::{Desk, instants, texts, whole};
use bytes::Bytes;
use defender_sim::{Generator, Happening};
use http::Request;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use serde_json::{Value, json};

fn desk() -> Desk {
    Desk::good(Generator::default())
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    texts(rows, "id").into_iter().collect()
}

#[test]
fn pages_of_any_size_have_every_row_once_and_in_order() {
    let desk = desk();
    let everything = desk.all("/v1.0/security/incidents");
    assert!(everything.len() > 60);
    for (resource, property) in [
        ("incidents", "createdDateTime"),
        ("incidents", "lastUpdateDateTime"),
        ("alerts_v2", "createdDateTime"),
        ("alerts_v2", "lastUpdateDateTime"),
        ("alerts_v2", "firstActivityDateTime"),
        ("alerts_v2", "lastActivityDateTime"),
    ] {
        for (direction, top) in [("asc", 7), ("desc", 50), ("asc", 1)] {
            let target = format!("/v1.0/security/{resource}?$orderby={property} {direction}&$top={top}");
            let rows = desk.all(&target);
            let mut instants = instants(&rows, property);
            if direction == "desc" {
                instants.reverse();
            }
            assert!(instants.is_sorted(), "{target}");
            assert_eq!(ids(&rows).len(), rows.len(), "{target}");
            let count = desk.get(&format!("/v1.0/security/{resource}/$count")).json;
            assert_eq!(count, json!(rows.len()), "{target}");
        }
    }
}

#[test]
fn the_default_order_is_newest_first() {
    let rows = desk().all("/v1.0/security/incidents?$top=10");
    let mut created = instants(&rows, "createdDateTime");
    created.reverse();
    assert!(created.is_sorted());
}

#[test]
fn rows_that_share_an_instant_are_paged_one_by_one() {
    let mut desk = desk();
    desk.simulator.schedule(desk.tenant.tenant_id, desk.now, Happening::BulkClose(10));
    desk.pass(1);
    let rows = desk.all("/v1.0/security/incidents?$orderby=lastUpdateDateTime desc");
    let instant = rows[0]["lastUpdateDateTime"].as_str().unwrap();
    let same = desk.all(&format!("/v1.0/security/incidents?$filter=lastUpdateDateTime eq {instant}&$top=1"));
    assert!(same.len() > 1, "a bulk closing gives many incidents one instant");
    assert_eq!(ids(&same).len(), same.len());
    let later = desk.all(&format!("/v1.0/security/incidents?$filter=lastUpdateDateTime gt {instant}"));
    assert_eq!(later.len(), 0);
}

type Holds<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

/// What a filter finds must be what the same condition finds among all rows.
#[test]
fn a_filter_finds_the_rows_for_which_it_holds() {
    let desk = desk();
    let incidents = desk.all("/v1.0/security/incidents");
    let alerts = desk.all("/v1.0/security/alerts_v2");
    let middle = incidents[30]["lastUpdateDateTime"].as_str().unwrap().to_owned();
    let created = incidents[45]["createdDateTime"].as_str().unwrap().to_owned();
    let (at, from) = (instant(&middle), instant(&created));
    let of = |row: &Value, property: &str| instant(row[property].as_str().unwrap());
    let cases: Vec<(&str, String, Holds<'_>)> = vec![
        (
            "incidents",
            format!("lastUpdateDateTime ge {middle}"),
            Box::new(|row| of(row, "lastUpdateDateTime") >= at),
        ),
        (
            "incidents",
            format!("lastUpdateDateTime gt {middle}"),
            Box::new(|row| of(row, "lastUpdateDateTime") > at),
        ),
        (
            "incidents",
            format!("lastUpdateDateTime le {middle}"),
            Box::new(|row| of(row, "lastUpdateDateTime") <= at),
        ),
        (
            "incidents",
            format!("lastUpdateDateTime lt {middle}"),
            Box::new(|row| of(row, "lastUpdateDateTime") < at),
        ),
        (
            "incidents",
            format!("lastUpdateDateTime ne {middle}"),
            Box::new(|row| of(row, "lastUpdateDateTime") != at),
        ),
        (
            "incidents",
            format!("createdDateTime ge {created} and lastUpdateDateTime lt {middle}"),
            Box::new(|row| of(row, "createdDateTime") >= from && of(row, "lastUpdateDateTime") < at),
        ),
        ("incidents", "status eq 'resolved'".to_owned(), Box::new(|row| row["status"] == "resolved")),
        ("incidents", "status ne 'redirected'".to_owned(), Box::new(|row| row["status"] != "redirected")),
        ("incidents", "assignedTo eq null".to_owned(), Box::new(|row| row["assignedTo"].is_null())),
        (
            "incidents",
            "(severity eq 'high' or severity eq 'medium') and status eq 'active'".to_owned(),
            Box::new(|row| {
                (row["severity"] == "high" || row["severity"] == "medium") && row["status"] == "active"
            }),
        ),
        (
            "incidents",
            "severity eq 'high' or severity eq 'medium' and status eq 'active'".to_owned(),
            Box::new(|row| {
                row["severity"] == "high" || (row["severity"] == "medium" && row["status"] == "active")
            }),
        ),
        (
            "alerts_v2",
            "serviceSource eq 'microsoftSentinel'".to_owned(),
            Box::new(|row| row["serviceSource"] == "microsoftSentinel"),
        ),
        (
            "alerts_v2",
            "determination eq 'phishing' and classification eq 'truePositive'".to_owned(),
            Box::new(|row| row["determination"] == "phishing" && row["classification"] == "truePositive"),
        ),
    ];
    for (resource, filter, holds) in cases {
        let all = if resource == "incidents" { &incidents } else { &alerts };
        let expected: BTreeSet<String> =
            all.iter().filter(|row| holds(row)).map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{filter} tells nothing apart");
        for order in ["", "&$orderby=lastUpdateDateTime asc", "&$orderby=createdDateTime desc"] {
            let target = format!("/v1.0/security/{resource}?$filter={filter}{order}&$top=9&$count=true");
            assert_eq!(ids(&desk.all(&target)), expected, "{target}");
            assert_eq!(desk.get(&target).json["@odata.count"], expected.len(), "{target}");
            let count = desk.get(&format!("/v1.0/security/{resource}/$count?$filter={filter}"));
            assert_eq!(count.json, json!(expected.len()));
        }
    }
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_top_above_the_limit_is_refused_as_recorded() {
    let desk = desk();
    let answer = desk.get("/v1.0/security/incidents?$top=100");
    assert_eq!(answer.status, 400);
    let text = include_str!("../../data/recorded/graph_error_400_top_limit.response.json");
    let mut expected: Value = serde_json::from_str(text).unwrap();
    expected["error"]["innerError"] = answer.json["error"]["innerError"].clone();
    assert_eq!(answer.json, expected);
    assert_eq!(answer.json["error"]["innerError"]["date"], "2026-11-23T08:00:00");
    assert_eq!(desk.get("/v1.0/security/incidents?$top=50").status, 200);
    assert_eq!(desk.get("/v1.0/security/alerts_v2?$top=1000").status, 200);
    assert_eq!(desk.get("/v1.0/security/alerts_v2?$top=1001").status, 400);
}

#[test]
fn a_bad_query_is_refused() {
    let desk = desk();
    for query in [
        "$top=0",
        "$top=many",
        "$skip=501",
        "$skip=-1",
        "$filter=investigationState eq 'running'",
        "$filter=incidentId eq '29'",
        "$filter=nonsense eq 1",
        "$filter=status eq 'open'",
        "$filter=status gt 'active'",
        "$filter=status eq active",
        "$filter=createdDateTime ge '2026-01-01T00:00:00Z'",
        "$filter=createdDateTime ge 2026-01-01T00:00:00.12345678Z",
        "$filter=createdDateTime ge 2026-01-01",
        "$filter=(status eq 'new'",
        "$filter=status eq 'new' status eq 'new'",
        "$filter=status eq 'new",
        "$filter=",
        "$orderby=title asc",
        "$orderby=createdDateTime sideways",
        "$select=id,nonsense",
        "$skiptoken=%%%",
        "$search=x",
        "$expand=evidence",
    ] {
        let target = format!("/v1.0/security/alerts_v2?{query}");
        assert_eq!(desk.get(&target).status, 400, "{target}");
    }
    assert_eq!(desk.get("/v1.0/security/incidents?$filter=serviceSource eq 'unknown'").status, 400);
    assert_eq!(desk.get("/v1.0/security/incidents?$orderby=resolvedDateTime").status, 400);
    assert_eq!(desk.get("/v1.0/security/nonsense").status, 400);
    assert_eq!(desk.get("/v1.0/security/rules/detectionRules").status, 400, "beta only");
    assert_eq!(desk.get("/v1.0/security/incidents/1").status, 404);
}

#[test]
fn the_next_link_keeps_the_query_and_the_origin() {
    let desk = desk();
    let page = desk.get("/v1.0/security/incidents?$filter=status ne 'redirected'&$top=2&$skip=1");
    let next = page.json["@odata.nextLink"].as_str().unwrap();
    let kept = "https://graph.microsoft.com/v1.0/security/incidents?$filter=status%20ne%20'redirected'&$top=2&$skiptoken=";
    assert!(next.starts_with(kept), "{next}");
    let whole = desk.all("/v1.0/security/incidents?$filter=status ne 'redirected'");
    let paged = desk.all("/v1.0/security/incidents?$filter=status ne 'redirected'&$top=2&$skip=1");
    assert_eq!(paged, whole[1..]);
}

#[test]
fn a_selection_has_what_was_selected() {
    let desk = desk();
    let page = desk.get("/v1.0/security/incidents?$select=id,lastUpdateDateTime&$top=3");
    for row in page.json["value"].as_array().unwrap() {
        let names: Vec<_> = row.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "lastUpdateDateTime"]);
    }
    assert_eq!(
        page.json["@odata.context"],
        "https://graph.microsoft.com/v1.0/$metadata#security/incidents(id,lastUpdateDateTime)"
    );
    let one = desk.get("/v1.0/security/incidents/29?$select=id&$expand=alerts").json;
    assert_eq!(one["alerts"][0]["incidentId"], "29");
    assert_eq!(one.get("status"), None);
}

#[test]
fn an_incident_has_its_alerts_in_three_places() {
    let desk = desk();
    let alerts = desk.all("/v1.0/security/alerts_v2");
    for incident in desk.all("/v1.0/security/incidents?$expand=alerts") {
        let id = incident["id"].as_str().unwrap();
        let of = |rows: &[Value]| {
            ids(&rows.iter().filter(|row| row["incidentId"] == id).cloned().collect::<Vec<_>>())
        };
        let expanded = incident["alerts"].as_array().unwrap();
        assert_eq!(of(expanded), of(&alerts));
        assert_eq!(expanded.len(), of(&alerts).len());
        assert_eq!(ids(&desk.all(&format!("/v1.0/security/incidents/{id}/alerts?$top=2"))), of(&alerts));
        if incident["status"] != "redirected" {
            assert!(!expanded.is_empty());
        }
    }
}

#[test]
fn a_single_record_is_the_row_of_the_list() {
    let desk = desk();
    for resource in ["incidents", "alerts_v2"] {
        for row in desk.get(&format!("/v1.0/security/{resource}?$top=5")).json["value"].as_array().unwrap() {
            let one = desk.get(&format!("/v1.0/security/{resource}/{}", row["id"].as_str().unwrap())).json;
            let mut row = row.clone();
            row["@odata.context"] =
                format!("https://graph.microsoft.com/v1.0/$metadata#security/{resource}/$entity").into();
            assert_eq!(one, row);
        }
    }
}

#[test]
fn late_enum_members_are_sent_to_those_who_ask_for_them() {
    let desk = desk();
    let target = "/v1.0/security/alerts_v2?$filter=serviceSource%20eq%20'microsoftSentinel'&$top=1";
    let row = desk.get(target).json["value"][0].clone();
    assert_eq!(row["serviceSource"], "microsoftSentinel");
    let request = Request::get(format!("https://graph.microsoft.com{target}"))
        .header(AUTHORIZATION, format!("Bearer {}", desk.token))
        .body(Bytes::new())
        .unwrap();
    let old = whole(desk.simulator.answer(desk.now, request)).json["value"][0].clone();
    assert_eq!(old["serviceSource"], "unknownFutureValue");
    assert_eq!(old["id"], row["id"]);
}

#[test]
fn the_ids_of_an_exchange_are_in_its_headers_and_its_error() {
    let desk = desk();
    let own = "11111111-2222-3333-4444-555555555555";
    let request = Request::get("https://graph.microsoft.com/v1.0/security/incidents?$top=51")
        .header(AUTHORIZATION, format!("Bearer {}", desk.token))
        .header("client-request-id", own)
        .body(Bytes::new())
        .unwrap();
    let answer = whole(desk.simulator.answer(desk.now, request));
    assert_eq!(answer.headers["client-request-id"], own);
    assert_eq!(answer.headers["date"], "Mon, 23 Nov 2026 08:00:00 GMT");
    let inner = &answer.json["error"]["innerError"];
    assert_eq!(inner["client-request-id"], own);
    assert_eq!(inner["request-id"], answer.headers["request-id"].to_str().unwrap());
}

#[test]
fn detection_rules_are_the_documented_ones() {
    let desk = desk();
    let rules = desk.get("/beta/security/rules/detectionRules?$top=1").json;
    let text = include_str!("../../data/documented/detectionRules_list.beta.response.json");
    let documented: Value = serde_json::from_str(text).unwrap();
    assert_eq!(rules["value"], documented["value"]);
    let one = desk.get("/beta/security/rules/detectionRules/office-encoded-powershell");
    assert_eq!(one.json["schedule"]["frequency"], "PT1H");
    assert_eq!(desk.get("/beta/security/rules/detectionRules/other").status, 404);
}
