//! A tenant of another cloud is named, and nobody there is shown a secret.

use std::net::SocketAddr;

use defender_sim::Scenario;
use graph_auth::{Cause, Cloud};
use graph_http::{HttpsTransport, Request, Transport, TransportError};
use test_connection::{CheckId, Input, Status, Tester};

use crate::support::{Desk, check, input, moved, report, spec, tester};

/// A name service of our own: each of Microsoft's hosts leads to a simulator, or nowhere.
struct Rerouted {
    routes: Vec<(&'static str, SocketAddr)>,
    https: HttpsTransport,
}

impl Transport for Rerouted {
    type Body = <HttpsTransport as Transport>::Body;

    async fn send(&self, mut request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        let uri = request.uri();
        let to = self.routes.iter().find(|(host, _)| uri.host() == Some(*host));
        let Some((_, to)) = to else {
            return Err(TransportError::Connect("no such host".into()));
        };
        let path = uri.path_and_query().unwrap();
        *request.uri_mut() = format!("http://{to}{path}").parse().unwrap();
        self.https.send(request).await
    }
}

const LOGIN_COM: &str = "login.microsoftonline.com";
const LOGIN_US: &str = "login.microsoftonline.us";
const LOGIN_CN: &str = "login.chinacloudapi.cn";

fn rerouted(routes: &[(&'static str, &Desk)]) -> Tester<Rerouted> {
    let routes = routes.iter().map(|(host, desk)| (*host, desk.address)).collect();
    tester(Rerouted { routes, https: HttpsTransport::new() })
}

fn chosen(input: Input, cloud: &Cloud) -> Input {
    Input { cloud: cloud.name().into(), ..input }
}

#[tokio::test]
async fn a_tenant_that_another_cloud_knows_is_named() {
    for (home, login, choice, named) in [
        (Cloud::GccHigh, LOGIN_US, Cloud::Global, "gcc-high"),
        (Cloud::Dod, LOGIN_US, Cloud::Global, "dod"),
        (Cloud::Global, LOGIN_COM, Cloud::Dod, "global"),
    ] {
        let (empty, there) = (Desk::open().await, Desk::open().await);
        let tenant = there.simulator.add_tenant(moved(spec(1, Scenario::Good), &home));
        let here = if login == LOGIN_US { LOGIN_COM } else { LOGIN_US };
        let tester = rerouted(&[(here, &empty), (login, &there)]);
        let report = tester.test(&chosen(input(&tenant), &choice), |_| {}).await;
        let failure = report.failure().unwrap();
        assert_eq!((failure.id, failure.cause), (CheckId::Tenant, Some(Cause::WrongCloud)));
        assert!(failure.message.contains(&format!("(the tenant is in {named})")), "{failure:?}");
        assert_eq!(failure.remedy, Some(format!("Choose {named} as the cloud.")));
        assert_eq!(failure.cloud, Some(named));
        // Neither cloud was sent the secret: discovery alone was asked.
        for desk in [&empty, &there] {
            let asked = desk.simulator.requests();
            assert_eq!(asked.len(), 1);
            assert!(asked[0].target.ends_with("/v2.0/.well-known/openid-configuration"));
        }
    }
}

#[tokio::test]
async fn a_tenant_of_21vianet_is_told_that_it_cannot_be_connected() {
    let (empty, china) = (Desk::open().await, Desk::open().await);
    let tenant = china.tenant(Scenario::Good);
    let tester = rerouted(&[(LOGIN_COM, &empty), (LOGIN_US, &empty), (LOGIN_CN, &china)]);
    let report = report(&tester, &tenant).await;
    let failure = report.failure().unwrap();
    assert_eq!(failure.cause, Some(Cause::CloudUnsupported));
    assert!(failure.message.contains("21Vianet"), "{failure:?}");
}

#[tokio::test]
async fn discovery_that_names_another_cloud_decides_where_the_login_hosts_differ() {
    // The global Entra also knows tenants of the US Government's, and says whose they are.
    let desk = Desk::open().await;
    let tenant = desk.simulator.add_tenant(moved(spec(1, Scenario::Good), &Cloud::GccHigh));
    let report = report(&rerouted(&[(LOGIN_COM, &desk)]), &tenant).await;
    let failure = report.failure().unwrap();
    assert_eq!((failure.id, failure.cause), (CheckId::Tenant, Some(Cause::WrongCloud)));
    assert!(failure.message.contains("gcc-high"));
}

#[tokio::test]
async fn between_clouds_that_share_a_login_host_entra_decides_and_discovery_names() {
    let desk = Desk::open().await;
    let tenant = desk.simulator.add_tenant(moved(spec(1, Scenario::Good), &Cloud::Dod));
    let mut shown = Vec::new();
    let tester = rerouted(&[(LOGIN_US, &desk)]);
    let entered = chosen(input(&tenant), &Cloud::GccHigh);
    let report = tester.test(&entered, |check| shown.push((check.id, check.status))).await;
    assert!(shown.contains(&(CheckId::Tenant, Status::Warning)));
    let failure = report.failure().unwrap();
    assert_eq!((failure.id, failure.cause), (CheckId::Tenant, Some(Cause::WrongCloud)));
    assert_eq!(failure.code.as_deref(), Some("AADSTS500011"));
    assert_eq!(failure.remedy.as_deref(), Some("Choose dod as the cloud."));
    assert_eq!(failure.cloud, Some("dod"));
}

#[tokio::test]
async fn where_entra_is_one_s_own_no_other_cloud_is_asked() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::TenantNotFound);
    let report = report(&desk.tester(), &tenant).await;
    assert_eq!(report.failure().unwrap().cause, Some(Cause::TenantNotFound));
    // The second one asks whether the client ID is a tenant's.
    let asked = desk.simulator.requests();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|asked| asked.target.ends_with("/v2.0/.well-known/openid-configuration")));
}

#[tokio::test]
async fn microsoft_s_own_hosts_are_asked_in_each_cloud() {
    for (cloud, login, graph) in [
        (Cloud::Global, LOGIN_COM, "graph.microsoft.com"),
        (Cloud::GccHigh, LOGIN_US, "graph.microsoft.us"),
        (Cloud::Dod, LOGIN_US, "dod-graph.microsoft.us"),
    ] {
        let (entra, desk) = (login, Desk::open().await);
        let tenant = desk.simulator.add_tenant(moved(spec(1, Scenario::Good), &cloud));
        let tester = rerouted(&[(entra, &desk), (graph, &desk)]);
        let report = tester.test(&chosen(input(&tenant), &cloud), |_| {}).await;
        assert!(report.ok, "{report:#?}");
        assert_eq!(check(&report, CheckId::Tenant).status, Status::Passed);
    }
}
