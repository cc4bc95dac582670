//! A simulator behind a socket, and testers that reach it over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use defender_sim::{Generator, InProcess, Scenario, Simulator, TenantHandle, TenantSpec, serve};
use graph_auth::{Cloud, EndpointOverride, PrivateHosts, TestOrigin};
use graph_http::{Clock, HttpsTransport, Transport};
use secrecy::SecretString;
use test_connection::{Check, CheckId, Input, Status, TestReport, Tester};

/// A simulator that listens; it ends with the test's runtime.
pub(crate) struct Desk {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) address: SocketAddr,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let simulator = Arc::new(Simulator::new(7, Clock::system().now()));
        simulator.keep_requests(1000);
        tokio::spawn(serve(listener, simulator.clone(), Clock::system()));
        Self { simulator, address }
    }

    pub(crate) fn tester(&self) -> Tester<HttpsTransport> {
        tester_at(&format!("http://{}", self.address), HttpsTransport::new())
    }

    pub(crate) fn tenant(&self, scenario: Scenario) -> TenantHandle {
        self.simulator.add_tenant(spec(1, scenario))
    }
}

/// A tester that asks at `origin`, which stands for Entra and Graph.
pub(crate) fn tester_at(origin: &str, transport: HttpsTransport) -> Tester<HttpsTransport> {
    let origin = TestOrigin::parse(origin, PrivateHosts::Refused).unwrap();
    let endpoints = EndpointOverride { login: Some(origin.clone()), graph: Some(origin) };
    Tester { endpoints, ..tester(transport) }
}

/// A tester of Microsoft's own hosts, whatever stands behind them.
pub(crate) fn tester<T: Transport>(transport: T) -> Tester<T> {
    Tester { seed: 1, ..Tester::new(transport, Clock::system(), EndpointOverride::default()) }
}

/// A tester whose simulator is in this process, for simulated time.
pub(crate) fn in_process() -> Tester<InProcess> {
    let clock = Clock::simulated("2026-11-23T08:00:00Z".parse().unwrap());
    let simulator = Arc::new(Simulator::new(1, clock.now()));
    simulator.keep_requests(1000);
    Tester { clock: clock.clone(), ..tester(InProcess { simulator, clock }) }
}

/// A tenant with few records.
pub(crate) fn spec(seed: u64, scenario: Scenario) -> TenantSpec {
    let generator = Generator { incidents: 3, ..Generator::default() };
    TenantSpec::new(seed, scenario).with_generator(generator)
}

/// The same tenant in another cloud.
pub(crate) fn moved(spec: TenantSpec, cloud: &Cloud) -> TenantSpec {
    let graph = cloud.endpoints().graph.as_str().trim_end_matches('/').to_owned();
    TenantSpec { graph, ..spec }
}

pub(crate) fn input(tenant: &TenantHandle) -> Input {
    Input {
        tenant_id: tenant.tenant_id.to_string(),
        client_id: tenant.client_id.to_string(),
        client_secret: SecretString::from(tenant.secret.as_str()),
        cloud: String::new(),
    }
}

pub(crate) async fn report<T: Transport>(tester: &Tester<T>, tenant: &TenantHandle) -> TestReport {
    tester.test(&input(tenant), |_| {}).await
}

pub(crate) fn check(report: &TestReport, id: CheckId) -> &Check {
    report.checks.iter().find(|check| check.id == id).unwrap()
}

/// Every check's verdict in order, one letter each: what a person sees at a glance.
pub(crate) fn verdicts(report: &TestReport) -> String {
    let letter = |check: &Check| match check.status {
        Status::Passed => 'p',
        Status::Failed => 'F',
        Status::Warning => 'w',
        Status::Skipped => '-',
    };
    report.checks.iter().map(letter).collect()
}
