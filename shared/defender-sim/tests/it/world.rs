//! What there is and what becomes of it: the same every time, and told truly.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use defender_sim::{Generator, Happening, Kind, Scenario, Simulator, TenantSpec, Version};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Desk, start, texts};

const HOUR: i64 = 3600;

fn history(desk: &Desk, kind: Kind) -> Vec<Version> {
    desk.simulator.advance(desk.now);
    desk.simulator.history(desk.tenant.tenant_id, kind)
}

fn body(version: &Version) -> Value {
    serde_json::from_slice(&version.body).unwrap()
}

#[test]
fn a_tenant_is_the_same_however_often_it_is_asked() {
    let mut often = Desk::good(Generator::demo());
    for _ in 0..120 {
        often.pass(60);
        often.get("/v1.0/security/incidents");
    }
    let mut once = Desk::good(Generator::demo());
    once.pass(120 * 60);
    for kind in [Kind::Incidents, Kind::Alerts] {
        assert_eq!(history(&often, kind), history(&once, kind));
    }
}

#[test]
fn two_simulators_of_one_seed_give_the_same_answers_to_the_letter() {
    let run = |seed| {
        let simulator = Simulator::new(seed, start());
        let tenant = simulator.add_tenant(TenantSpec::demo(5));
        let mut desk = Desk { simulator, tenant, now: start(), token: String::new() };
        let mut answers = Vec::new();
        desk.token = desk.sign_in().json["access_token"].as_str().unwrap().to_owned();
        for target in ["/v1.0/security/incidents?$top=9", "/v1.0/security/alerts_v2", "/v1.0/security/x"] {
            desk.pass(333);
            answers.push(format!("{:?}", desk.outcome(Method::GET, target, None)));
        }
        answers
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn other_tenants_and_their_requests_change_nothing() {
    let alone = Desk::good(Generator::demo());
    let crowded = Simulator::new(7, start());
    crowded.add_tenant(TenantSpec::demo(11));
    let tenant = crowded.add_tenant(TenantSpec::new(7, Scenario::Good).with_generator(Generator::demo()));
    let later = start() + SignedDuration::from_hours(5);
    crowded.advance(later);
    alone.simulator.advance(later);
    let versions = crowded.history(tenant.tenant_id, Kind::Alerts);
    assert_eq!(versions, alone.simulator.history(alone.tenant.tenant_id, Kind::Alerts));
}

#[test]
fn a_write_changes_nothing_but_what_it_touches() {
    let mut written = Desk::good(Generator::demo());
    let mut untouched = Desk::good(Generator::demo());
    written.send(Method::PATCH, "/v1.0/security/incidents/29", &json!({ "summary": "ours" }));
    for desk in [&mut written, &mut untouched] {
        desk.pass(6 * HOUR);
    }
    let others = |desk: &Desk| -> Vec<Version> {
        let versions = history(desk, Kind::Incidents);
        versions.into_iter().filter(|version| &*version.id != "29").collect()
    };
    assert_eq!(others(&written), others(&untouched));
    let last = history(&written, Kind::Incidents).into_iter().rfind(|version| &*version.id == "29").unwrap();
    assert_eq!(body(&last)["summary"], "ours");
}

#[test]
fn what_history_tells_last_is_what_a_list_shows() {
    let mut desk = Desk::good(Generator::demo());
    desk.pass(24 * HOUR);
    desk.token = desk.sign_in().json["access_token"].as_str().unwrap().to_owned();
    for (kind, resource) in [(Kind::Incidents, "incidents"), (Kind::Alerts, "alerts_v2")] {
        let mut last = BTreeMap::new();
        for version in history(&desk, kind) {
            last.insert(version.id.to_string(), body(&version));
        }
        let rows = desk.all(&format!("/v1.0/security/{resource}"));
        assert_eq!(rows.len(), last.len());
        for row in rows {
            assert_eq!(last[row["id"].as_str().unwrap()], row);
        }
    }
}

#[test]
fn versions_are_in_the_order_in_which_they_became_visible() {
    let mut desk = Desk::good(Generator::demo());
    desk.pass(48 * HOUR);
    for kind in [Kind::Incidents, Kind::Alerts] {
        let versions = history(&desk, kind);
        assert!(versions.is_sorted_by_key(|version| version.visible));
        let mut instants: BTreeMap<&str, Timestamp> = BTreeMap::new();
        let mut lags = BTreeSet::new();
        for version in &versions {
            let lag = version.visible.duration_since(version.instant);
            assert!(lag >= SignedDuration::ZERO && lag <= SignedDuration::from_secs(181), "{lag}");
            lags.insert(lag.as_secs());
            let before = instants.insert(&version.id, version.instant);
            assert!(before.is_none_or(|before| before < version.instant), "{} stands still", version.id);
        }
        assert!(lags.last() > Some(&100), "some are late");
    }
}

#[test]
fn alerts_update_their_incident() {
    let mut desk = Desk::good(Generator::demo());
    desk.pass(24 * HOUR);
    let incidents = history(&desk, Kind::Incidents);
    let known: BTreeSet<(&str, Timestamp)> =
        incidents.iter().map(|version| (&*version.id, version.visible)).collect();
    for version in history(&desk, Kind::Alerts) {
        let alert = body(&version);
        let incident = alert["incidentId"].as_str().unwrap();
        assert!(known.contains(&(incident, version.visible)), "alert {} of {incident}", version.id);
    }
}

#[test]
fn something_is_new_every_few_minutes() {
    let mut desk = Desk::good(Generator::demo());
    let before = history(&desk, Kind::Incidents).len();
    desk.pass(HOUR);
    let after = history(&desk, Kind::Incidents);
    assert!(after.len() - before > 45, "{} versions in an hour", after.len() - before);
    let created = after[before..].iter().map(|version| body(version)["createdDateTime"].clone());
    let new = created.filter(|created| created.as_str().unwrap() > "2026-11-23T08").count();
    assert!(new > 8, "{new} new");
}

#[test]
fn a_tenant_without_life_stands_still() {
    let mut desk = Desk::good(Generator::default());
    let before = (history(&desk, Kind::Incidents), history(&desk, Kind::Alerts));
    desk.pass(30 * 24 * HOUR);
    assert_eq!((history(&desk, Kind::Incidents), history(&desk, Kind::Alerts)), before);
    assert!(Desk::good(Generator::empty()).all("/v1.0/security/incidents").is_empty());
}

#[test]
fn the_past_is_believable() {
    let generator = Generator { incidents: 400, ..Generator::default() };
    let desk = Desk::good(generator);
    let incidents = desk.all("/v1.0/security/incidents");
    let alerts = desk.all("/v1.0/security/alerts_v2");
    assert_eq!(incidents.len(), 403, "and three of the documentation");
    let distinct = |rows: &[Value], property| texts(rows, property).into_iter().collect::<BTreeSet<_>>();
    assert!(distinct(&incidents, "status").len() >= 4);
    assert_eq!(distinct(&incidents, "severity").len(), 4);
    assert!(distinct(&incidents, "determination").len() >= 7);
    assert!(distinct(&alerts, "serviceSource").len() >= 8);
    let types: BTreeSet<&str> = alerts
        .iter()
        .flat_map(|alert| alert["evidence"].as_array().unwrap())
        .map(|evidence| evidence["@odata.type"].as_str().unwrap())
        .collect();
    assert!(types.len() >= 24, "{types:?}");
    let digits: BTreeSet<usize> = texts(&alerts, "firstActivityDateTime")
        .iter()
        .map(|text| text.split_once('.').map_or(0, |(_, fraction)| fraction.len() - 1))
        .collect();
    assert_eq!(digits, (0..=7).collect());
    for incident in incidents {
        assert_eq!(incident["tenantId"], desk.tenant.tenant_id.to_string());
        let redirected = incident["status"] == "redirected";
        assert_eq!(redirected, incident["redirectIncidentId"].is_string());
    }
}

#[test]
fn the_documented_records_are_of_these_days_and_this_tenant() {
    let desk = Desk::good(Generator { incidents: 0, past_closings: 0, ..Generator::default() });
    let incident = desk.get("/v1.0/security/incidents/29?$expand=alerts").json;
    let text = include_str!("../../data/documented/incidents_list_expand_alerts.v1.0.response.json");
    let documented: Value = serde_json::from_str(text).unwrap();
    let documented = &documented["value"][0];
    assert_eq!(incident["displayName"], documented["displayName"]);
    assert_eq!(incident["lastUpdateDateTime"], "2026-11-20T16:29:33.1Z");
    assert_eq!(incident["tenantId"], desk.tenant.tenant_id.to_string());
    let evidence = |of: &Value| of["alerts"][0]["evidence"].as_array().unwrap().len();
    assert_eq!(evidence(&incident), evidence(documented));
    assert_eq!(
        incident["alerts"][0]["evidence"][0]["mdeDeviceId"],
        documented["alerts"][0]["evidence"][0]["mdeDeviceId"]
    );
    assert_eq!(desk.all("/v1.0/security/alerts_v2").len(), 4);
}

#[test]
fn what_is_scheduled_happens_at_its_instant() {
    let mut desk = Desk::good(Generator::default());
    let tenant = desk.tenant.tenant_id;
    let at = |seconds| start() + SignedDuration::from_secs(seconds);
    let incidents = history(&desk, Kind::Incidents).len();
    desk.simulator.schedule(tenant, at(60), Happening::Arrival);
    desk.simulator.schedule(tenant, at(120), Happening::Merge);
    desk.pass(59);
    assert_eq!(history(&desk, Kind::Incidents).len(), incidents);
    desk.pass(1);
    let arrived = history(&desk, Kind::Incidents);
    assert_eq!((arrived.len(), arrived[incidents].visible), (incidents + 1, at(60)));
    desk.pass(60);
    let merged = history(&desk, Kind::Incidents);
    let source =
        merged[incidents + 1..].iter().map(body).find(|body| body["status"] == "redirected").unwrap();
    let target = source["redirectIncidentId"].as_str().unwrap();
    assert!(
        merged[incidents + 1..].iter().any(|version| &*version.id == target),
        "the target is updated too"
    );
}

#[test]
fn time_does_not_go_backwards() {
    let mut desk = Desk::good(Generator::demo());
    desk.pass(HOUR);
    let later = history(&desk, Kind::Incidents);
    desk.pass(-2 * HOUR);
    assert_eq!(history(&desk, Kind::Incidents), later);
    assert_eq!(desk.get("/v1.0/security/incidents").status, 200);
    desk.send(Method::PATCH, "/v1.0/security/incidents/29", &json!({ "summary": "by a slow clock" }));
    desk.simulator.schedule(desk.tenant.tenant_id, desk.now, Happening::Arrival);
    desk.pass(3 * HOUR);
    assert!(history(&desk, Kind::Incidents).is_sorted_by_key(|version| version.visible));
}

#[test]
fn a_lag_is_never_longer_than_asked_for() {
    let none = Generator { longest_lag: Duration::ZERO, ..Generator::default() };
    for version in history(&Desk::good(none), Kind::Incidents) {
        let lag = version.visible.duration_since(version.instant);
        // An instant is rounded down to as little as whole seconds.
        assert!(lag < SignedDuration::from_secs(1), "{lag}");
    }
}
