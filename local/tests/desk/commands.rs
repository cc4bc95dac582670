//! The command line against an Entra and a Graph on a socket.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Desk, Ran, SENTINEL, Tenant, add_line, eventually, files, while_running};
use defender_sim::{Faults, Generator, Kind, Recorded, Scenario, TenantSpec};
use serde_json::Value;

#[test]
fn a_tenant_is_entered_tested_synced_listed_and_removed() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let id = desk.add(&tenant);

    let tested = desk.run(&format!("test-connection --connection {id}"));
    assert_eq!(tested.code, 0, "{tested:?}");
    assert!(tested.out.contains("The connection is good"), "{tested:?}");

    let synced = desk.run("sync --json");
    assert_eq!(synced.code, 0, "{synced:?}");
    let result = &synced.json()[0];
    assert_eq!(result["result"], "complete", "{result}");
    assert_eq!(result["connection"], id.as_str());

    // Older incidents than the first sync goes back are not among them: the simulator's are younger.
    let incidents = desk.run("incidents --json").json();
    let listed: BTreeSet<_> =
        items(&incidents).filter_map(|item| item["incident"]["id"].as_str().map(str::to_owned)).collect();
    assert_eq!(listed, tenant.ids(Kind::Incidents).into_iter().collect());
    let alerts: BTreeSet<_> = items(&incidents)
        .flat_map(|item| item["alerts"].as_array().unwrap())
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(alerts, tenant.ids(Kind::Alerts).into_iter().collect());
    assert!(items(&incidents).all(|item| item["name"] == "Fabrikam" && item["simulated"] == false));

    let listed = desk.run("connections list --json").json();
    assert_eq!(listed[0]["health"]["state"], "connected", "{listed}");
    assert_eq!(listed[0]["incidents"], items(&incidents).count());

    let removed = desk.run(&format!("connections remove {id}"));
    assert_eq!(removed.code, 0, "{removed:?}");
    assert_eq!(desk.run("connections list --json").json(), serde_json::json!([]));
    assert_eq!(desk.run("incidents --json").json(), serde_json::json!([]));
    let secrets = std::fs::read_to_string(desk.folder.path().join("store.db.secrets.json")).unwrap();
    assert!(!secrets.contains("tinel"), "the secret is gone, too");
}

#[test]
fn records_are_printed_as_graph_sent_them_without_the_annotations_of_the_answer() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    assert_eq!(desk.run("sync").code, 0);
    let incidents = desk.run("incidents --json").json();
    let history = |kind| tenant.simulator.history(tenant.handle.tenant_id, kind);
    let last = |kind, id: &str| {
        let version = history(kind).into_iter().rfind(|version| &*version.id == id).unwrap();
        let mut body = serde_json::from_slice::<Value>(&version.body).unwrap();
        body.as_object_mut().unwrap().retain(|name, _| !name.starts_with('@'));
        body
    };
    for item in items(&incidents).take(5) {
        let incident = &item["incident"];
        assert_eq!(*incident, last(Kind::Incidents, incident["id"].as_str().unwrap()));
        for alert in item["alerts"].as_array().unwrap() {
            assert_eq!(*alert, last(Kind::Alerts, alert["id"].as_str().unwrap()));
        }
    }
}

#[test]
fn a_second_sync_of_an_unchanged_tenant_writes_nothing_and_says_so() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    let first = desk.run("sync");
    assert!(first.out.contains("incidents created"), "{first:?}");
    let revisions = || -> Vec<Value> {
        items(&desk.run("incidents --json").json()).map(|item| item["revision"].clone()).collect()
    };
    let before = revisions();
    let second = desk.run("sync");
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.out.contains("nothing new: nothing written"), "{second:?}");
    assert_eq!(revisions(), before);
}

