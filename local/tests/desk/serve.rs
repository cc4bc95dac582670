//! `serve`: the simulated tenant, the page and its API.

use crate::support::{Desk, SENTINEL, Served, Tenant, eventually};
use defender_sim::Scenario;
use serde_json::{Value, json};

fn incidents(served: &Served) -> Vec<Value> {
    served.get_json("/api/incidents?limit=500")["items"].as_array().unwrap().clone()
}

#[test]
fn a_new_store_shows_incidents_with_alerts() {
    let desk = Desk::new();
    let served = Served::start(&desk, "serve --port 0");
    eventually("the page has incidents", || (!incidents(&served).is_empty()).then_some(()));
    let printed = eventually("the command beside it prints them", || {
        let printed = desk.run("incidents --json").json();
        let with_alerts = |item: &Value| !item["alerts"].as_array().unwrap().is_empty();
        printed.as_array().unwrap().iter().any(with_alerts).then_some(printed)
    });
    assert!(printed.as_array().unwrap().iter().all(|item| item["simulated"] == true));
    let first = &incidents(&served)[0];
    let one = served.get_json(&format!(
        "/api/incidents/{}/{}",
        first["connection"].as_str().unwrap(),
        first["id"].as_str().unwrap()
    ));
    assert_eq!(one["incident"]["id"], first["id"]);
    let listed = desk.run("connections list");
    assert!(listed.out.contains("(simulated)"), "{listed:?}");
    // Beside it a sync works, and by itself it leaves the simulated tenant alone.
    assert_eq!(desk.run("sync").code, 0);
    assert_eq!(served.end(), Some(0));
    let alone = desk.run("sync");
    assert_eq!(alone.code, 0, "{alone:?}");
    assert!(alone.out.contains("skipped") && alone.out.contains("simulator"), "{alone:?}");
}

#[test]
fn a_later_run_goes_on_with_the_same_simulated_tenant() {
    let desk = Desk::new();
    let ids = |served: &Served| -> Vec<Value> {
        let mut ids: Vec<_> = incidents(served).iter().map(|one| one["id"].clone()).collect();
        ids.sort_by_key(ToString::to_string);
        ids
    };
    let served = Served::start(&desk, "serve --port 0");
    let before = eventually("incidents", || Some(ids(&served)).filter(|ids| !ids.is_empty()));
    let connections = |served: &Served| served.get_json("/api/connections");
    let first = connections(&served);
    served.end();
    assert_eq!(desk.run("connections list --json").json()[0]["health"]["state"], "paused");

    let served = Served::start(&desk, "serve --port 0");
    eventually("it is synced again", || {
        let now = connections(&served);
        (now[0]["lastSuccess"] != first[0]["lastSuccess"]).then_some(())
    });
    let second = connections(&served);
    assert_eq!(second.as_array().unwrap().len(), 1);
    assert_eq!(second[0]["id"], first[0]["id"]);
    let after = ids(&served);
    assert!(before.iter().all(|id| after.contains(id)), "{before:?} {after:?}");
}

#[test]
fn without_simulation_an_empty_store_stays_empty() {
    let desk = Desk::new();
    let served = Served::start(&desk, "serve --port 0 --no-simulate");
    assert_eq!(served.get_json("/api/connections"), json!([]));
    // It ends in order: a simulated tenant that was being made would be whole, and its connection paused.
    assert_eq!(served.end(), Some(0));
    assert_eq!(desk.run("connections list --json").json(), json!([]));
}

