//! Each thing that can be wrong ends in its cause, at its check, in every cloud that has it.

use std::collections::BTreeSet;
use std::time::Duration;

use defender_sim::{Faults, NotOnboarded, Scenario, TenantSpec};
use graph_auth::{CODES, Cause, Cloud};
use test_connection::{CheckId, Status, TestReport, Tester};
use tokio::task::JoinSet;

use crate::networks;
use crate::support::{Desk, check, in_process, input, moved, report, spec, verdicts};

fn throttled(entra: bool) -> Scenario {
    // Longer than a test may take, so that the test does not wait for it.
    Scenario::Throttled { entra, graph: !entra, retry_after: Some(60) }
}

fn refused(code: u32, error: &str) -> Scenario {
    Scenario::Refuse { code, error: error.into(), status: 400 }
}

/// The code and the cause of the first failure.
type Failure = Option<(&'static str, Cause)>;

/// What is wrong, the verdicts in order, and the first failure.
fn scenarios() -> Vec<(Scenario, &'static str, Failure)> {
    let failed = |code, cause| Some((code, cause));
    vec![
        (Scenario::Good, "ppppppppp", None),
        // `SecurityIncident.*` opens the alerts, too.
        (Scenario::MissingAlertRole, "ppppppppp", None),
        (Scenario::ReadOnly, "ppppppp-p", None),
        (Scenario::MissingDetectionRole, "pppppppp-", None),
        (Scenario::TenantNotFound, "pF-------", failed("AADSTS90002", Cause::TenantNotFound)),
        (Scenario::OtherCloud, "pF-------", failed("AADSTS90038", Cause::WrongCloud)),
        (Scenario::UnknownApp, "ppF------", failed("AADSTS700016", Cause::AppNotFound)),
        (Scenario::NoServicePrincipal, "ppF------", failed("AADSTS7000229", Cause::NoServicePrincipal)),
        (Scenario::AppDisabled, "ppF------", failed("AADSTS7000112", Cause::AppDisabled)),
        (Scenario::ConditionalAccess, "ppF------", failed("AADSTS53003", Cause::ConditionalAccess)),
        (Scenario::EntraTrouble, "ppF------", failed("AADSTS90033", Cause::MicrosoftTrouble)),
        (throttled(true), "ppF------", failed("AADSTS90055", Cause::Throttled)),
        (Scenario::WrongSecret, "pppF-----", failed("AADSTS7000215", Cause::WrongSecret)),
        (Scenario::ExpiredSecret, "pppF-----", failed("AADSTS7000222", Cause::SecretExpired)),
        (Scenario::NoConsent, "ppppF----", failed("Forbidden", Cause::NoPermissions)),
        (Scenario::MissingIncidentRole, "ppppF-p-p", failed("Forbidden", Cause::PermissionMissing)),
        (
            Scenario::NotOnboarded(NotOnboarded::Forbidden),
            "pppppFFpw",
            failed("Forbidden", Cause::DefenderUnavailable),
        ),
        (
            Scenario::NotOnboarded(NotOnboarded::Unauthorized),
            "pppppFFpw",
            failed("Unauthorized", Cause::DefenderUnavailable),
        ),
        (
            Scenario::NotOnboarded(NotOnboarded::NotFound),
            "pppppFFpw",
            failed("NotFound", Cause::DefenderUnavailable),
        ),
        (throttled(false), "pppppF-p-", failed("TooManyRequests", Cause::Throttled)),
    ]
}

async fn test(desk: &Desk, spec: TenantSpec, cloud: &Cloud) -> TestReport {
    let tenant = desk.simulator.add_tenant(spec);
    let input = test_connection::Input { cloud: cloud.name().into(), ..input(&tenant) };
    desk.tester().test(&input, |_| {}).await
}

#[tokio::test]
async fn each_fault_ends_in_its_cause_at_its_check_in_every_cloud() {
    let mut tests = JoinSet::new();
    for cloud in Cloud::CHOICES {
        for (seed, (scenario, expected, failure)) in (0..).zip(scenarios()) {
            let cloud = cloud.clone();
            tests.spawn(async move {
                let desk = Desk::open().await;
                let report = test(&desk, moved(spec(seed, scenario.clone()), &cloud), &cloud).await;
                // Custom detections are in the global cloud only, where they are an option.
                let expected = if cloud == Cloud::Global || expected.ends_with('-') {
                    expected.to_owned()
                } else {
                    format!("{}-", &expected[..8])
                };
                assert_eq!(verdicts(&report), expected, "{scenario:?} in {cloud}: {report:#?}");
                assert_eq!(report.ok, failure.is_none());
                let found = report.failure().map(|check| (check.code.clone().unwrap(), check.cause.unwrap()));
                assert_eq!(found, failure.map(|(code, cause)| (code.to_owned(), cause)), "{scenario:?}");
            });
        }
    }
    tests.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn every_known_code_of_entra_ends_in_its_cause_whatever_error_stands_beside_it() {
    let tester = in_process();
    let tenant = tester.transport.simulator.add_tenant(spec(1, Scenario::Good));
    let unknown = (12_345, Cause::Unknown { code: 12_345 });
    let known = CODES.iter().flat_map(|known| known.numbers.iter().map(|number| (*number, known.cause)));
    for (code, cause) in known.chain([unknown]) {
        for error in ["invalid_client", "invalid_resource", "unauthorized_client", "invalid_grant", "new_one"]
        {
            tester.transport.simulator.set_scenario(tenant.tenant_id, refused(code, error));
            let report = report(&tester, &tenant).await;
            let failure = report.failure().unwrap();
            assert_eq!(failure.cause, Some(cause), "AADSTS{code} {error}");
            assert_eq!(failure.code, Some(format!("AADSTS{code}")));
            assert!(failure.remedy.is_some() && failure.link.is_some(), "{failure:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_graph_is_told_as_one_and_not_as_a_wrong_cloud() {
    let tester = in_process();
    let tenant = tester.transport.simulator.add_tenant(spec(1, refused(500_014, "invalid_resource")));
    let report = report(&tester, &tenant).await;
    let failure = report.failure().unwrap();
    assert_eq!((failure.id, failure.cause), (CheckId::Permissions, Some(Cause::ResourceDisabled)));
    assert!(failure.message.contains("disabled") && failure.message.contains("subscription"), "{failure:?}");
    assert!(failure.link.as_ref().unwrap().contains("StartboardApplicationsMenuBlade"));
}

/// Runs the causes that no scenario of the table above reaches, and collects all their names.
async fn all_causes() -> BTreeSet<&'static str> {
    let mut reached: BTreeSet<_> = scenarios()
        .into_iter()
        .filter_map(|(_, _, failure)| Some(failure?.1.name()))
        .chain(CODES.iter().map(|known| known.cause.name()))
        .chain([Cause::Unknown { code: 0 }.name()])
        .collect();
    let desk = Desk::open().await;
    let good = desk.tenant(Scenario::Good);
    let mut meet = |report: TestReport, id: CheckId, cause: Cause| {
        let failure = report.failure().unwrap();
        assert_eq!((failure.id, failure.cause), (id, Some(cause)), "{report:#?}");
        reached.insert(cause.name());
    };

    let tester = desk.tester();
    let entered = |change: &dyn Fn(&mut test_connection::Input)| {
        let mut input = input(&good);
        change(&mut input);
        input
    };
    let input_faults = [
        (entered(&|input| input.tenant_id = "contoso".into()), Cause::TenantIdMalformed),
        (entered(&|input| input.client_id.clear()), Cause::ClientIdMalformed),
        (entered(&|input| input.client_id.clone_from(&input.tenant_id)), Cause::ClientIdIsTenantId),
        (entered(&|input| input.client_secret = " ".into()), Cause::SecretMissing),
        (entered(&|input| input.client_secret = input.client_id.as_str().into()), Cause::SecretIsSecretId),
        (entered(&|input| input.cloud = "china".into()), Cause::CloudUnsupported),
    ];
    for (input, cause) in input_faults {
        meet(tester.test(&input, |_| {}).await, CheckId::Input, cause);
    }
    assert_eq!(desk.simulator.requests().len(), 0, "what is wrong at sight is asked nowhere");

    let domain = entered(&|input| input.tenant_id = "contoso.example".into());
    meet(tester.test(&domain, |_| {}).await, CheckId::Input, Cause::TenantIdIsDomain);
    let swapped = entered(&|input| std::mem::swap(&mut input.tenant_id, &mut input.client_id));
    meet(tester.test(&swapped, |_| {}).await, CheckId::Tenant, Cause::IdsSwapped);

    let short = TenantSpec { token_lifetime: Duration::ZERO, ..spec(2, Scenario::Good) };
    let short = desk.simulator.add_tenant(short);
    meet(report(&tester, &short).await, CheckId::Incidents, Cause::TokenRefused);

    desk.simulator.set_faults(good.tenant_id, Faults { non_json: true, ..Faults::default() });
    meet(report(&tester, &good).await, CheckId::Incidents, Cause::UnexpectedAnswer);

    let entra_status = Some((404, None));
    desk.simulator.set_faults(good.tenant_id, Faults { entra_status, ..Faults::default() });
    meet(report(&tester, &good).await, CheckId::Application, Cause::UnexpectedAnswer);

    // A number too short to be one of Entra's counts as none.
    let unnumbered = desk.simulator.add_tenant(spec(3, refused(0, "invalid_client")));
    meet(report(&tester, &unnumbered).await, CheckId::Application, Cause::SignInRefused);

    desk.simulator.set_down(true);
    meet(report(&tester, &good).await, CheckId::Tenant, Cause::Unreachable);

    for (cause, report) in networks::reports_of_bad_ones().await {
        meet(report, CheckId::Tenant, cause);
    }
    reached
}

#[tokio::test]
async fn every_cause_there_is_is_reached() {
    let all: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
    assert_eq!(all_causes().await, all);
}

#[tokio::test]
async fn what_is_missing_is_named_exactly() {
    let desk = Desk::open().await;
    let report = report(&desk.tester(), &desk.tenant(Scenario::MissingIncidentRole)).await;
    let failure = report.failure().unwrap();
    assert!(failure.message.contains("SecurityIncident.Read.All"), "{failure:?}");
    assert!(!failure.message.contains("SecurityAlert"), "{failure:?}");
    assert!(failure.remedy.as_ref().unwrap().contains("add SecurityIncident.Read.All as an Application"));
    assert!(failure.link.as_ref().unwrap().contains("/CallAnAPI/appId/"));
    assert_eq!(report.capabilities.read_incidents, Some(false));
    assert_eq!(report.capabilities.read_alerts, Some(true));
    assert_eq!(report.capabilities.write_back, Some(false));
    assert_eq!(report.capabilities.custom_detections, Some(true));
}

#[tokio::test]
async fn without_any_permission_both_reasons_are_named() {
    let desk = Desk::open().await;
    let report = report(&desk.tester(), &desk.tenant(Scenario::NoConsent)).await;
    let failure = report.failure().unwrap();
    for name in ["SecurityIncident.Read.All", "SecurityAlert.Read.All", "CustomDetection.Read.All"] {
        assert!(failure.message.contains(name), "{failure:?}");
    }
    let remedy = failure.remedy.as_ref().unwrap();
    assert!(remedy.contains("grant admin consent") && remedy.contains("Delegated"), "{remedy}");
    assert_eq!(report.capabilities.read_incidents, Some(false));
    assert_eq!(report.capabilities.custom_detections, Some(false));
}

#[tokio::test]
async fn a_missing_optional_permission_is_a_note_with_the_right_name() {
    let desk = Desk::open().await;
    let report = report(&desk.tester(), &desk.tenant(Scenario::MissingDetectionRole)).await;
    let detections = check(&report, CheckId::CustomDetections);
    assert!(report.ok && detections.cause.is_none());
    assert_eq!(detections.status, Status::Skipped);
    assert!(detections.message.contains("CustomDetection.Read.All"));
    assert!(detections.remedy.as_ref().unwrap().contains("no CustomDetectionsRead.All"));
    assert_eq!(report.capabilities.custom_detections, Some(false));
}

#[tokio::test]
async fn more_than_needed_is_a_hint() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::Good);
    desk.simulator.grant(tenant.tenant_id, &["Directory.ReadWrite.All", "CustomDetection.ReadWrite.All"]);
    let report = report(&desk.tester(), &tenant).await;
    assert!(report.ok);
    let hint = check(&report, CheckId::Permissions);
    assert!(
        hint.message.ends_with("More than needed: Directory.ReadWrite.All, CustomDetection.ReadWrite.All."),
        "{hint:?}"
    );
}

#[tokio::test]
async fn conditional_access_names_our_own_addresses_where_they_are_configured() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::ConditionalAccess);
    let tester = Tester { egress: vec!["203.0.113.7".parse().unwrap()], ..desk.tester() };
    let report = report(&tester, &tenant).await;
    let failure = report.failure().unwrap();
    assert!(failure.remedy.as_ref().unwrap().contains("(203.0.113.7)"), "{failure:?}");
    assert!(failure.message.contains("correlation id"), "the sign-in log is searched by it: {failure:?}");
}

#[tokio::test]
async fn a_later_failure_has_no_remedy_of_its_own() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::NotOnboarded(NotOnboarded::Forbidden));
    let report = report(&desk.tester(), &tenant).await;
    let alerts = check(&report, CheckId::Alerts);
    assert_eq!((alerts.cause, alerts.remedy.as_ref(), alerts.link.as_ref()), (None, None, None));
    assert_eq!(alerts.code.as_deref(), Some("Forbidden"));
    assert_eq!(report.capabilities.read_alerts, Some(false));
}