#[test]
fn filters_choose_by_status_and_severity_in_any_case() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    desk.run("sync");
    let all = desk.run("incidents --json").json();
    let chosen = desk.run("incidents --json --severity HIGH,medium --status active").json();
    let wanted = |item: &&Value| {
        let incident = &item["incident"];
        ["high", "medium"].iter().any(|one| incident["severity"] == *one) && incident["status"] == "active"
    };
    assert_eq!(items(&chosen).count(), items(&all).filter(wanted).count());
    assert!(items(&chosen).count() > 0 && items(&chosen).all(|item| wanted(&item)));
    let table = desk.run("incidents --severity high");
    assert!(table.out.starts_with("UPDATED"), "{table:?}");
}

#[test]
fn alerts_whose_incident_is_not_known_are_printed_last() {
    let tenant = Tenant::new(Scenario::MissingIncidentRole);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    let synced = desk.run("sync --json");
    assert_eq!(synced.code, 1, "{synced:?}");
    assert_eq!(synced.json()[0]["cause"], "permission_missing");
    let incidents = desk.run("incidents --json").json();
    let [orphans] = &incidents.as_array().unwrap()[..] else { panic!("{incidents}") };
    assert_eq!(orphans["incident"], Value::Null);
    assert_eq!(orphans["alerts"].as_array().unwrap().len(), tenant.ids(Kind::Alerts).len());
    assert_eq!(desk.run("incidents --json --severity high").json(), serde_json::json!([]));
}

#[test]
fn a_failing_sync_says_what_to_do_and_the_list_remembers_it() {
    let tenant = Tenant::new(Scenario::ExpiredSecret);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    let synced = desk.run("sync");
    assert_eq!(synced.code, 1);
    assert!(synced.out.contains("The client secret has expired."), "{synced:?}");
    let listed = desk.run("connections list");
    assert!(listed.out.contains("failing") && listed.out.contains("secret_expired"), "{listed:?}");
}

#[test]
fn the_test_ends_with_0_for_good_1_for_not_and_2_for_usage() {
    for (scenario, code, cause) in [
        (Scenario::Good, 0, None),
        (Scenario::WrongSecret, 1, Some("wrong_secret")),
        (Scenario::NoConsent, 1, Some("no_permissions")),
        (Scenario::NoServicePrincipal, 1, Some("no_service_principal")),
    ] {
        let tenant = Tenant::new(scenario.clone());
        let (tenant_id, client_id) = (tenant.tenant_id(), tenant.client_id());
        let line = format!("test-connection --tenant-id {tenant_id} --client-id {client_id} --json");
        let tested = Desk::at(&tenant).run(&line);
        assert_eq!(tested.code, code, "{scenario:?}: {tested:?}");
        let report = tested.json();
        assert_eq!(report["ok"], code == 0);
        let named = report["checks"].as_array().unwrap().iter().find_map(|check| check["cause"].as_str());
        assert_eq!(named, cause, "{scenario:?}");
    }
    let desk = Desk::new();
    assert_eq!(desk.run("test-connection --json").code, 2);
    let malformed = desk.run_with_input("test-connection --tenant-id x --client-id y --json", "secret\n");
    assert_eq!(malformed.code, 1);
    assert_eq!(malformed.json()["checks"][0]["cause"], "tenant_id_malformed");
}

#[test]
fn a_secret_comes_from_standard_input_where_no_variable_has_it() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant).with("SOC_ANYWHERE_CLIENT_SECRET", "");
    let added = desk.run_with_input(&add_line(&tenant), &format!("  \"{SENTINEL}\" \r\nmore\n"));
    assert_eq!(added.code, 0, "{added:?}");
    let synced = desk.run("sync");
    assert_eq!(synced.code, 0, "{synced:?}");
}