#[test]
fn the_first_real_connection_takes_the_simulated_ones_place() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let served = Served::start(&desk, "serve --port 0");
    eventually("simulated incidents", || (!incidents(&served).is_empty()).then_some(()));
    // Entered by another process.
    let id = desk.add(&tenant);
    eventually("the real tenant's incidents alone", || {
        let incidents = incidents(&served);
        (!incidents.is_empty() && incidents.iter().all(|one| one["connection"] == id.as_str())).then_some(())
    });
    let connections = served.get_json("/api/connections");
    assert_eq!(connections.as_array().unwrap().len(), 1);
    assert_eq!(connections[0]["simulated"], false);
    let secrets = std::fs::read_to_string(desk.folder.path().join("store.db.secrets.json")).unwrap();
    let secrets: std::collections::BTreeMap<String, Value> = serde_json::from_str(&secrets).unwrap();
    let kept: Vec<_> = secrets.iter().filter(|(_, kept)| !kept.is_null()).collect();
    assert_eq!(kept.len(), 1, "the simulated one's secret is gone, too");
    assert_eq!((kept[0].0.as_str(), &kept[0].1["current"]["secret"]), (id.as_str(), &json!(SENTINEL)));
}

#[test]
fn only_a_page_on_this_machine_is_answered() {
    let desk = Desk::new();
    let served = Served::start(&desk, "serve --port 0 --no-simulate");
    let page = served.get("/");
    assert_eq!(page.status, 200);
    for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff"] {
        assert!(page.head.contains(header), "{}", page.head);
    }
    assert_eq!(served.request("GET", "/", &[("host", "evil.example")], "").status, 421);
    let json = ("content-type", "application/json");
    let evil = ("origin", "http://evil.example");
    for path in ["/api/connections", "/api/test-connection"] {
        assert_eq!(served.request("POST", path, &[json, evil], "{}").status, 403, "{path}");
        assert_eq!(
            served.request("POST", path, &[("content-type", "text/plain")], "{}").status,
            415,
            "{path}"
        );
        assert_eq!(served.request("POST", path, &[json], "{}").status, 400, "{path}");
    }
    let large = format!("{{\"tenantId\":\"{}\"}}", "x".repeat(10_000));
    assert_eq!(served.request("POST", "/api/connections", &[json], &large).status, 413);
    assert_eq!(served.get("/nowhere").status, 404);
    assert_eq!(served.get("/api/incidents?limit=many").status, 400);
    assert_eq!(served.get("/api/incidents/no-id/1").status, 404);
    assert_eq!(served.request("DELETE", "/api/incidents", &[], "").status, 405);
}

#[test]
fn a_taken_port_is_said_to_be_taken() {
    let desk = Desk::new();
    let served = Served::start(&desk, "serve --port 0 --no-simulate");
    let second = desk.run(&format!("serve --port {} --no-simulate", served.port));
    assert_eq!(second.code, 1);
    assert!(second.err.contains("is taken") && second.err.contains("--port"), "{second:?}");
}

