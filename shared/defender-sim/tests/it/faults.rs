//! What can go wrong on the way, and the journal of what was asked.

use std::time::Duration;

use defender_sim::{Faults, Generator, Outcome, Scenario, TenantSpec};
use http::{Method, StatusCode};
use serde_json::Value;

use crate::support::Desk;

const INCIDENTS: &str = "/v1.0/security/incidents?$top=5";

fn desk_with(faults: Faults) -> Desk {
    let desk = Desk::good(Generator::default());
    desk.simulator.set_faults(desk.tenant.tenant_id, faults);
    desk
}

fn status(desk: &Desk, target: &str) -> u16 {
    desk.get(target).status.as_u16()
}

#[test]
fn a_poisoned_record_breaks_every_page_it_is_on() {
    let poison = || ["29".to_owned()].into();
    let desk = desk_with(Faults { poison: poison(), ..Faults::default() });
    assert_eq!(status(&desk, "/v1.0/security/incidents/29"), 500);
    assert_eq!(status(&desk, "/v1.0/security/incidents/33"), 200);
    let created = "/v1.0/security/incidents?$orderby=createdDateTime asc";
    assert_eq!(status(&desk, created), 500);
    assert_eq!(status(&desk, &format!("{created}&$select=id")), 500);
    let after = "&$filter=createdDateTime gt 2026-10-18T00:00:00Z";
    assert_eq!(status(&desk, &format!("{created}{after}")), 200, "a page without it is whole");
    assert_eq!(desk.get("/v1.0/security/incidents/29").json["error"]["code"], "InternalServerError");

    let spared = Faults { poison: poison(), poison_spares_select: true, ..Faults::default() };
    let desk = desk_with(spared);
    assert_eq!(status(&desk, &format!("{created}&$select=id")), 200);
    assert_eq!(status(&desk, created), 500);

    let expanded = Faults { poison: poison(), poison_only_expanded: true, ..Faults::default() };
    let desk = desk_with(expanded);
    assert_eq!(status(&desk, created), 200);
    assert_eq!(status(&desk, &format!("{created}&$expand=alerts")), 500);
}

#[test]
fn a_status_comes_once_or_always() {
    let desk = desk_with(Faults { graph_status_once: Some((503, Some(9))), ..Faults::default() });
    let first = desk.get(INCIDENTS);
    assert_eq!((first.status.as_u16(), &first.headers["retry-after"]), (503, &"9".parse().unwrap()));
    assert_eq!(status(&desk, INCIDENTS), 200);
    let desk = desk_with(Faults { graph_status: Some((502, None)), ..Faults::default() });
    for _ in 0..3 {
        let answer = desk.get(INCIDENTS);
        assert_eq!((answer.status.as_u16(), answer.headers.get("retry-after")), (502, None));
    }
}

#[test]
fn too_many_requests_in_a_minute_are_refused_and_still_count() {
    let mut desk = desk_with(Faults { requests_per_minute: Some(2), ..Faults::default() });
    desk.pass(45);
    assert_eq!([status(&desk, INCIDENTS), status(&desk, INCIDENTS)], [200, 200]);
    let refused = desk.get(INCIDENTS);
    assert_eq!((refused.status.as_u16(), &refused.headers["retry-after"]), (429, &"15".parse().unwrap()));
    desk.pass(14);
    assert_eq!(status(&desk, INCIDENTS), 429);
    desk.pass(1);
    assert_eq!(status(&desk, INCIDENTS), 200);
}

#[test]
fn throttling_by_scenario_says_how_long_or_nothing() {
    for retry_after in [Some(17), None] {
        let scenario = Scenario::Throttled { entra: false, graph: true, retry_after };
        let answer = Desk::of(TenantSpec::new(1, scenario)).get(INCIDENTS);
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        let header = answer.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header, retry_after.map(|seconds| seconds.to_string()));
    }
}

#[test]
fn next_links_lie() {
    let next = |faults| {
        let page = desk_with(faults).get(INCIDENTS).json;
        page["@odata.nextLink"].as_str().map(ToOwned::to_owned)
    };
    let honest = next(Faults::default()).unwrap();
    assert!(honest.starts_with("https://graph.microsoft.com/v1.0/security/incidents?$top=5&$skiptoken="));
    let foreign =
        next(Faults { next_link_host: Some("https://evil.example".to_owned()), ..Faults::default() });
    assert_eq!(foreign.unwrap(), honest.replace("https://graph.microsoft.com", "https://evil.example"));
    let looping = next(Faults { next_link_loops: true, ..Faults::default() });
    assert_eq!(looping.unwrap(), format!("https://graph.microsoft.com{INCIDENTS}"));
    assert_eq!(next(Faults { next_link_absent: true, ..Faults::default() }), None);
    let skipping = next(Faults { next_link_skips: true, ..Faults::default() });
    assert_eq!(skipping.unwrap(), format!("https://graph.microsoft.com{INCIDENTS}&$skip=5"));
}