#[test]
fn what_cannot_be_right_is_refused_before_it_is_kept() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let line = add_line(&tenant);
    let client_id = tenant.client_id();
    for (line, secret, says) in [
        (line.replace(&tenant.tenant_id(), "contoso.com"), SENTINEL, "A domain stands in place"),
        (line.replace(&tenant.tenant_id(), "contoso"), SENTINEL, "not a GUID"),
        (line.replace(&tenant.tenant_id(), &client_id), SENTINEL, "are the same"),
        (line.clone(), client_id.as_str(), "Secret ID"),
        (format!("{line} --since 2020-01-01"), SENTINEL, "180 days"),
        (format!("{line} --cloud china"), SENTINEL, "21Vianet"),
    ] {
        let refused = desk.command(&line).env("SOC_ANYWHERE_CLIENT_SECRET", secret).output().unwrap();
        let err = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{line}: {err}");
        assert!(err.contains(says), "{line}: {err}");
    }
    let empty = desk.command(&line).env("SOC_ANYWHERE_CLIENT_SECRET", "").output().unwrap();
    assert_eq!(empty.status.code(), Some(2), "no secret at all");
    assert_eq!(desk.run("connections list --json").json(), serde_json::json!([]));

    let id = desk.add(&tenant);
    let again = desk.run(&line);
    assert_eq!(again.code, 1);
    assert!(again.err.contains(&id), "{again:?}");
}

#[test]
fn a_bad_override_is_refused_before_anything_else() {
    let desk = Desk::new().with("SOC_ANYWHERE_GRAPH_URL", "https://graph.example");
    for line in ["connections list", "sync", "serve --port 0", "incidents"] {
        let refused = desk.run(line);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains("SOC_ANYWHERE_GRAPH_URL"), "{refused:?}");
    }
    assert!(!desk.store().exists());
}

