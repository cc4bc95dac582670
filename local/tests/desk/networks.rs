//! A network that opens TLS, and one that only a proxy leads out of: usable, and told as what it is where not.

use std::net::SocketAddr;
use std::sync::Arc;

use defender_sim::Scenario;
use networks::{Authority, Front, Manners, Proxy, Shown};
use rustls::ServerConfig;
use tokio::runtime::Runtime;

use crate::support::{Desk, Ran, Tenant};

/// Stands in no other text. In a URL it is percent-encoded.
const PASSWORD: &str = "pr0xy:S3ntinel@/#";
const ENCODED: &str = "pr0xy%3AS3ntinel%40%2F%23";

/// A tenant behind TLS whose CA no built-in root knows.
struct Scene {
    tenant: Tenant,
    authority: Authority,
    front: Front,
    desk: Desk,
    /// Serves until it is dropped.
    runtime: Runtime,
}

impl Scene {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let tenant = Tenant::new(Scenario::Good);
        let authority = Authority::new("Inspection CA");
        let behind: SocketAddr = tenant.origin.strip_prefix("http://").unwrap().parse().unwrap();
        let tls = authority.server(Shown::Good, "http/1.1");
        let front = runtime.block_on(Front::start(tls, behind));
        let desk = Desk::at(&tenant)
            .with("SOC_ANYWHERE_LOGIN_URL", &front.origin())
            .with("SOC_ANYWHERE_GRAPH_URL", &front.origin())
            .with("RUST_LOG", "trace");
        Self { tenant, authority, front, desk, runtime }
    }

    /// With its CA in a file that `SSL_CERT_FILE` names.
    fn trusted() -> Self {
        let mut scene = Self::new();
        let file = scene.desk.folder.path().join("ca.pem");
        std::fs::write(&file, scene.authority.pem()).unwrap();
        scene.desk = scene.desk.with("SSL_CERT_FILE", file.to_str().unwrap());
        scene
    }

    fn proxy(&self, manners: Manners, tls: Option<Arc<ServerConfig>>) -> Proxy {
        self.runtime.block_on(Proxy::start(manners, tls))
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.desk = self.desk.with(name, value);
        self
    }

    fn test(&self) -> Ran {
        let (tenant_id, client_id) = (self.tenant.tenant_id(), self.tenant.client_id());
        let line = format!("test-connection --tenant-id {tenant_id} --client-id {client_id} --json");
        let ran = self.desk.run(&line);
        assert!(!shows_password(&ran), "{ran:?}");
        ran
    }

    /// The cause and the remedy of a test that fails.
    fn failure(&self) -> (String, String) {
        let ran = self.test();
        assert_eq!(ran.code, 1, "{ran:?}");
        let report = ran.json();
        let checks = report["checks"].as_array().unwrap().iter();
        let failed = checks.clone().find(|check| check["cause"].is_string()).unwrap();
        (failed["cause"].as_str().unwrap().to_owned(), failed["remedy"].as_str().unwrap().to_owned())
    }

    fn asked(&self) -> usize {
        self.tenant.simulator.requests().len()
    }
}

/// As it is entered, as a URL has it, and as it is sent.
fn shows_password(ran: &Ran) -> bool {
    let shown = format!("{ran:?}");
    ["S3ntinel", "bWU6cHIweHk6UzNudGluZWxALyM"].iter().any(|text| shown.contains(text))
}

fn basic() -> Manners {
    Manners::Basic("me".into(), PASSWORD.into())
}

fn url(scheme: &str, proxy: &Proxy) -> String {
    format!("{scheme}://me:{ENCODED}@localhost:{}", proxy.port())
}

#[test]
fn a_ca_that_ssl_cert_file_names_is_trusted_and_no_other_is() {
    let scene = Scene::new();
    let (cause, remedy) = scene.failure();
    assert_eq!((cause.as_str(), scene.asked()), ("tls_untrusted", 0));
    assert!(remedy.contains("SSL_CERT_FILE") && remedy.contains("localhost"), "{remedy}");

    let file = scene.desk.folder.path().join("another.pem");
    std::fs::write(&file, Authority::new("Another CA").pem()).unwrap();
    let scene = scene.with("SSL_CERT_FILE", file.to_str().unwrap());
    assert_eq!((scene.failure().0.as_str(), scene.asked()), ("tls_untrusted", 0));

    let scene = Scene::trusted();
    let ran = scene.test();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("besides the built-in ones"), "{ran:?}");
}

