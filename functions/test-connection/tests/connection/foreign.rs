//! An answer that is not Microsoft's is told as one, at whatever status and whichever call.

use bytes::Bytes;
use graph_auth::Cause;
use graph_http::{Clock, Request, Transport, TransportError};
use http::header::LOCATION;
use http::{Response, StatusCode};
use http_body_util::Full;
use test_connection::{CheckId, TestReport};

use crate::support::tester;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const PAGE: &str = "<html><title>Web filter</title>This page is blocked. Ticket 1234</html>";

/// A Microsoft that is as it should be, but for what answers one of the calls in its place.
struct Between {
    call: &'static str,
    answer: Response<Bytes>,
}

impl Transport for Between {
    type Body = Full<Bytes>;

    async fn send(&self, request: Request) -> Result<Response<Self::Body>, TransportError> {
        let path = request.uri().path();
        if path.contains(self.call) {
            return Ok(self.answer.clone().map(Full::new));
        }
        let body = match path {
            path if path.contains("openid-configuration") => {
                format!(r#"{{"issuer":"https://login.microsoftonline.com/{TENANT}/v2.0"}}"#)
            }
            // A token that cannot be read: its roles are no help.
            path if path.contains("token") => r#"{"access_token":"opaque","expires_in":3599}"#.to_owned(),
            _ => r#"{"value":[]}"#.to_owned(),
        };
        Ok(Response::new(Full::new(body.into())))
    }
}

async fn report(call: &'static str, status: u16, body: &'static str, location: Option<&str>) -> TestReport {
    let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(location) = location {
        answer.headers_mut().insert(LOCATION, location.parse().unwrap());
    }
    let clock = Clock::simulated("2026-11-23T08:00:00Z".parse().unwrap());
    let tester = test_connection::Tester { clock, ..tester(Between { call, answer }) };
    let input = test_connection::Input {
        tenant_id: TENANT.into(),
        client_id: "66666666-7777-8888-9999-aaaaaaaaaaaa".into(),
        client_secret: "abc8Q~0123456789~._-ABCDEFGHIJKLMNOPQRST".into(),
        cloud: String::new(),
    };
    tester.test(&input, |_| {}).await
}

/// As it is in the first moments of an application: <https://github.com/TheNetworg/oauth2-azure/issues/88>.
#[tokio::test(start_paused = true)]
async fn an_application_that_graph_does_not_know_yet_is_no_missing_licence() {
    let body = r#"{"error":{"code":"generalException","message":"The identity of the calling application could not be established."}}"#;
    for status in [401, 403] {
        let report = report("security", status, body, None).await;
        let failure = report.failure().unwrap();
        assert_eq!(failure.cause, Some(Cause::NoServicePrincipal), "{status}: {failure:?}");
        assert_eq!(test_connection::Awaited::of(&report), Some(test_connection::Awaited::Application));
    }
}

const CALLS: [(&str, CheckId); 3] =
    [("token", CheckId::Application), ("incidents", CheckId::Incidents), ("alerts_v2", CheckId::Alerts)];

#[tokio::test(start_paused = true)]
async fn it_says_nothing_about_licences_permissions_or_us() {
    for body in [PAGE, "", "{}", "null", r#"{"blocked":true,"error":"blocked"}"#, "\u{feff}<html>"] {
        for status in [200, 201, 301, 302, 307, 400, 401, 403, 404, 407, 410, 418, 451, 511, 999] {
            for (call, id) in CALLS {
                let report = report(call, status, body, None).await;
                let failure = report.failure().unwrap();
                let expected = (id, Some(Cause::UnexpectedAnswer));
                assert_eq!((failure.id, failure.cause), expected, "{call} {status} {body} {failure:?}");
                assert!(failure.remedy.as_ref().unwrap().contains("proxy"));
                assert!(!format!("{report:?}").contains("blocked"), "nothing of the page is repeated");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_5xx_microsoft_or_something_in_between_is_in_trouble() {
    for status in [500, 502, 503, 504, 520] {
        for (call, id) in CALLS {
            let report = report(call, status, PAGE, None).await;
            let failure = report.failure().unwrap();
            assert_eq!((failure.id, failure.cause), (id, Some(Cause::MicrosoftTrouble)), "{call} {status}");
            assert!(failure.message.contains("something in between may be in trouble"), "{failure:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_wants_a_sign_in_is_told_as_one_and_not_asked_again() {
    for (call, id) in CALLS {
        let began = tokio::time::Instant::now();
        let report = report(call, 511, PAGE, None).await;
        let failure = report.failure().unwrap();
        assert_eq!((failure.id, failure.cause), (id, Some(Cause::UnexpectedAnswer)));
        assert!(failure.message.contains("this network wants a sign-in first"), "{failure:?}");
        assert_eq!(began.elapsed(), std::time::Duration::ZERO, "{call}: no repetition changes it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_names_the_host_that_it_leads_to() {
    for (call, id) in CALLS {
        let report = report(call, 302, PAGE, Some("https://portal.example/login?from=graph")).await;
        let failure = report.failure().unwrap();
        assert_eq!((failure.id, failure.cause), (id, Some(Cause::UnexpectedAnswer)));
        assert!(failure.message.contains("HTTP 302, which leads to portal.example)"), "{failure:?}");
        assert!(!format!("{report:?}").contains("from=graph"));
    }
}

#[tokio::test(start_paused = true)]
async fn at_discovery_the_token_request_decides() {
    for (status, location) in [(200, None), (302, Some("https://portal.example/")), (403, None), (503, None)]
    {
        assert!(report("openid-configuration", status, PAGE, location).await.ok, "{status}");
    }
    // The same portal in front of both.
    let report = report("/", 302, PAGE, Some("https://portal.example/")).await;
    let failure = report.failure().unwrap();
    assert_eq!((failure.id, failure.cause), (CheckId::Tenant, Some(Cause::UnexpectedAnswer)));
}
