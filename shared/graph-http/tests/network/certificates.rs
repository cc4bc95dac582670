//! Whose certificate is trusted, and what is said of one that is not.

use graph_http::{Fault, Network, TransportError};
use networks::{Authority, Front, Shown};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Protocol, Server, ask, transport, trusting};

#[tokio::test]
async fn a_ca_of_ones_own_is_trusted_once_it_is_named() {
    for protocol in Protocol::ALL {
        let authority = Authority::new("Inspection CA");
        let server = Server::start(protocol).await;
        let front = Front::start(authority.server(Shown::Good, protocol.name()), server.address).await;
        let fault = ask(&transport(Network::default()), &front.origin()).await.unwrap_err();
        let why = "its issuer is not known".to_owned();
        assert_eq!(fault, Fault::Transport(TransportError::Untrusted(why)));
        assert_eq!(server.asked(), 0);
        let answer = ask(&transport(trusting(&authority)), &front.origin()).await.unwrap();
        assert_eq!((answer.body.as_ref(), server.asked()), (b"yes".as_ref(), 1), "{protocol:?}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_says_why_and_nothing_is_sent() {
    let authority = Authority::new("Inspection CA");
    let server = Server::start(Protocol::Http1).await;
    for (shown, why) in [
        (Shown::Expired, "it has expired, or this machine's clock is wrong"),
        (Shown::NotYetValid, "it is not valid yet, or this machine's clock is wrong"),
        (Shown::OtherHost, "it is for another host"),
        (Shown::SelfSigned, "its issuer is not known"),
    ] {
        let front = Front::start(authority.server(shown, "http/1.1"), server.address).await;
        let fault = ask(&transport(trusting(&authority)), &front.origin()).await.unwrap_err();
        assert_eq!(fault, Fault::Transport(TransportError::Untrusted(why.into())), "{shown:?}");
        assert_eq!(graph_http::retry::Failure::of_fault(&fault), None, "no repetition changes it");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_server_without_tls_on_the_port_of_https_is_told_as_one() {
    let server = Server::start(Protocol::Http1).await;
    let origin = format!("https://localhost:{}", server.address.port());
    let fault = ask(&transport(Network::default()), &origin).await.unwrap_err();
    assert_eq!(fault, Fault::Transport(TransportError::NotTls));
}

/// Alerts of middle boxes and firewalls: a fatal one, in TLS 1.2's record.
#[tokio::test]
async fn a_peer_that_refuses_the_handshake_is_told_as_one_and_not_as_a_blocked_port() {
    for (alert, is_refusal) in [(40, true), (70, true), (71, true), (112, true), (80, false)] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let answering = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(&[21, 3, 3, 0, 2, 2, alert]).await.unwrap();
            // Closed with bytes that nobody read, the connection would be reset, and the alert lost.
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
        };
        let transport = transport(Network::default());
        let (fault, _) = tokio::join!(ask(&transport, &origin), answering);
        let fault = fault.unwrap_err();
        assert_eq!(fault == Fault::Transport(TransportError::NotTls), is_refusal, "{alert}: {fault:?}");
        assert_eq!(graph_http::retry::Failure::of_fault(&fault).is_none(), is_refusal, "{alert}");
    }
}

#[tokio::test]
async fn a_ca_s_own_certificate_is_told_as_that() {
    let authority = Authority::new("Inspection CA");
    let server = Server::start(Protocol::Http1).await;
    let front = Front::start(authority.server(Shown::AuthoritysOwn, "http/1.1"), server.address).await;
    let fault = ask(&transport(trusting(&authority)), &front.origin()).await.unwrap_err();
    let why = "it is a CA's own, which no server may show".to_owned();
    assert_eq!(fault, Fault::Transport(TransportError::Untrusted(why)));
}

#[tokio::test]
async fn a_file_with_a_byte_order_mark_is_read() {
    let pem = format!("\u{feff}{}", Authority::new("Inspection CA").pem());
    assert_eq!(graph_http::MoreRoots::from_pem(pem.as_bytes()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_ca_that_only_has_the_name_of_a_trusted_one_is_not_trusted() {
    let (trusted, other) = (Authority::new("Inspection CA"), Authority::new("Inspection CA"));
    let server = Server::start(Protocol::Http1).await;
    let front = Front::start(other.server(Shown::Good, "http/1.1"), server.address).await;
    let fault = ask(&transport(trusting(&trusted)), &front.origin()).await.unwrap_err();
    let why = "the issuer that it names did not sign it".to_owned();
    assert_eq!(fault, Fault::Transport(TransportError::Untrusted(why)));
    assert_eq!(server.asked(), 0);
}