#[test]
fn a_connection_is_entered_corrected_cared_for_and_removed_on_the_page() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let served = Served::start(&desk, "serve --port 0 --no-simulate");
    let form = |secret: &str| {
        json!({
            "tenantId": tenant.tenant_id(), "clientId": format!(" {} ", tenant.client_id()), "clientSecret": secret,
            "name": "Fabrikam", "cloud": "global", "secretExpires": "2027-01-01",
        })
    };
    let wrong =
        served.send("POST", "/api/connections", &form("wrong~secret.of.some.forty.characters.000")).events();
    let report = wrong.last().unwrap()["report"].clone();
    assert_eq!(report["ok"], false);
    let failed =
        report["checks"].as_array().unwrap().iter().find(|check| check["cause"].is_string()).unwrap();
    assert_eq!((failed["id"].as_str(), failed["cause"].as_str()), (Some("credential"), Some("wrong_secret")));
    assert!(failed["remedy"].is_string() && failed["link"].as_str().unwrap().contains("Credentials"));
    assert_eq!(served.get_json("/api/connections"), json!([]), "a bad one is not kept");

    let right = served.send("POST", "/api/connections", &form(SENTINEL)).events();
    assert!(right.iter().filter(|event| event["check"].is_object()).count() >= 9, "{right:?}");
    let id = right.last().unwrap()["saved"]["id"].as_str().unwrap().to_owned();
    let twice = served.send("POST", "/api/connections", &form(SENTINEL)).events();
    assert!(twice.last().unwrap()["problem"]["detail"].as_str().unwrap().contains("already"), "{twice:?}");
    eventually("its incidents", || (!incidents(&served).is_empty()).then_some(()));

    let path = format!("/api/connections/{id}/credential");
    let bad =
        served.send("PUT", &path, &json!({"clientSecret": "wrong~secret.of.some.forty.characters.000"}));
    assert!(bad.events().iter().all(|event| event.get("saved").is_none()), "{bad:?}");
    tenant.simulator.add_secret(tenant.handle.tenant_id, "new~secret.of.some.forty.characters.00000");
    let new = |day: &str| json!({"clientSecret": "new~secret.of.some.forty.characters.00000", "secretExpires": day});
    let past = served.send("PUT", &path, &new("2020-01-01")).events();
    assert_eq!(past.last().unwrap()["problem"]["field"], "secretExpires", "{past:?}");
    let soon = (jiff::Zoned::now().date() + jiff::Span::new().days(5)).to_string();
    let replaced = served.send("PUT", &path, &new(&soon));
    assert!(replaced.events().last().unwrap()["saved"].is_object(), "{replaced:?}");
    let view = eventually("the day that is near is warned about", || {
        Some(served.get_json("/api/connections")).filter(|view| view[0]["health"]["state"] == "attention")
    });
    assert_eq!(view[0]["secretExpires"], soon.as_str());

    let one = format!("/api/connections/{id}");
    assert_eq!(served.send("PATCH", &one, &json!({"name": "Contoso", "paused": true})).status, 204);
    let paused = served.get_json("/api/connections");
    assert_eq!((&paused[0]["name"], &paused[0]["health"]["state"]), (&json!("Contoso"), &json!("paused")));
    assert_eq!(served.send("PATCH", &one, &json!({"secretExpires": "2020-01-01"})).status, 422);
    assert_eq!(served.send("PATCH", &one, &json!({"tenantId": "x"})).status, 400);
    assert_eq!(served.send("PATCH", &one, &json!({"paused": false})).status, 204);
    assert_eq!(served.send("POST", &format!("/api/connections/{id}/sync"), &json!({})).status, 202);
    assert_eq!(served.send("DELETE", &format!("/api/connections/{id}"), &json!({})).status, 204);
    assert_eq!(served.get_json("/api/connections"), json!([]));
    assert_eq!(incidents(&served), Vec::<Value>::new());
    assert_eq!(served.send("DELETE", &format!("/api/connections/{id}"), &json!({})).status, 404);
}

#[test]
fn replacing_the_secret_while_syncs_run_fails_no_sync() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let served = Served::start(&desk, "serve --port 0 --no-simulate");
    let id = desk.add(&tenant);
    for turn in 0..5 {
        let secret = format!("turn{turn}~secret.of.some.forty.characters.0");
        tenant.simulator.add_secret(tenant.handle.tenant_id, &secret);
        let path = format!("/api/connections/{id}/credential");
        served.send("POST", &format!("/api/connections/{id}/sync"), &json!({}));
        let replaced = served.send("PUT", &path, &json!({ "clientSecret": secret }));
        assert!(replaced.events().last().unwrap()["saved"].is_object(), "{replaced:?}");
        assert_eq!(served.get_json("/api/connections")[0]["health"].get("fault"), None);
    }
    let log = std::fs::read_to_string(desk.folder.path().join("serve.log")).unwrap();
    assert!(!log.contains("secret"), "{log}");
}

#[test]
fn hostile_titles_stay_text() {
    let desk = Desk::new();
    let served = Served::start(&desk, "serve --port 0 --no-simulate");
    // The API gives JSON with a type that no browser renders, and the page's policy runs nothing inline.
    let answer = served.get("/api/incidents?text=%3Cscript%3Ealert(1)%3C/script%3E");
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    assert!(answer.head.contains("trusted-types 'none'"), "{}", answer.head);
}
