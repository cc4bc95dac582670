//! The transport that is used outside tests: reqwest with the roots compiled in.

use std::fmt;
use std::sync::Arc;

use reqwest::redirect::Policy;
use rustls::ClientConfig;
use url::{Host, Position, Url};

use crate::clients::{Clients, IDLE};
use crate::clock::Clock;
use crate::connect_error;
use crate::connecting::Connecting;
use crate::detour::{Detour, ThroughProxy};
use crate::network::Network;
use crate::roots::MoreRoots;
use crate::transport::{Request, Transport, TransportError};

/// HTTPS to public hosts; plain HTTP only to loopback and private addresses, where the simulator is.
///
/// It follows no redirect and knows no proxy but the one it is given, so that a bearer token goes where it is sent and
/// nowhere else. It has no time-out of its own but for connecting: [`crate::exchange`] has them. Clones share their
/// connections.
#[derive(Clone)]
pub struct HttpsTransport(Arc<Shared>);

struct Shared {
    clients: Clients,
    detour: Option<Box<dyn Detour>>,
}

impl HttpsTransport {
    /// The transport that goes straight and trusts the built-in roots. It keeps its connections, so build one for a
    /// process. The trust anchors are constants that are never parsed, which is what makes this cheap at start-up.
    #[must_use]
    pub fn new() -> Self {
        // Not by way of `over`, which links what a proxy takes.
        let (tls, connecting) = (tls(MoreRoots::default()), Connecting::default());
        let clients = Clients::new(move || build(builder(tls.clone(), connecting)), Clock::system());
        Self(Arc::new(Shared { clients, detour: None }))
    }

    /// The transport over `network`, which takes no longer than `connecting` to connect. `clock` is the wall clock: a
    /// connection whose last answer is more than 60 s ago by that clock is not used again.
    #[must_use]
    pub fn over(network: Network, connecting: Connecting, clock: Clock) -> Self {
        let tls = tls(network.roots);
        let Some(proxy) = network.proxy else {
            let clients = Clients::new(move || build(builder(tls.clone(), connecting)), clock);
            return Self(Arc::new(Shared { clients, detour: None }));
        };
        let detour = Box::new(ThroughProxy {
            proxy: proxy.clone(),
            tls: tls.clone(),
            answers_within: connecting.refusal,
        });
        let through = move || {
            let builder = builder(tls.clone(), connecting).connect_timeout(connecting.through_proxy);
            build(builder.proxy(proxy.for_client()))
        };
        Self(Arc::new(Shared { clients: Clients::new(through, clock), detour: Some(detour) }))
    }
}

/// # Panics
/// Never in practice: only if the TLS provider that is compiled in supported no protocol version.
fn tls(roots: MoreRoots) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(roots.store())
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    tls
}

#[expect(clippy::disallowed_methods, reason = "this is the one client builder")]
fn builder(tls: ClientConfig, connecting: Connecting) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        // None of the environment's: whoever owns the process reads that, and passes what it names.
        .no_proxy()
        .connect_timeout(connecting.straight)
        .pool_idle_timeout(IDLE)
        .retry(reqwest::retry::never())
}

/// # Panics
/// Never in practice: what is set is constant, or was checked when it was read.
fn build(builder: reqwest::ClientBuilder) -> reqwest::Client {
    builder.build().expect("the client's settings are good")
}

impl Default for HttpsTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsTransport").finish_non_exhaustive()
    }
}

impl Transport for HttpsTransport {
    type Body = reqwest::Body;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        let detour = self.0.detour.as_ref().and_then(|detour| Some((detour, detour.via(request.uri())?)));
        let request = reqwest::Request::try_from(request.map(crate::transport::RequestBody::into_bytes))
            .map_err(|_| TransportError::Refused("its URL cannot be sent"))?;
        let url = request.url().clone();
        if !may_be_sent(&url) {
            return Err(TransportError::Refused("plain HTTP to a public host"));
        }
        let origin = &url[..Position::BeforePath];
        let lent = self.0.clients.lend(origin);
        match lent.client.execute(request).await {
            Ok(response) => {
                self.0.clients.answered(origin, &lent);
                Ok(response.into())
            }
            Err(error) if error.is_connect() => {
                let error = error.without_url();
                Err(match detour {
                    None => connect_error::straight(&error),
                    Some((detour, via)) => detour.explain(&via, &url, &error).await,
                })
            }
            Err(error) => Err(TransportError::Broken(connect_error::root_cause(&error.without_url()))),
        }
    }
}

fn may_be_sent(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private(),
            Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_loopback_and_private_addresses_only() {
        for url in
            ["https://graph.microsoft.com/", "http://127.0.0.1:1/", "http://[::1]/", "http://10.0.0.1/"]
        {
            assert!(may_be_sent(&url.parse().unwrap()), "{url}");
        }
        for url in ["http://graph.microsoft.com/", "http://8.8.8.8/", "http://localhost.example/"] {
            assert!(!may_be_sent(&url.parse().unwrap()), "{url}");
        }
    }

    #[tokio::test]
    async fn a_refused_connection_says_so_without_the_url() {
        let nobody = networks::Refusing::bind();
        let request =
            http::Request::get(format!("http://{}/secret-path", nobody.address())).body("".into()).unwrap();
        let error = HttpsTransport::new().send(request).await.unwrap_err();
        assert!(matches!(&error, TransportError::Connect(text) if text.contains("refused")), "{error}");
        assert!(!error.to_string().contains("secret-path"));
    }
}