#[test]
fn a_link_to_another_host_is_not_followed() {
    let tenant = Tenant::of(
        TenantSpec::new(7, Scenario::Good)
            .with_generator(Generator { incidents: 120, ..Generator::default() }),
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let elsewhere = format!("http://{}", listener.local_addr().unwrap());
    let called = Arc::new(AtomicUsize::new(0));
    let counter = called.clone();
    std::thread::spawn(move || {
        for _ in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let faults = Faults { next_link_host: Some(elsewhere.clone()), ..Faults::default() };
    tenant.simulator.set_faults(tenant.handle.tenant_id, faults);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    desk.run("sync");
    assert_eq!(called.load(Ordering::SeqCst), 0, "the other host was called");
    let asked = tenant.simulator.requests();
    assert!(asked.iter().any(|request| request.target.contains("/security/incidents")), "Graph was asked");

    // The trap works: whoever connects is counted.
    std::net::TcpStream::connect(elsewhere.trim_start_matches("http://")).unwrap();
    eventually("the trap counts", || (called.load(Ordering::SeqCst) == 1).then_some(()));
}

#[test]
fn before_anything_is_entered_nothing_is_found_and_no_store_is_made() {
    let desk = Desk::new();
    for line in ["incidents --json", "connections list --json", "sync --json"] {
        let mut command = desk.bare(line);
        let ran = Ran::of(command.output().unwrap());
        assert_eq!((ran.code, ran.json()), (0, serde_json::json!([])), "{line}: {ran:?}");
        assert!(ran.err.contains("there is no store at"), "{ran:?}");
    }
    assert_eq!(files(desk.folder.path()), []);
}

#[test]
fn a_store_that_was_named_and_is_none_is_a_usage_error() {
    let desk = Desk::new();
    let id = "01900000-0000-7000-8000-000000000001";
    let changing = ["set-secret", "pause", "resume", "remove --yes"];
    let changing = changing.map(|command| format!("connections {command} {id}"));
    let reading = ["incidents --json", "connections list", "sync --json"].map(str::to_owned);
    let testing = [format!("test-connection --connection {id}")];
    for line in reading.into_iter().chain(changing).chain(testing) {
        let refused = desk.run(&line);
        assert_eq!(refused.code, 2, "{line}: {refused:?}");
        assert!(refused.err.contains("there is no store at") && refused.out.is_empty(), "{refused:?}");
    }
    assert!(!desk.store().exists());

    std::fs::write(desk.store(), "this is a letter and no store, and it is long enough to be one").unwrap();
    let refused = desk.run("incidents");
    assert_eq!(refused.code, 2, "{refused:?}");
    let folder = desk.bare(&format!("incidents --store {}", desk.folder.path().display())).output().unwrap();
    assert_eq!(folder.status.code(), Some(2));
}

#[test]
fn a_mistyped_status_or_severity_is_a_usage_error_and_what_the_store_holds_is_none() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    assert_eq!(desk.run("sync").code, 0);
    for (line, known) in [
        ("incidents --severity hgh", "high, medium"),
        ("incidents --json --status foo", "active, inProgress"),
        ("incidents --status active,", "active, inProgress"),
    ] {
        let refused = desk.run(line);
        assert_eq!(refused.code, 2, "{line}: {refused:?}");
        assert!(refused.err.contains(known) && refused.out.is_empty(), "{refused:?}");
    }
    assert_eq!(desk.run("incidents --severity Unknown --status RESOLVED").code, 0);
    let store = rusqlite::Connection::open(desk.store()).unwrap();
    store.execute("UPDATE records SET severity = 'critical' WHERE rowid IN (SELECT rowid FROM records WHERE kind = 'incident' LIMIT 1)", []).unwrap();
    let held = desk.run("incidents --severity Critical --json");
    assert_eq!((held.code, items(&held.json()).count()), (0, 1), "{held:?}");
}

#[test]
fn what_does_not_work_is_not_entered_unless_it_is_wanted_so() {
    let tenant = Tenant::new(Scenario::WrongSecret);
    let desk = Desk::at(&tenant);
    let refused = desk.run(&add_line(&tenant));
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
    assert!(refused.err.contains("Cause:") && refused.err.contains("--no-test"), "{refused:?}");
    let tokens = |request: &&Recorded| request.target.ends_with("/oauth2/v2.0/token");
    let asked = || tenant.simulator.requests().iter().filter(tokens).count();
    assert_eq!(asked(), 1, "where nobody looks on, nothing is waited for");
    let json = desk.run(&format!("{} --json", add_line(&tenant)));
    assert_eq!((json.code, json.out.as_str()), (1, ""), "{json:?}");
    assert_eq!(desk.run("connections list --json").json(), serde_json::json!([]));
    desk.add(&tenant);

    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let added = desk.run(&format!("{} --json", add_line(&tenant)));
    assert_eq!((added.code, &added.json()["name"]), (0, &Value::from("Fabrikam")), "{added:?}");
    assert!(added.err.contains("The connection is good"), "{added:?}");
    let writes = &desk.run("connections list --json").json()[0]["capabilities"]["writeBack"];
    assert!(writes.is_boolean(), "what the test found is kept: {writes}");
}

#[test]
fn where_microsoft_cannot_be_asked_a_connection_is_entered_with_a_warning() {
    let tenant = Tenant::new(Scenario::Good);
    let broken = Faults { entra_status: Some((503, None)), ..Faults::default() };
    tenant.simulator.set_faults(tenant.handle.tenant_id, broken);
    let nobody = networks::Refusing::bind();
    let away = format!("http://{}", nobody.address());
    for desk in [
        Desk::at(&tenant),
        Desk::at(&tenant).with("SOC_ANYWHERE_LOGIN_URL", &away).with("SOC_ANYWHERE_GRAPH_URL", &away),
    ] {
        let added = desk.run(&add_line(&tenant));
        assert_eq!(added.code, 0, "{added:?}");
        assert!(added.err.contains("warning: the connection is saved untested"), "{added:?}");
        assert_eq!(desk.run("connections list --json").json()[0]["id"], added.out.trim());
    }
}

#[test]
fn a_secret_is_replaced_when_the_new_one_works_and_all_records_stay() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let id = desk.add(&tenant);
    assert_eq!(desk.run("sync").code, 0);
    let before = desk.run("incidents --json").out;
    let new = "new~secret.of.some.forty.characters.00000";
    let line = format!("connections set-secret {id} --secret-expires 2099-01-01");
    let set = |line: &str, secret: &str| {
        Ran::of(desk.command(line).env("SOC_ANYWHERE_CLIENT_SECRET", secret).output().unwrap())
    };
    let refused = set(&line, new);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("The old secret stays."), "{refused:?}");
    assert_eq!(desk.run("sync").code, 0, "with the old one");
    assert_eq!(set(&line, &tenant.client_id()).code, 2, "the Secret ID");
    assert_eq!(set(&line.replace("2099", "2020"), SENTINEL).code, 2, "a day in the past");

    tenant.simulator.replace_secret(tenant.handle.tenant_id, new);
    let replaced = set(&line, new);
    assert_eq!(replaced.code, 0, "{replaced:?}");
    assert_eq!(desk.run("sync").code, 0, "with the new one");
    assert_eq!(desk.run("incidents --json").out, before);
    assert_eq!(desk.run("connections list --json").json()[0]["secretExpires"], "2099-01-01");
    assert_eq!(set("connections set-secret 01900000-0000-7000-8000-000000000001", new).code, 1);
}

