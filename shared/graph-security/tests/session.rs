//! Pages from a simulated Graph, with all that can happen on the way; in simulated time.

use std::sync::Arc;
use std::time::Duration;

use defender_sim::{Faults, InProcess, NotOnboarded, Scenario, Simulator, TenantHandle, TenantSpec};
use graph_auth::{Cause, Cloud, Credential, Identity, TokenCache};
use graph_http::Clock;
use graph_security::{Graph, GraphError, LinkError, PageFault, Query, RecordKind, Session};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

struct Desk {
    simulator: Arc<Simulator>,
    graph: Graph<InProcess>,
    tenant: TenantHandle,
}

impl Desk {
    fn with(scenario: Scenario, faults: Faults) -> Self {
        let now = now();
        let clock = Clock::simulated(now);
        let simulator = Arc::new(Simulator::new(1, now));
        let demo = TenantSpec::demo(1);
        let tenant = simulator.add_tenant(TenantSpec { roles: scenario.roles(), scenario, ..demo });
        simulator.set_faults(tenant.tenant_id, faults);
        let transport = InProcess { simulator: simulator.clone(), clock: clock.clone() };
        Self { simulator, graph: Graph { transport, clock, tokens: TokenCache::default() }, tenant }
    }

    fn session(&self, budget: u32) -> Session<'_, InProcess> {
        let identity = Identity {
            tenant_id: self.tenant.tenant_id,
            client_id: self.tenant.client_id,
            credential: Credential::ClientSecret(self.tenant.secret.clone().into()),
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        let rng = fastrand::Rng::with_seed(1);
        Session::new(&self.graph, Cloud::Global.endpoints(), identity, deadline, budget, rng)
    }
}

fn now() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().expect("a constant")
}

fn last_month(kind: RecordKind) -> Query {
    Query::updated_since(kind, now() - SignedDuration::from_hours(30 * 24))
}

async fn error_of(desk: &Desk, kind: RecordKind) -> GraphError {
    desk.session(100).page(&last_month(kind)).await.expect_err("it must fail")
}

#[tokio::test(start_paused = true)]
async fn a_page_is_ascending_dated_and_full_of_records() {
    let desk = Desk::with(Scenario::Good, Faults::default());
    let page = desk.session(100).page(&last_month(RecordKind::Incident)).await.unwrap();
    assert_eq!((page.records.len(), page.rows, page.partial), (50, 50, false));
    assert!(page.records.is_sorted_by_key(|record| record.head.updated));
    assert!(page.date.is_some() && page.unreadable.is_empty());
    let mut session = desk.session(100);
    let next = page.next.unwrap().unwrap();
    let more = session.next(RecordKind::Incident, &next).await.unwrap();
    assert!(more.records[0].head.updated >= page.records[49].head.updated);
}

