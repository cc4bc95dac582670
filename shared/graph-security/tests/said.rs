//! Each retry and each refusal is logged once, with what Microsoft's support asks for, and without what is nobody's
//! business.

#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use defender_sim::{Faults, InProcess, Scenario, Simulator, TenantHandle, TenantSpec};
use graph_auth::{Cloud, Credential, Identity, TokenCache};
use graph_http::Clock;
use graph_security::{Graph, GraphError, PageFault, Query, RecordKind, Session};
use jiff::Timestamp;
use logging::testing::Lines;
use serde_json::Value;
use tokio::time::Instant;
use tracing_subscriber::filter::LevelFilter;

struct Desk {
    simulator: Arc<Simulator>,
    clock: Clock,
    tenant: TenantHandle,
    /// A tenant's own words: nobody's business.
    words: String,
}

impl Desk {
    fn with(scenario: Scenario, faults: Faults) -> Self {
        let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * 365 * 56);
        let simulator = Arc::new(Simulator::new(1, now));
        simulator.keep_requests(100);
        let demo = TenantSpec::demo(1);
        let words = demo.domain.clone();
        let tenant = simulator.add_tenant(TenantSpec { roles: scenario.roles(), scenario, ..demo });
        simulator.set_faults(tenant.tenant_id, faults);
        Self { simulator, clock: Clock::simulated(now), tenant, words }
    }

    /// The error of one page, how often Microsoft was asked, and the lines that were logged.
    async fn asked(&self) -> (Result<(), GraphError>, usize, Vec<Value>) {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(LevelFilter::DEBUG)
            .with_writer(lines.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let transport = InProcess { simulator: self.simulator.clone(), clock: self.clock.clone() };
        let graph = Graph { transport, clock: self.clock.clone(), tokens: TokenCache::default() };
        let identity = Identity {
            tenant_id: self.tenant.tenant_id,
            client_id: self.tenant.client_id,
            credential: Credential::ClientSecret(self.tenant.secret.clone().into()),
        };
        let deadline = Instant::now() + Duration::from_secs(3600);
        let rng = fastrand::Rng::with_seed(1);
        let mut session = Session::new(&graph, Cloud::Global.endpoints(), identity, deadline, 20, rng);
        let query = Query::updated_since(RecordKind::Incident, self.clock.now());
        let result = session.page(&query).await.map(drop);
        drop(guard);
        let text = lines.text();
        let error = format!("{result:?}");
        for hidden in
            [&self.tenant.secret, &self.tenant.client_id.to_string(), &self.words, "eyJ", "Bearer", "value"]
        {
            assert!(!text.contains(hidden), "{hidden}: {text}");
            assert!(!error.contains(hidden), "{hidden}: {error}");
        }
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        (result, self.simulator.requests().len(), lines.collect())
    }
}

fn field<'a>(line: &'a Value, name: &str) -> &'a Value {
    &line["fields"][name]
}

#[tokio::test(start_paused = true)]
async fn each_try_that_fails_is_one_line_and_the_error_tells_them_all() {
    let faults = Faults { graph_status: Some((500, None)), ..Faults::default() };
    let (result, asked, lines) = Desk::with(Scenario::Good, faults).asked().await;
    assert_eq!((asked, lines.len()), (5, 4), "a token and four tries: {lines:#?}");
    for (attempt, line) in (1..).zip(&lines) {
        assert_eq!(line["level"], "DEBUG");
        assert_eq!(field(line, "status"), 500);
        assert_eq!(field(line, "attempt"), attempt);
        assert!(field(line, "request_id").is_string() && field(line, "client_request_id").is_string());
        assert_eq!(field(line, "wait_ms").is_u64(), attempt < 4, "the last one is not waited after");
    }
    let error = result.unwrap_err();
    let spent = error.detail().unwrap().spent;
    assert_eq!(spent.tries, 4);
    let waited: u64 = lines.iter().filter_map(|line| field(line, "wait_ms").as_u64()).sum();
    assert!(spent.elapsed >= Duration::from_millis(waited), "{spent:?}");
    assert!(error.to_string().contains(", 4 tries in "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_line_and_so_is_the_fresh_token_that_is_tried_first() {
    let (result, _, lines) = Desk::with(Scenario::MissingIncidentRole, Faults::default()).asked().await;
    assert!(matches!(result, Err(GraphError::MissingRoles { .. })));
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for line in &lines {
        assert_eq!((field(line, "status"), field(line, "code")), (&403.into(), &"Forbidden".into()));
        assert!(field(line, "request_id").is_string());
    }
    assert!(field(&lines[0], "message").as_str().unwrap().contains("fresh one"));
}

#[tokio::test(start_paused = true)]
async fn entra_s_refusal_is_one_line() {
    let (result, asked, lines) = Desk::with(Scenario::ExpiredSecret, Faults::default()).asked().await;
    assert_eq!((asked, lines.len()), (1, 1), "{lines:#?}");
    assert_eq!(
        (field(&lines[0], "cause"), field(&lines[0], "attempt")),
        (&"secret_expired".into(), &1.into())
    );
    assert!(field(&lines[0], "error").as_str().unwrap().contains("AADSTS7000222"));
    let GraphError::Auth(error) = result.unwrap_err() else { panic!("no refusal") };
    assert!(error.to_string().contains("correlation id"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_happened_on_the_network_is_the_error_s_source() {
    let (result, _, lines) =
        Desk::with(Scenario::Good, Faults { reset: true, ..Faults::default() }).asked().await;
    let error = result.unwrap_err();
    assert!(lines.iter().all(|line| field(line, "fault").as_str().unwrap().contains("broke")), "{lines:#?}");
    let GraphError::Unreachable(unanswered) = &error else { panic!("{error:?}") };
    assert_eq!(unanswered.spent.tries, 4);
    let mut last: &dyn Error = &error;
    while let Some(source) = last.source() {
        last = source;
    }
    assert!(last.to_string().contains("broke"), "{last}");

    let truncated = Faults { truncate_body: Some(10), ..Faults::default() };
    let error = Desk::with(Scenario::Good, truncated).asked().await.0.unwrap_err();
    assert!(matches!(error, GraphError::Page { fault: PageFault::Incomplete, .. }));
    assert!(error.source().unwrap().to_string().contains("broke off"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_success_that_is_no_page_is_one_line_more() {
    let (result, _, lines) =
        Desk::with(Scenario::Good, Faults { non_json: true, ..Faults::default() }).asked().await;
    let error = result.unwrap_err();
    assert!(error.detail().unwrap().request_id.is_some(), "{error}");
    let unread: Vec<_> = lines.iter().filter(|line| field(line, "fault") == "not JSON").collect();
    assert_eq!(unread.len(), 1, "{lines:#?}");
}
