//! What `sync` can be asked for, which lists it waits for, and how Ctrl-C ends it.

use std::process::Stdio;

use defender_sim::{Faults, Kind, Scenario};

use crate::support::{Desk, Ran, Tenant, while_running};

fn requests(tenant: &Tenant) -> usize {
    tenant.simulator.requests().len()
}

#[test]
fn what_is_asked_for_is_read_again() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    assert_eq!(desk.run("sync").code, 0);
    let calls = |line: &str| {
        let ran = desk.run(line);
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
        ran.json()[0]["calls"].as_u64().unwrap()
    };
    let plain = calls("sync --json");
    let since = jiff::Zoned::now().date() - jiff::Span::new().days(20);
    for lever in [format!("--again-since {since}"), "--sweep".into(), "--forget-checkpoint".into()] {
        let asked = calls(&format!("sync --json {lever}"));
        assert!(asked > plain, "{lever}: {asked} calls, and {plain} without it");
    }
    assert_eq!(calls("sync --json"), plain);
}

#[test]
fn a_list_that_waits_is_named_and_the_other_one_is_read() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    let throttled =
        Faults { only: Some(Kind::Alerts), graph_status: Some((429, Some(1_800))), ..Faults::default() };
    tenant.simulator.set_faults(tenant.handle.tenant_id, throttled);
    let synced = desk.run("sync --json");
    assert_eq!(synced.code, 1, "{synced:?}");
    assert!(synced.err.contains("alerts may not be asked for another 1"), "{synced:?}");
    assert!(synced.err.contains("sync --wait"), "{synced:?}");
    let result = &synced.json()[0];
    assert!(result["incidents"]["created"].as_u64().unwrap() > 0, "{result}");
    assert_eq!(result["incidents"]["liveDone"], true, "{result}");
    assert_eq!(result["alerts"]["created"], 0, "{result}");
}

#[test]
fn on_request_it_waits_for_the_list() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    desk.add(&tenant);
    let throttled =
        Faults { only: Some(Kind::Alerts), graph_status: Some((429, Some(5))), ..Faults::default() };
    tenant.simulator.set_faults(tenant.handle.tenant_id, throttled);
    let mut child = desk.command("sync --json --wait").stdout(Stdio::piped()).spawn().unwrap();
    let of_alerts =
        || tenant.simulator.requests().iter().any(|request| request.target.contains("/alerts_v2"));
    while_running(&mut child, "alerts are asked", of_alerts);
    tenant.simulator.set_faults(tenant.handle.tenant_id, Faults::default());
    let synced = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(synced.code, 0, "{synced:?}");
    assert!(synced.json()[0]["alerts"]["created"].as_u64().unwrap() > 0);
}

#[test]
fn ctrl_c_ends_it_with_its_json_and_keeps_what_was_read() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let id = desk.add(&tenant);
    let hangs = Faults { only: Some(Kind::Alerts), stall: true, ..Faults::default() };
    tenant.simulator.set_faults(tenant.handle.tenant_id, hangs);
    let before = requests(&tenant);
    let mut command = desk.command("sync --json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let of_alerts = || {
        let asked = tenant.simulator.requests();
        asked.iter().skip(before).any(|request| request.target.contains("/alerts_v2"))
    };
    while_running(&mut child, "alerts are asked", of_alerts);
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let ended = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{ended:?}");
    assert!(ended.err.contains("interrupted"), "{ended:?}");
    let results = ended.json();
    assert_eq!((&results[0]["connection"], &results[0]["result"]), (&id.into(), &"interrupted".into()));
    // Nothing waits for the lease of what was ended.
    tenant.simulator.set_faults(tenant.handle.tenant_id, Faults::default());
    let next = desk.run("sync --json");
    assert_eq!(next.code, 0, "{next:?}");
}
