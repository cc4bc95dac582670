//! The probe is the sync's own first query, with a token that no cache supplied.

use defender_sim::{Faults, Scenario};
use graph_auth::{Cloud, TestOrigin};
use graph_security::{Query, RecordKind};
use secrecy::SecretString;
use test_connection::{Candidate, CheckId, Input, Status, Tester};

use crate::support::{Desk, check, input, report, verdicts};

#[tokio::test]
async fn a_good_connection_takes_one_token_and_one_call_for_each_api() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::Good);
    let since = "2026-11-01T00:00:00.1234567Z".parse().unwrap();
    let candidate = Candidate { since: Some(since), ..input(&tenant).candidate().unwrap() };
    let tester = desk.tester();
    for _ in 0..2 {
        desk.simulator.keep_requests(0);
        desk.simulator.keep_requests(100);
        let report = tester.test_candidate(&candidate, |_| {}).await;
        assert!(report.ok, "{report:#?}");
        let targets: Vec<_> = desk.simulator.requests().into_iter().map(|asked| asked.target).collect();
        assert_eq!(
            targets,
            [
                format!("/{}/v2.0/.well-known/openid-configuration", tenant.tenant_id),
                format!("/{}/oauth2/v2.0/token", tenant.tenant_id),
                Query::updated_since(RecordKind::Incident, since).path_and_query(),
                Query::updated_since(RecordKind::Alert, since).path_and_query(),
                "/beta/security/rules/detectionRules?$top=1".to_owned(),
            ]
        );
    }
}

#[tokio::test]
async fn values_with_blanks_and_quotes_around_them_work() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::Good);
    let pasted = Input {
        tenant_id: format!(" {{{}}}\n", tenant.tenant_id),
        client_id: format!("\u{feff}\"{}\"", tenant.client_id),
        client_secret: SecretString::from(format!("\u{200b}'{}' \r\n", tenant.secret)),
        cloud: " Global".into(),
    };
    let report = desk.tester().test(&pasted, |_| {}).await;
    assert!(report.ok, "{report:#?}");
    assert!(check(&report, CheckId::Input).message.contains("without the blanks"));
}

#[tokio::test]
async fn an_unusual_secret_is_asked_about_all_the_same() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::Good);
    desk.simulator.add_secret(tenant.tenant_id, "hunter2");
    let odd = Input { client_secret: "hunter2".into(), ..input(&tenant) };
    let report = desk.tester().test(&odd, |_| {}).await;
    assert!(report.ok);
    assert_eq!(verdicts(&report), "wpppppppp");
}

#[tokio::test]
async fn a_simulated_connection_is_tested_at_its_own_endpoint() {
    let (desk, elsewhere) = (Desk::open().await, Desk::open().await);
    let tenant = desk.tenant(Scenario::Good);
    let origin = format!("http://{}", desk.address);
    let origin = TestOrigin::parse(&origin, graph_auth::PrivateHosts::Refused).unwrap();
    let candidate = Candidate { cloud: Cloud::Simulated(origin), ..input(&tenant).candidate().unwrap() };
    let tester: Tester<_> = elsewhere.tester();
    let report = tester.test_candidate(&candidate, |_| {}).await;
    assert!(report.ok, "{report:#?}");
    assert_eq!(elsewhere.simulator.requests().len(), 0);
}

#[tokio::test]
async fn an_answer_that_says_of_itself_that_something_is_missing_is_a_warning() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::Good);
    desk.simulator.set_faults(tenant.tenant_id, Faults { partial_206: true, ..Faults::default() });
    let report = report(&desk.tester(), &tenant).await;
    assert!(report.ok);
    assert_eq!(check(&report, CheckId::Incidents).status, Status::Warning);
}

#[tokio::test]
async fn a_link_to_another_host_is_told_and_not_followed() {
    let (desk, evil) = (Desk::open().await, Desk::open().await);
    let many = defender_sim::Generator { incidents: 80, ..defender_sim::Generator::default() };
    let tenant = desk.simulator.add_tenant(crate::support::spec(1, Scenario::Good).with_generator(many));
    let next_link_host = Some(format!("http://{}", evil.address));
    desk.simulator.set_faults(tenant.tenant_id, Faults { next_link_host, ..Faults::default() });
    let report = report(&desk.tester(), &tenant).await;
    assert!(check(&report, CheckId::Incidents).message.contains("leads elsewhere"), "{report:#?}");
    assert_eq!(evil.simulator.requests().len(), 0);
}
