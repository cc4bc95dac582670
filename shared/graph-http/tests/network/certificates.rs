//! Whose certificate is trusted, and what is said of one that is not.

use graph_http::{Fault, Network, TransportError};
use networks::{Authority, Front, Shown};

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
