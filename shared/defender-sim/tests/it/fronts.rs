//! In process and behind a socket: the same answers, the same accidents.

use std::sync::Arc;
use std::time::Duration;

use defender_sim::{Faults, Generator, InProcess, Scenario, Simulator, TenantHandle, TenantSpec, serve};
use graph_http::{Clock, Fault, HttpsTransport, Limits, Request, Transport, TransportError, exchange};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::support::start;

fn simulator() -> (Arc<Simulator>, TenantHandle) {
    let simulator = Simulator::new(7, start());
    let tenant =
        simulator.add_tenant(TenantSpec::new(7, Scenario::Good).with_generator(Generator::default()));
    (Arc::new(simulator), tenant)
}

async fn ask(
    transport: &impl Transport,
    request: Request,
    seconds: u64,
) -> Result<graph_http::Answer, Fault> {
    let limits = Limits { time: Duration::from_secs(seconds), body: 1 << 24 };
    exchange(transport, request, limits, Instant::now() + Duration::from_secs(3600)).await
}

async fn sign_in(transport: &impl Transport, origin: &str, tenant: &TenantHandle) -> String {
    let answer = ask(transport, tenant.token_request(origin).unwrap().map(Into::into), 5).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

fn get(origin: &str, target: &str, token: &str) -> Request {
    http::Request::get(format!("{origin}{target}"))
        .header("authorization", format!("Bearer {token}"))
        .body("".into())
        .unwrap()
}

/// Asks the same of two simulators that are alike, and gives each front's answers.
#[tokio::test]
async fn both_fronts_give_the_same_answer() {
    let clock = Clock::simulated(start());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (behind, tenant) = simulator();
    let (asked, _) = simulator();
    let server = tokio::spawn(serve(listener, behind, clock.clone()));
    let socket = HttpsTransport::new();
    let in_process = InProcess { simulator: asked, clock };
    let tokens = [sign_in(&socket, &origin, &tenant).await, sign_in(&in_process, &origin, &tenant).await];
    let payload = |token: &str| token.split('.').nth(1).unwrap().len();
    assert_eq!(payload(&tokens[0]), payload(&tokens[1]));
    for target in [
        "/v1.0/security/incidents?$top=3",
        "/v1.0/security/incidents?$top=51",
        "/v1.0/security/alerts_v2?$filter=status%20eq%20'new'",
        "/v1.0/security/incidents/29?$expand=alerts",
        "/v1.0/security/incidents/0",
    ] {
        let one = ask(&socket, get(&origin, target, &tokens[0]), 5).await.unwrap();
        let other = ask(&in_process, get(&origin, target, &tokens[1]), 5).await.unwrap();
        assert_eq!((one.status, one.header("request-id")), (other.status, other.header("request-id")));
        assert_eq!(one.header("content-type"), other.header("content-type"));
        // The one clock both have may tick between the two: an error's `date` is to the second.
        let undated = |answer: &graph_http::Answer| {
            let mut body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            if let Some(date) = body.pointer_mut("/error/innerError/date") {
                *date = serde_json::Value::Null;
            }
            body
        };
        assert_eq!(undated(&one), undated(&other), "{target}");
    }
    server.abort();
}

#[tokio::test]
async fn a_socket_breaks_stalls_and_is_closed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (simulator, tenant) = simulator();
    let server = tokio::spawn(serve(listener, simulator.clone(), Clock::simulated(start())));
    let socket = HttpsTransport::new();
    let token = sign_in(&socket, &origin, &tenant).await;
    let fault = async |faults: Faults| {
        simulator.set_faults(tenant.tenant_id, faults);
        ask(&socket, get(&origin, "/v1.0/security/incidents", &token), 1).await.map(|answer| answer.status)
    };
    let broken = fault(Faults { truncate_body: Some(100), ..Faults::default() }).await;
    assert!(matches!(broken, Err(Fault::BrokenOff(_))), "{broken:?}");
    let reset = fault(Faults { reset: true, ..Faults::default() }).await;
    assert!(matches!(reset, Err(Fault::Transport(TransportError::Broken(_)))), "{reset:?}");
    for stall in
        [Faults { stall: true, ..Faults::default() }, Faults { stall_body: Some(100), ..Faults::default() }]
    {
        assert_eq!(fault(stall).await, Err(Fault::TimedOut(Duration::from_secs(1))));
    }
    simulator.set_down(true);
    let down = fault(Faults::default()).await;
    assert!(matches!(down, Err(Fault::Transport(_))), "{down:?}");
    simulator.set_down(false);
    assert_eq!(fault(Faults::default()).await, Ok(http::StatusCode::OK));
    server.abort();
}

/// An hour of stalls and delays takes no time.
#[tokio::test(start_paused = true)]
async fn in_process_time_can_be_simulated() {
    let (simulator, tenant) = simulator();
    let clock = Clock::simulated(start());
    let transport = InProcess { simulator: simulator.clone(), clock: clock.clone() };
    let origin = "https://graph.microsoft.com";
    let token = sign_in(&transport, origin, &tenant).await;
    let fault = async |faults: Faults| {
        simulator.set_faults(tenant.tenant_id, faults);
        ask(&transport, get(origin, "/v1.0/security/incidents", &token), 60)
            .await
            .map(|answer| answer.date().unwrap())
    };
    let broken = fault(Faults { truncate_body: Some(100), ..Faults::default() }).await;
    assert_eq!(broken, Err(Fault::BrokenOff("connection reset by peer".to_owned())));
    let reset = fault(Faults { reset: true, ..Faults::default() }).await;
    assert!(matches!(reset, Err(Fault::Transport(TransportError::Broken(_)))), "{reset:?}");
    simulator.set_down(true);
    let down = fault(Faults::default()).await;
    assert!(matches!(down, Err(Fault::Transport(TransportError::Connect(_)))), "{down:?}");
    simulator.set_down(false);
    for stall in [
        Faults { stall: true, ..Faults::default() },
        Faults { stall_body: Some(100), ..Faults::default() },
        Faults { slow: Some(Duration::from_secs(61)), ..Faults::default() },
    ] {
        assert_eq!(fault(stall).await, Err(Fault::TimedOut(Duration::from_secs(60))));
    }
    assert_eq!(clock.now().duration_since(start()).as_secs(), 180);
    let slow = fault(Faults { slow: Some(Duration::from_secs(30)), ..Faults::default() }).await;
    let asked: Timestamp = "2026-11-23T08:03:00Z".parse().unwrap();
    assert_eq!(slow, Ok(asked), "the answer is of the time of the question");
    assert_eq!(clock.now().duration_since(start()).as_secs(), 210);
}
