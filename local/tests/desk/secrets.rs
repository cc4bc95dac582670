//! A client secret stands in one file and nowhere else.

use crate::support::{Desk, SENTINEL, Served, Tenant, add_line, eventually, files, shows_secret};
use defender_sim::{Faults, Scenario};
use serde_json::json;

/// In every file of the desk but the one; that one is for its user alone.
fn check_files(desk: &Desk) {
    let mut kept = false;
    for (path, bytes) in files(desk.folder.path()) {
        let is_secret_file = path.to_string_lossy().ends_with(".secrets.json");
        kept |= is_secret_file && shows_secret(&bytes);
        assert!(is_secret_file || !shows_secret(&bytes), "the secret stands in {}", path.display());
        #[cfg(unix)]
        if is_secret_file {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    assert!(kept, "the secret is kept where it belongs");
}

#[test]
fn no_command_and_no_failure_shows_it() {
    for (name, scenario) in Scenario::all() {
        let tenant = Tenant::new(scenario);
        let desk = Desk::at(&tenant);
        let (tenant_id, client_id) = (tenant.tenant_id(), tenant.client_id());
        let id = desk.add(&tenant);
        for line in [
            add_line(&tenant),
            "connections add --tenant-id x --client-id y".to_owned(),
            format!("test-connection --tenant-id {tenant_id} --client-id {client_id} --json"),
            format!("test-connection --connection {id}"),
            "incidents --json".to_owned(),
            "incidents".to_owned(),
            "connections list".to_owned(),
            "connections list --json".to_owned(),
        ] {
            let ran = desk.run(&line);
            assert!(!shows_secret(ran.out.as_bytes()) && !shows_secret(ran.err.as_bytes()), "{name}: {line}");
        }
        check_files(&desk);
    }
}

#[test]
fn no_sync_shows_it_however_it_fails() {
    let faults = [
        Faults::default(),
        Faults { non_json: true, ..Faults::default() },
        Faults { value_not_array: true, ..Faults::default() },
        Faults { entra_status: Some((500, None)), ..Faults::default() },
        Faults { graph_status: Some((401, None)), ..Faults::default() },
    ];
    for faults in faults {
        let tenant = Tenant::new(Scenario::Good);
        tenant.simulator.set_faults(tenant.handle.tenant_id, faults.clone());
        let desk = Desk::at(&tenant);
        desk.add(&tenant);
        for line in ["sync", "sync --json", "connections list --json"] {
            let ran = desk.run(line);
            assert!(
                !shows_secret(ran.out.as_bytes()) && !shows_secret(ran.err.as_bytes()),
                "{faults:?}: {line}"
            );
        }
        check_files(&desk);
    }
}

#[test]
fn no_log_line_shows_it_or_a_token_whatever_is_asked_for() {
    for faults in [
        Faults::default(),
        Faults { graph_status: Some((500, None)), ..Faults::default() },
        Faults { graph_status: Some((401, None)), ..Faults::default() },
        Faults { entra_status: Some((503, None)), ..Faults::default() },
    ] {
        let tenant = Tenant::new(Scenario::Good);
        tenant.simulator.set_faults(tenant.handle.tenant_id, faults.clone());
        let desk =
            Desk::at(&tenant).with("RUST_LOG", "trace,hyper=trace,h2=trace,reqwest=trace,rustls=trace");
        desk.add(&tenant);
        for line in ["sync", "--verbose sync", "connections list"] {
            let ran = desk.run(line);
            assert!(
                !shows_secret(ran.out.as_bytes()) && !shows_secret(ran.err.as_bytes()),
                "{faults:?}: {line}"
            );
            // A token is a JWT; every JWT's header begins like this.
            assert!(
                !ran.err.contains("eyJ") && !ran.out.contains("eyJ"),
                "a token is shown: {faults:?}: {line}"
            );
            let said = ran.err.contains("DEBUG");
            assert_eq!(said, line != "connections list", "a sync logs: {faults:?}: {line}: {}", ran.err);
        }
        check_files(&desk);
    }
}

#[test]
fn the_page_takes_it_and_never_gives_it_back() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let served = Served::start(&desk, "serve --port 0 --no-simulate");
    let form = json!({
        "tenantId": tenant.tenant_id(), "clientId": tenant.client_id(), "clientSecret": SENTINEL, "name": "Fabrikam",
    });
    let mut answers = vec![
        served.send("POST", "/api/test-connection", &form),
        served.send("POST", "/api/connections", &form),
        served.send("POST", "/api/connections", &form),
        served.send("POST", "/api/connections", &json!({"clientSecret": SENTINEL})),
        served.send("POST", "/api/connections", &json!({"clientSecret": {"wrong": SENTINEL}})),
        served.request("POST", "/api/connections", &[("content-type", "text/plain")], SENTINEL),
    ];
    let saved = answers[1].events().last().unwrap()["saved"]["id"].as_str().unwrap().to_owned();
    let with_secret = json!({"clientSecret": SENTINEL});
    answers.push(served.send("PUT", &format!("/api/connections/{saved}/credential"), &with_secret));
    answers.push(served.send("POST", &format!("/api/connections/{saved}/test"), &json!({})));
    eventually("incidents arrive", || {
        let found = served.get_json("/api/incidents");
        (!found["items"].as_array().unwrap().is_empty()).then_some(())
    });
    for path in ["/", "/api/connections", "/api/incidents", "/main.js", "/api/guide?cloud=global"] {
        answers.push(served.get(path));
    }
    for answer in answers {
        assert!(!shows_secret(answer.body.as_bytes()) && !shows_secret(answer.head.as_bytes()), "{answer:?}");
    }
    assert_eq!(served.end(), Some(0));
    check_files(&desk);
}

#[test]
fn the_log_says_which_user_has_entered_a_connection() {
    let tenant = Tenant::new(Scenario::Good);
    let line = format!("{} --no-test", add_line(&tenant));
    for (name, user) in [("USER", "zoe"), ("LOGNAME", "yan"), ("USERNAME", "xi")] {
        let desk = Desk::at(&tenant).with("RUST_LOG", "connections=info").with(name, user);
        let added = desk.run(&line);
        let id = added.out.trim();
        let told =
            format!("connection changed owner=\"local\" person=\"{user}\" connection={id} what=\"entered\"");
        assert!(added.code == 0 && added.err.contains(&told), "{told}: {added:?}");
    }
}