#[test]
fn a_connection_is_entered_and_synced_through_a_proxy_with_a_password() {
    for scheme in ["http", "https"] {
        let scene = Scene::trusted();
        let tls = (scheme == "https").then(|| scene.authority.server(Shown::Good, "http/1.1"));
        let proxy = scene.proxy(basic(), tls);
        let scene = scene.with("HTTPS_PROXY", &url(scheme, &proxy));
        scene.desk.add(&scene.tenant);
        let synced = scene.desk.run("sync --json --verbose");
        assert_eq!(synced.code, 0, "{synced:?}");
        assert!(!shows_password(&synced), "{synced:?}");
        assert!(synced.err.contains(&format!("localhost:{}", proxy.port())), "the log names the proxy");
        assert_eq!(scene.test().code, 0);
        let target = scene.front.origin().replace("https://", "");
        assert!(proxy.asked().iter().all(|asked| asked.target == target));
        assert_eq!(proxy.asked().len(), scene.front.opened(), "no connection went straight");
    }
}

#[test]
fn a_proxy_that_refuses_is_told_as_one() {
    let forbids = Manners::Answer("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<html>no</html>");
    for (manners, cause, words) in [
        (Manners::Basic("me".into(), "another".into()), "proxy_credentials", "HTTPS_PROXY"),
        (forbids, "proxy_refused", "NO_PROXY"),
        (Manners::Answer("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "unreachable", "port 443"),
        (Manners::Answer(""), "unreachable", "port 443"),
    ] {
        let scene = Scene::trusted();
        let proxy = scene.proxy(manners, None);
        let scene = scene.with("https_proxy", &url("http", &proxy));
        let (found, remedy) = scene.failure();
        assert_eq!(found, cause);
        assert!(remedy.contains(words), "{remedy}");
        assert_eq!(scene.asked(), 0);
    }
}

#[test]
fn what_no_proxy_names_is_reached_straight() {
    for (name, value, through) in [
        ("NO_PROXY", "localhost", false),
        ("no_proxy", "*", false),
        ("NO_PROXY", "elsewhere.example,10.0.0.0/8", true),
    ] {
        let scene = Scene::trusted();
        let proxy = scene.proxy(basic(), None);
        let scene = scene.with("HTTPS_PROXY", &url("http", &proxy)).with(name, value);
        assert_eq!(scene.test().code, 0, "{value}");
        assert_eq!(!proxy.asked().is_empty(), through, "{value}");
    }
}

#[test]
fn a_variable_that_is_wrong_is_named_before_anything_is_asked() {
    let scene = Scene::new();
    let folder = scene.desk.folder.path().to_owned();
    std::fs::write(folder.join("empty.pem"), "").unwrap();
    std::fs::write(folder.join("cut.pem"), &scene.authority.pem()[..200]).unwrap();
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    for (name, value) in [
        ("HTTPS_PROXY", format!("http://me:{ENCODED}@proxy:port")),
        ("https_proxy", format!("socks5://me:{ENCODED}@proxy:1080")),
        // The password is not encoded.
        ("HTTPS_PROXY", format!("http://me:{PASSWORD}@proxy:8080")),
        ("SSL_CERT_FILE", file("missing.pem")),
        ("SSL_CERT_FILE", file("empty.pem")),
        ("SSL_CERT_FILE", file("cut.pem")),
        ("SSL_CERT_FILE", folder.to_str().unwrap().to_owned()),
    ] {
        let scene = Scene::new().with(name, &value);
        let ran = scene.test();
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}: {ran:?}");
        assert!(ran.err.contains(&format!("{name} is refused: ")), "{ran:?}");
        assert_eq!(scene.asked(), 0);
        assert!(!scene.desk.store().exists());
    }
}