#[test]
fn a_connection_is_renamed_paused_resumed_and_given_an_expiry_date() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let id = desk.add(&tenant);
    let now = |member: &str| desk.run("connections list --json").json()[0][member].clone();
    let edited =
        desk.run(&format!("connections edit {id} --name Contoso --secret-expires 2099-01-01 --interval 300"));
    assert_eq!(edited.code, 0, "{edited:?}");
    assert_eq!((now("name"), now("secretExpires")), ("Contoso".into(), "2099-01-01".into()));
    assert_eq!(now("intervalSeconds"), 300);
    assert_eq!(desk.run(&format!("connections edit {id} --secret-expires none")).code, 0);
    assert_eq!((now("name"), now("secretExpires")), ("Contoso".into(), Value::Null));
    for wrong in ["--interval 5", "--secret-expires 2020-01-01"] {
        let refused = desk.run(&format!("connections edit {id} {wrong}"));
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains(wrong.split(' ').next().unwrap()), "{refused:?}");
    }

    assert_eq!(desk.run(&format!("connections pause {id}")).code, 0);
    assert_eq!(now("health")["state"], "paused");
    let asked = tenant.simulator.requests().len();
    desk.run("sync");
    assert_eq!(tenant.simulator.requests().len(), asked, "a paused one asks nobody");
    assert_eq!(desk.run(&format!("connections resume {id}")).code, 0);
    assert_eq!(desk.run("sync").code, 0);
    assert_eq!(now("health")["state"], "connected");
    let nobody = "01900000-0000-7000-8000-000000000001";
    for line in [format!("pause {nobody}"), format!("edit {nobody} --name x"), format!("remove {nobody}")] {
        assert_eq!(desk.run(&format!("connections {line}")).code, 1, "{line}");
    }
}

fn items(incidents: &Value) -> impl Iterator<Item = &Value> {
    incidents.as_array().unwrap().iter()
}

#[test]
fn a_killed_sync_is_gone_on_with_at_once() {
    let tenant = Tenant::new(Scenario::Good);
    let hangs = Faults { only: Some(Kind::Incidents), stall: true, ..Faults::default() };
    tenant.simulator.set_faults(tenant.handle.tenant_id, hangs);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    let mut killed = desk.command("sync").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while_running(&mut killed, "it holds the connection and asks", || {
        tenant.simulator.requests().iter().any(|request| request.target.contains("/security/"))
    });
    killed.kill().unwrap();
    killed.wait().unwrap();
    tenant.simulator.set_faults(tenant.handle.tenant_id, Faults::default());
    let synced = desk.run("sync --json");
    assert_eq!(synced.code, 0, "{synced:?}");
    // Each look at a lease that another process holds is a run.
    assert_eq!(synced.json()[0]["runs"], 1, "the lease is not waited for: {synced:?}");
}
