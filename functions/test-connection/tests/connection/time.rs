//! A test ends in time, whatever does not answer. Simulated time, but for the sockets that never speak.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use defender_sim::{Faults, InProcess, Scenario, Simulator};
use graph_auth::Cause;
use graph_http::{Clock, Request, Transport, TransportError};
use http_body_util::Empty;
use test_connection::{CheckId, Tester};
use tokio::time::Instant;

use crate::support::{report, spec, tester};

/// People wait for it: the whole test, whatever happens.
const PROMISED: Duration = Duration::from_secs(20);

/// A network in which nothing ever arrives.
struct Silence;

impl Transport for Silence {
    type Body = Empty<Bytes>;

    async fn send(&self, _: Request) -> Result<http::Response<Self::Body>, TransportError> {
        std::future::pending::<Result<_, Infallible>>().await.map_err(|never| match never {})
    }
}

#[tokio::test(start_paused = true)]
async fn an_entra_that_never_answers_is_unreachable_in_time() {
    let began = Instant::now();
    let simulator = Simulator::new(1, Clock::system().now());
    let tenant = simulator.add_tenant(spec(1, Scenario::Good));
    let report = report(&tester(Silence), &tenant).await;
    assert!(began.elapsed() < PROMISED, "{:?}", began.elapsed());
    let failure = report.failure().unwrap();
    assert_eq!((failure.id, failure.cause), (CheckId::Tenant, Some(Cause::Unreachable)));
}

#[tokio::test(start_paused = true)]
async fn a_graph_that_fails_in_any_way_is_a_verdict_in_time() {
    let faults = [
        (Faults { stall: true, ..Faults::default() }, Cause::Unreachable),
        (Faults { stall_body: Some(10), ..Faults::default() }, Cause::Unreachable),
        (Faults { slow: Some(Duration::from_secs(40)), ..Faults::default() }, Cause::Unreachable),
        (Faults { reset: true, ..Faults::default() }, Cause::Unreachable),
        (Faults { truncate_body: Some(10), ..Faults::default() }, Cause::UnexpectedAnswer),
        (Faults { value_not_array: true, ..Faults::default() }, Cause::UnexpectedAnswer),
        (Faults { graph_status: Some((500, None)), ..Faults::default() }, Cause::MicrosoftTrouble),
        (Faults { graph_status: Some((503, None)), ..Faults::default() }, Cause::MicrosoftTrouble),
        (Faults { graph_status: Some((429, None)), ..Faults::default() }, Cause::Throttled),
        (Faults { graph_status: Some((429, Some(2))), ..Faults::default() }, Cause::Throttled),
        (Faults { graph_status: Some((503, Some(120))), ..Faults::default() }, Cause::Throttled),
        (Faults { graph_status: Some((400, None)), ..Faults::default() }, Cause::OurFault),
    ];
    for (faults, cause) in faults {
        let clock = Clock::simulated("2026-11-23T08:00:00Z".parse().unwrap());
        let simulator = Arc::new(Simulator::new(1, clock.now()));
        let tenant = simulator.add_tenant(spec(1, Scenario::Good));
        simulator.set_faults(tenant.tenant_id, faults.clone());
        let tester = Tester { clock: clock.clone(), ..tester(InProcess { simulator, clock }) };
        let began = Instant::now();
        let report = report(&tester, &tenant).await;
        assert!(began.elapsed() < PROMISED, "{:?} {faults:?}", began.elapsed());
        assert_eq!(report.failure().unwrap().cause, Some(cause), "{faults:?} {report:#?}");
    }
}