#[test]
fn pages_by_skip_end_at_five_hundred() {
    let generator = Generator { incidents: 700, ..Generator::default() };
    let desk = Desk::good(generator);
    desk.simulator.set_faults(desk.tenant.tenant_id, Faults { next_link_skips: true, ..Faults::default() });
    assert_eq!(desk.all("/v1.0/security/incidents?$top=50").len(), 550);
}

#[test]
fn answers_are_spoilt_as_asked() {
    let partial = desk_with(Faults { partial_206: true, ..Faults::default() }).get(INCIDENTS);
    assert_eq!(partial.status, StatusCode::PARTIAL_CONTENT);
    assert!(partial.headers["warning"].to_str().unwrap().starts_with("199 - "));
    assert_eq!(partial.json["value"].as_array().unwrap().len(), 5);
    let html = desk_with(Faults { non_json: true, ..Faults::default() }).get(INCIDENTS);
    assert_eq!((html.status.as_u16(), &html.json), (200, &Value::Null));
    assert_eq!(html.headers["content-type"], "text/html");
    let object = desk_with(Faults { value_not_array: true, ..Faults::default() }).get(INCIDENTS);
    assert!(object.json["value"].is_object());
    let timeless = desk_with(Faults { omit_date: true, ..Faults::default() }).get(INCIDENTS);
    assert_eq!((timeless.status.as_u16(), timeless.headers.get("date")), (200, None));
}

#[test]
fn outcomes_other_than_answers_say_what_happens() {
    let outcome = |faults| desk_with(faults).outcome(Method::GET, INCIDENTS, None);
    assert!(matches!(outcome(Faults { reset: true, ..Faults::default() }), Outcome::Reset));
    assert!(matches!(outcome(Faults { stall: true, ..Faults::default() }), Outcome::Stall));
    let broken = outcome(Faults { truncate_body: Some(10), ..Faults::default() });
    assert!(matches!(broken, Outcome::BrokenOff(_, 10)));
    let stalled = outcome(Faults { stall_body: Some(10), ..Faults::default() });
    assert!(matches!(stalled, Outcome::StalledBody(_, 10)));
    let slow = outcome(Faults { slow: Some(Duration::from_secs(3)), ..Faults::default() });
    let Outcome::Delayed(delay, later) = slow else { panic!("{slow:?}") };
    assert_eq!((delay, later.status()), (Duration::from_secs(3), Some(StatusCode::OK)));
}

#[test]
fn the_journal_has_what_was_asked_and_no_secret() {
    let mut desk = Desk::good(Generator::empty());
    desk.pass(5);
    desk.get(INCIDENTS);
    desk.get("/v1.0/security/incidents/29");
    desk.simulator.set_down(true);
    desk.outcome(Method::GET, INCIDENTS, None);
    let requests = desk.simulator.requests();
    let told: Vec<_> = requests
        .iter()
        .map(|request| (request.method.as_str(), request.target.as_str(), request.authorized, request.status))
        .collect();
    let token = format!("/{}/oauth2/v2.0/token", desk.tenant.tenant_id);
    assert_eq!(
        told,
        [
            ("POST", token.as_str(), false, Some(StatusCode::OK)),
            ("GET", INCIDENTS, true, Some(StatusCode::OK)),
            ("GET", "/v1.0/security/incidents/29", true, Some(StatusCode::NOT_FOUND)),
            ("GET", INCIDENTS, true, None),
        ]
    );
    assert_eq!(requests[1].at, desk.now);
    assert_eq!(
        [&*requests[0].host, &*requests[1].host],
        ["login.microsoftonline.com", "graph.microsoft.com"]
    );
    let shown = format!("{requests:?}");
    assert!(!shown.contains(&desk.tenant.secret) && !shown.contains(&desk.token));
    desk.simulator.keep_requests(1);
    assert_eq!(desk.simulator.requests().len(), 1);
    desk.simulator.keep_requests(0);
    desk.simulator.set_down(false);
    desk.get(INCIDENTS);
    assert!(desk.simulator.requests().is_empty());
}
