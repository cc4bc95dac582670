//! What lies between this machine and Microsoft: told as what it is, and nothing is sent through what is not trusted.

use std::time::Duration;

use defender_sim::{Scenario, TenantHandle};
use graph_auth::Cause;
use graph_http::{Clock, Connecting, HttpsTransport, MoreRoots, Network, Proxy};
use networks::{Authority, Front, Manners, Shown};
use test_connection::{Check, CheckId, TestReport};

use crate::support::{Desk, report, tester_at};

/// Stands in no other text.
const PASSWORD: &str = "pr0xy-S3ntinel";

/// Longer than a test of a connection may take: no limit on connecting ends one here.
const PATIENCE: Duration = Duration::from_secs(120);

const ASKS_FOR_A_PASSWORD: Manners =
    Manners::Answer("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\n\r\n");

const FORBIDS: Manners =
    Manners::Answer("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<html>no</html>");

/// A simulator behind TLS, and a CA that may be trusted.
struct Scene {
    desk: Desk,
    tenant: TenantHandle,
    authority: Authority,
    front: Front,
}

impl Scene {
    async fn of(shown: Shown) -> Self {
        let desk = Desk::open().await;
        let tenant = desk.tenant(Scenario::Good);
        let authority = Authority::new("Inspection CA");
        let front = Front::start(authority.server(shown, "http/1.1"), desk.address).await;
        Self { desk, tenant, authority, front }
    }

    fn trusting(&self) -> Network {
        Network { roots: MoreRoots::from_pem(self.authority.pem().as_bytes()).unwrap(), proxy: None }
    }

    fn through(&self, proxy: &networks::Proxy) -> Network {
        let url = format!("http://me:{PASSWORD}@127.0.0.1:{}", proxy.port());
        Network { proxy: Some(Proxy::parse(&url, "").unwrap()), ..self.trusting() }
    }

    async fn report(&self, network: Network) -> TestReport {
        let transport = HttpsTransport::over(network, Connecting::within(PATIENCE), Clock::system());
        let report = report(&tester_at(&self.front.origin(), transport), &self.tenant).await;
        let shown = format!("{report:?} {}", serde_json::to_string(&report).unwrap());
        assert!(!shown.contains("S3ntinel"), "{shown}");
        report
    }

    fn asked(&self) -> usize {
        self.desk.simulator.requests().len()
    }

    /// The host as a person reads it in a remedy.
    fn host(&self) -> String {
        self.front.origin().replace("https://", "")
    }
}

/// The network's own causes, each with a report of a network that has it.
pub(crate) async fn reports_of_bad_ones() -> Vec<(Cause, TestReport)> {
    let scene = Scene::of(Shown::Good).await;
    let mut reports = vec![(Cause::TlsUntrusted, scene.report(Network::default()).await)];
    for (cause, manners) in [(Cause::ProxyCredentials, ASKS_FOR_A_PASSWORD), (Cause::ProxyRefused, FORBIDS)] {
        let proxy = networks::Proxy::start(manners, None).await;
        reports.push((cause, scene.report(scene.through(&proxy)).await));
    }
    reports
}

fn failure(report: &TestReport) -> (&Check, &str) {
    let failure = report.failure().unwrap();
    assert_eq!(failure.id, CheckId::Tenant, "{report:#?}");
    (failure, failure.remedy.as_deref().unwrap())
}

#[tokio::test]
async fn a_network_that_opens_tls_is_told_with_the_hosts_to_exempt_and_gets_no_secret() {
    for (shown, why) in [
        (Shown::Good, "its issuer is not known"),
        (Shown::SelfSigned, "its issuer is not known"),
        (Shown::Expired, "clock"),
        (Shown::OtherHost, "another host"),
    ] {
        let scene = Scene::of(shown).await;
        let trusted = if shown == Shown::Good { Network::default() } else { scene.trusting() };
        let report = scene.report(trusted).await;
        let (check, remedy) = failure(&report);
        assert_eq!(check.cause, Some(Cause::TlsUntrusted), "{shown:?}");
        assert!(check.message.contains("certificate") && check.message.contains(why), "{}", check.message);
        assert!(remedy.contains(&scene.host()) && remedy.contains("SSL_CERT_FILE"), "{remedy}");
        assert_eq!(scene.asked(), 0);
    }
}

#[tokio::test]
async fn a_network_whose_ca_is_trusted_is_one_like_any_other() {
    let scene = Scene::of(Shown::Good).await;
    let report = scene.report(scene.trusting()).await;
    assert!(report.ok, "{report:#?}");
}

#[tokio::test]
async fn a_proxy_that_lets_through_is_used_for_the_whole_test() {
    let scene = Scene::of(Shown::Good).await;
    let proxy = networks::Proxy::start(Manners::Basic("me".into(), PASSWORD.into()), None).await;
    let report = scene.report(scene.through(&proxy)).await;
    assert!(report.ok, "{report:#?}");
    assert_eq!(proxy.asked().len(), scene.front.opened(), "no connection went straight");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_with_what_to_do_and_not_asked_again_and_again() {
    let scene = Scene::of(Shown::Good).await;
    for (manners, cause, status, words, most) in [
        // Wrong passwords lock an account.
        (Manners::Basic("me".into(), "other".into()), Cause::ProxyCredentials, "407", "HTTPS_PROXY", 1),
        (ASKS_FOR_A_PASSWORD, Cause::ProxyCredentials, "407", "Basic", 1),
        (FORBIDS, Cause::ProxyRefused, "403", "NO_PROXY", 2),
    ] {
        let proxy = networks::Proxy::start(manners, None).await;
        let report = scene.report(scene.through(&proxy)).await;
        let (check, remedy) = failure(&report);
        assert_eq!(check.cause, Some(cause));
        assert!(
            check.message.contains(status) && check.message.contains(&proxy.port().to_string()),
            "{check:?}"
        );
        assert!(remedy.contains(words) && remedy.contains(&scene.host()), "{remedy}");
        assert_eq!(proxy.asked().len(), most);
    }
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn a_page_in_place_of_a_tunnel_is_an_answer_that_is_not_microsoft_s() {
    let scene = Scene::of(Shown::Good).await;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Please sign in</html>";
    let proxy = networks::Proxy::start(Manners::Answer(page), None).await;
    let report = scene.report(scene.through(&proxy)).await;
    assert_eq!(failure(&report).0.cause, Some(Cause::UnexpectedAnswer));
}

#[tokio::test]
async fn a_way_that_ends_nowhere_is_told_with_the_hosts_and_their_port() {
    let scene = Scene::of(Shown::Good).await;
    let proxy = networks::Proxy::start(Manners::Answer("HTTP/1.1 502 Bad Gateway\r\n\r\n"), None).await;
    let report = scene.report(scene.through(&proxy)).await;
    let (check, remedy) = failure(&report);
    assert_eq!(check.cause, Some(Cause::Unreachable));
    assert!(check.message.contains("the proxy 127.0.0.1") && check.message.contains("502"), "{check:?}");
    assert!(remedy.contains(&scene.host()) && remedy.contains("port 443"), "{remedy}");
}
