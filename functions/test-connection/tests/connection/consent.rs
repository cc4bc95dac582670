//! Consent given a moment ago reaches new tokens only, some time later. Simulated time.

use std::time::Duration;

use defender_sim::Scenario;
use test_connection::{CheckId, LONGEST_CONSENT_WAIT, Status, Tester};
use tokio::time::Instant;

use crate::support::{in_process, input, report, spec};

const ROLES: [&str; 2] = ["SecurityIncident.Read.All", "SecurityAlert.Read.All"];

#[tokio::test(start_paused = true)]
async fn a_page_waits_for_a_fresh_consent_and_shows_that_it_does() {
    let tester = Tester { consent_wait: LONGEST_CONSENT_WAIT, ..in_process() };
    let simulator = tester.transport.simulator.clone();
    let tenant = simulator.add_tenant(spec(1, Scenario::NoConsent));
    let id = tenant.tenant_id;
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(75)).await;
        simulator.grant(id, &ROLES);
    });
    let began = Instant::now();
    let mut shown = Vec::new();
    let report = tester
        .test(&input(&tenant), |check| {
            if check.id == CheckId::Permissions {
                shown.push(check.status);
            }
        })
        .await;
    assert!(report.ok, "{report:#?}");
    assert!((75..=95).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(shown.first(), Some(&Status::Warning), "it says that it waits");
    assert_eq!(shown.last(), Some(&Status::Passed));
}

#[tokio::test(start_paused = true)]
async fn a_consent_that_never_comes_ends_the_wait_after_two_minutes() {
    let tester = Tester { consent_wait: LONGEST_CONSENT_WAIT, ..in_process() };
    let tenant = tester.transport.simulator.add_tenant(spec(1, Scenario::NoConsent));
    let began = Instant::now();
    let report = report(&tester, &tenant).await;
    assert!(!report.ok && began.elapsed() <= LONGEST_CONSENT_WAIT, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_waiting_a_fresh_token_is_tried_once_more() {
    let tester = in_process();
    let simulator = &tester.transport.simulator;
    let tenant = simulator.add_tenant(spec(1, Scenario::NoConsent));
    let began = Instant::now();
    let report = report(&tester, &tenant).await;
    assert!(!report.ok && began.elapsed() < Duration::from_secs(1));
    let incidents = |target: &str| target.starts_with("/v1.0/security/incidents");
    let asked = simulator.requests();
    assert_eq!(asked.iter().filter(|request| incidents(&request.target)).count(), 2);
    let tokens = asked.iter().filter(|request| request.target.ends_with("/oauth2/v2.0/token")).count();
    assert!((2..=3).contains(&tokens), "{tokens}");
}
