//! A server that counts, and a way to ask it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use graph_http::{
    Answer, Clock, Connecting, Fault, HttpsTransport, Limits, MoreRoots, Network, Proxy, exchange,
};
use http_body_util::Full;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use networks::Authority;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

/// More than any answer on loopback takes, also on a busy machine.
pub(crate) const LIMITS: Limits = Limits { time: Duration::from_secs(120), body: 1024 };

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub(crate) const ALL: [Self; 2] = [Self::Http1, Self::Http2];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http/1.1",
            Self::Http2 => "h2",
        }
    }
}

/// Answers every request, without TLS: that is its front's.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: watch::Receiver<usize>,
    /// Whether answers are held back.
    held: watch::Sender<bool>,
}

impl Server {
    pub(crate) async fn start(protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (count, asked) = watch::channel(0);
        let (held, watched) = watch::channel(false);
        // Ends with the test's runtime.
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (count, watched) = (count.clone(), watched.clone());
                let service = service_fn(move |_| {
                    count.send_modify(|count| *count += 1);
                    let mut watched = watched.clone();
                    async move {
                        // It fails where the test is over.
                        let _ = watched.wait_for(|held| !held).await;
                        Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"yes"))))
                    }
                });
                let stream = TokioIo::new(stream);
                tokio::spawn(async move {
                    match protocol {
                        Protocol::Http1 => http1::Builder::new().serve_connection(stream, service).await,
                        Protocol::Http2 => {
                            http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await
                        }
                    }
                });
            }
        });
        Self { address, asked, held }
    }

    /// From now on requests arrive and are not answered.
    pub(crate) fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Answers what was held.
    pub(crate) fn release(&self) {
        self.held.send_replace(false);
    }

    /// Until so many requests have arrived.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.asked.clone().wait_for(|asked| *asked >= count).await.unwrap();
    }

    /// How many requests arrived.
    pub(crate) fn asked(&self) -> usize {
        *self.asked.borrow()
    }
}

/// A network in which `authority` is trusted, and nothing else is special.
pub(crate) fn trusting(authority: &Authority) -> Network {
    Network { roots: MoreRoots::from_pem(authority.pem().as_bytes()).unwrap(), proxy: None }
}

pub(crate) fn through(proxy: &str, network: Network) -> Network {
    Network { proxy: Some(Proxy::parse(proxy, "").unwrap()), ..network }
}

pub(crate) fn transport(network: Network) -> HttpsTransport {
    HttpsTransport::over(network, Connecting::within(LIMITS.time), Clock::system())
}

/// One try: nothing repeats it here.
pub(crate) async fn ask(transport: &HttpsTransport, origin: &str) -> Result<Answer, Fault> {
    let request = http::Request::get(format!("{origin}/path")).body("".into()).unwrap();
    exchange(transport, request, LIMITS, Instant::now() + LIMITS.time).await
}
