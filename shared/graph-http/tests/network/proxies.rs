//! Through a proxy, and what is said of one that refuses.

use graph_http::{Fault, Network, Proxy, TransportError};
use networks::{Asked, Authority, Front, Manners, Shown};

use crate::support::{Protocol, Server, ask, through, transport, trusting};

const PASSWORD: &str = "S3n:tinel p@ss";
const ENCODED: &str = "S3n%3Atinel%20p%40ss";

struct Scene {
    authority: Authority,
    server: Server,
    front: Front,
}

impl Scene {
    async fn new() -> Self {
        let authority = Authority::new("Inspection CA");
        let server = Server::start(Protocol::Http2).await;
        let front = Front::start(authority.server(Shown::Good, "h2"), server.address).await;
        Self { authority, server, front }
    }

    async fn ask_through(&self, proxy: &str) -> Result<graph_http::Answer, Fault> {
        let network = through(proxy, trusting(&self.authority));
        ask(&transport(network), &self.front.origin()).await
    }
}

fn basic(user: &str, password: &str) -> Manners {
    Manners::Basic(user.into(), password.into())
}

#[tokio::test]
async fn a_proxy_opens_a_tunnel_with_and_without_a_password_and_over_tls() {
    let scene = Scene::new().await;
    let target = scene.front.origin().replace("https://", "");
    for (manners, userinfo) in
        [(Manners::Tunnel, String::new()), (basic("me", PASSWORD), format!("me:{ENCODED}@"))]
    {
        let proxy = networks::Proxy::start(manners.clone(), None).await;
        let over_tls = scene.authority.server(Shown::Good, "http/1.1");
        let safe = networks::Proxy::start(manners, Some(over_tls)).await;
        for (proxy, scheme) in [(proxy, "http"), (safe, "https")] {
            let url = format!("{scheme}://{userinfo}localhost:{}", proxy.port());
            assert_eq!(scene.ask_through(&url).await.unwrap().body, "yes", "{scheme}");
            let asked = proxy.asked();
            assert_eq!(asked.len(), 1);
            assert_eq!(asked[0].target, target);
            assert_eq!(asked[0].authorization.is_some(), !userinfo.is_empty());
        }
    }
    assert_eq!(scene.server.asked(), 4);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status_and_without_the_password() {
    let scene = Scene::new().await;
    for (manners, status, tries) in [
        // Wrong passwords are counted, and lock an account: no more tries than one.
        (basic("me", "another"), 407, 1),
        (
            Manners::Answer("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\n\r\n"),
            407,
            1,
        ),
        // What the proxy answered is asked of it once more.
        (
            Manners::Answer("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<html>blocked</html>"),
            403,
            2,
        ),
        (Manners::Answer("HTTP/1.0 400 Bad Request\r\n\r\n"), 400, 2),
        (Manners::Answer("HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n"), 302, 2),
        (Manners::Answer("HTTP/1.1 511 Network Authentication Required\r\n\r\n"), 511, 2),
    ] {
        let proxy = networks::Proxy::start(manners, None).await;
        let url = format!("http://me:{ENCODED}@127.0.0.1:{}", proxy.port());
        let fault = scene.ask_through(&url).await.unwrap_err();
        let refused = TransportError::ProxyRefused { proxy: format!("127.0.0.1:{}", proxy.port()), status };
        assert_eq!(fault, Fault::Transport(refused));
        assert_eq!(graph_http::retry::Failure::of_fault(&fault), None, "no repetition changes it");
        assert_eq!(proxy.asked().len(), tries);
        assert!(!format!("{fault} {fault:?}").contains("tinel"));
    }
    assert_eq!(scene.server.asked(), 0);
}

#[tokio::test]
async fn a_proxy_that_does_not_reach_the_host_or_is_none_is_told_as_that() {
    let scene = Scene::new().await;
    for (answer, words) in [
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "answered 502"),
        ("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\r\n", "answered 503"),
        ("", "closed the connection"),
        ("<html>Welcome to our hotel</html>\r\n", "is no HTTP proxy"),
        ("220 smtp.example ESMTP\r\n", "is no HTTP proxy"),
    ] {
        for tls in [None, Some(scene.authority.server(Shown::Good, "http/1.1"))] {
            let scheme = if tls.is_some() { "https" } else { "http" };
            let proxy = networks::Proxy::start(Manners::Answer(answer), tls).await;
            let url = format!("{scheme}://me:{ENCODED}@localhost:{}", proxy.port());
            let fault = scene.ask_through(&url).await.unwrap_err();
            let Fault::Transport(TransportError::Connect(text)) = &fault else { panic!("{fault:?}") };
            assert!(text.contains(words) && text.contains(&proxy.port().to_string()), "{answer}: {text}");
            assert!(!format!("{fault} {fault:?}").contains("tinel"));
        }
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let scene = Scene::new().await;
    let nobody = networks::Refusing::bind();
    let port = nobody.address().port();
    let fault = scene.ask_through(&format!("http://me:{ENCODED}@127.0.0.1:{port}")).await.unwrap_err();
    let text = fault.to_string();
    assert!(text.contains(&format!("the proxy 127.0.0.1:{port}")) && text.contains("refused"), "{text}");
    assert!(!text.contains("tinel"));
}

/// Most proxies speak plain HTTP, also those that HTTPS goes through.
#[tokio::test]
async fn a_proxy_under_the_wrong_scheme_is_told_as_that() {
    let scene = Scene::new().await;
    let tls = scene.authority.server(Shown::Good, "http/1.1");
    let plain = networks::Proxy::start(Manners::Tunnel, None).await;
    let safe = networks::Proxy::start(Manners::Tunnel, Some(tls)).await;
    let (handshake_failure, protocol_version) = (40, 70);
    let strict = networks::Proxy::start(Manners::Alert(handshake_failure), None).await;
    let old = networks::Proxy::start(Manners::Alert(protocol_version), None).await;
    for (url, words) in [
        (format!("https://localhost:{}", plain.port()), "speaks no TLS"),
        (format!("https://localhost:{}", strict.port()), "speaks no TLS that is spoken here"),
        (format!("https://localhost:{}", old.port()), "speaks no TLS that is spoken here"),
        (format!("http://localhost:{}", safe.port()), "is no HTTP proxy"),
    ] {
        let fault = scene.ask_through(&url).await.unwrap_err();
        let Fault::Transport(TransportError::Connect(text)) = &fault else { panic!("{fault:?}") };
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn a_page_in_place_of_a_tunnel_is_no_tls() {
    let scene = Scene::new().await;
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Please sign in</html>";
    let proxy = networks::Proxy::start(Manners::Answer(page), None).await;
    let fault = scene.ask_through(&format!("http://127.0.0.1:{}", proxy.port())).await.unwrap_err();
    assert_eq!(fault, Fault::Transport(TransportError::NotTls));
}

#[tokio::test]
async fn a_certificate_through_a_proxy_is_the_host_s_or_the_proxy_s_own() {
    let scene = Scene::new().await;
    let stranger = Authority::new("Another CA");
    let tunnel = networks::Proxy::start(Manners::Tunnel, None).await;
    let url = format!("http://127.0.0.1:{}", tunnel.port());
    let network = through(&url, trusting(&stranger));
    let fault = ask(&transport(network), &scene.front.origin()).await.unwrap_err();
    assert_eq!(fault, Fault::Transport(TransportError::Untrusted("its issuer is not known".into())));

    let proxy = networks::Proxy::start(Manners::Tunnel, Some(stranger.server(Shown::Good, "http/1.1"))).await;
    let port = proxy.port();
    let fault = scene.ask_through(&format!("https://localhost:{port}")).await.unwrap_err();
    let why = format!("it is that of the proxy localhost:{port}, and its issuer is not known");
    assert_eq!(fault, Fault::Transport(TransportError::Untrusted(why)));
    assert_eq!(proxy.asked(), Vec::<Asked>::new());
}

#[tokio::test]
async fn an_exception_goes_straight() {
    let scene = Scene::new().await;
    let proxy = networks::Proxy::start(Manners::Tunnel, None).await;
    let url = format!("http://127.0.0.1:{}", proxy.port());
    for (except, through) in [("localhost", 0), ("elsewhere.example", 1)] {
        let network =
            Network { proxy: Some(Proxy::parse(&url, except).unwrap()), ..trusting(&scene.authority) };
        assert!(ask(&transport(network), &scene.front.origin()).await.is_ok());
        assert_eq!(proxy.asked().len(), through, "{except}");
    }
}