#[tokio::test(start_paused = true)]
async fn a_link_to_another_host_never_gets_the_token() {
    let faults = Faults { next_link_host: Some("https://evil.example".into()), ..Faults::default() };
    let desk = Desk::with(Scenario::Good, faults);
    let page = desk.session(100).page(&last_month(RecordKind::Incident)).await.unwrap();
    assert_eq!(page.next, Some(Err(LinkError::Foreign)));
    assert!(desk.simulator.requests().iter().all(|request| !request.host.contains("evil")));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once() {
    let desk = Desk::with(Scenario::Good, Faults::default());
    let mut session = desk.session(100);
    session.page(&last_month(RecordKind::Alert)).await.unwrap();
    desk.simulator.revoke_tokens(desk.tenant.tenant_id);
    session.page(&last_month(RecordKind::Alert)).await.unwrap();
    assert_eq!(session.usage().calls, 3);
    let faults = Faults { graph_status: Some((401, None)), ..Faults::default() };
    desk.simulator.set_faults(desk.tenant.tenant_id, faults);
    session.page(&last_month(RecordKind::Alert)).await.unwrap_err();
    assert_eq!(session.usage().calls, 5, "once more, and not for ever");
}

#[tokio::test(start_paused = true)]
async fn consent_given_a_moment_ago_needs_no_new_process() {
    let desk = Desk::with(Scenario::NoConsent, Faults::default());
    let mut session = desk.session(100);
    let error = session.page(&last_month(RecordKind::Incident)).await.unwrap_err();
    assert_eq!(error.cause(session.roles()), Cause::NoPermissions);
    desk.simulator.grant(desk.tenant.tenant_id, &["SecurityIncident.Read.All"]);
    session.page(&last_month(RecordKind::Incident)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn missing_consent_is_told_from_a_defender_that_refuses() {
    let desk = Desk::with(Scenario::MissingIncidentRole, Faults::default());
    let error = error_of(&desk, RecordKind::Incident).await;
    assert_eq!(error.cause(None), Cause::PermissionMissing, "{error}");
    for how in [NotOnboarded::Unauthorized, NotOnboarded::Forbidden, NotOnboarded::NotFound] {
        let desk = Desk::with(Scenario::NotOnboarded(how), Faults::default());
        let mut session = desk.session(100);
        let error = session.page(&last_month(RecordKind::Incident)).await.unwrap_err();
        assert_eq!(error.cause(session.roles()), Cause::DefenderUnavailable, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_storm_passes_within_the_tries_and_the_deadline() {
    let once = Faults { graph_status_once: Some((503, None)), ..Faults::default() };
    let desk = Desk::with(Scenario::Good, once);
    let mut session = desk.session(100);
    session.page(&last_month(RecordKind::Incident)).await.unwrap();
    assert_eq!(session.usage().calls, 2);
    let always = Faults { graph_status: Some((500, None)), ..Faults::default() };
    let desk = Desk::with(Scenario::Good, always);
    let error = error_of(&desk, RecordKind::Incident).await;
    let detail = error.detail().expect("there was an answer");
    assert!(detail.request_id.is_some(), "{error}");
    assert_eq!(error.cause(None), Cause::MicrosoftTrouble);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_waited_for_and_told_when_it_does_not_fit() {
    let once = Faults { graph_status_once: Some((429, Some(20))), ..Faults::default() };
    let desk = Desk::with(Scenario::Good, once);
    let begun = Instant::now();
    let mut session = desk.session(100);
    session.page(&last_month(RecordKind::Incident)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(20));
    assert_eq!(session.usage().throttles, 1);
    let long = Faults { graph_status: Some((429, Some(300))), ..Faults::default() };
    let desk = Desk::with(Scenario::Good, long);
    let GraphError::Throttled { retry_after, .. } = error_of(&desk, RecordKind::Incident).await else {
        panic!("not a throttle");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(300)));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_page_is_told_as_what_it_is() {
    let page_fault =
        |fault| move |error: &GraphError| matches!(error, GraphError::Page { fault: f, .. } if *f == fault);
    let faults = Faults::default;
    for (faults, fault) in [
        (Faults { non_json: true, ..faults() }, PageFault::NotJson),
        (Faults { value_not_array: true, ..faults() }, PageFault::NotAPage),
        (Faults { truncate_body: Some(100), ..faults() }, PageFault::Incomplete),
        (Faults { stall_body: Some(100), ..faults() }, PageFault::Incomplete),
    ] {
        let desk = Desk::with(Scenario::Good, faults.clone());
        let error = error_of(&desk, RecordKind::Alert).await;
        assert!(page_fault(fault)(&error) || error == GraphError::OutOfTime, "{faults:?}: {error}");
    }
    let desk = Desk::with(Scenario::Good, Faults { partial_206: true, ..faults() });
    assert!(desk.session(100).page(&last_month(RecordKind::Alert)).await.unwrap().partial);
    let desk = Desk::with(Scenario::Good, Faults { reset: true, ..faults() });
    assert!(matches!(error_of(&desk, RecordKind::Alert).await, GraphError::Unreachable(_)));
}

#[tokio::test(start_paused = true)]
async fn a_budget_ends_a_session_before_the_next_request() {
    let desk = Desk::with(Scenario::Good, Faults::default());
    let mut session = desk.session(1);
    session.page(&last_month(RecordKind::Alert)).await.unwrap();
    assert_eq!(session.page(&last_month(RecordKind::Alert)).await.unwrap_err(), GraphError::OutOfBudget);
    tokio::time::sleep(Duration::from_secs(61)).await;
    session.set_budget(10);
    assert_eq!(session.page(&last_month(RecordKind::Alert)).await.unwrap_err(), GraphError::OutOfTime);
}

#[tokio::test(start_paused = true)]
async fn unknown_enum_members_arrive_as_they_are() {
    let desk = Desk::with(Scenario::Good, Faults::default());
    let mut session = desk.session(100);
    let mut query = last_month(RecordKind::Alert);
    query.filter.clear();
    let page = session.page(&query).await.unwrap();
    let raw: Vec<_> = page.records.iter().map(|r| String::from_utf8_lossy(&r.raw).into_owned()).collect();
    assert!(raw.iter().all(|raw| !raw.contains("unknownFutureValue")), "the Prefer header is sent");
    assert!(desk.simulator.requests().iter().filter(|r| r.target.contains("alerts")).all(|r| r.authorized));
}
