//! The transport that is used outside tests: reqwest with the roots compiled in.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::connect_error;
use crate::network::Network;
use crate::transport::{Request, Transport, TransportError};

/// TCP and TLS to a Microsoft front end take well under 100 ms; 3 s rides out one lost SYN.
const CONNECT: Duration = Duration::from_secs(3);

/// Graph's front ends close idle connections after some minutes; a pooled one is not trusted longer.
const IDLE: Duration = Duration::from_secs(60);

/// HTTPS to public hosts; plain HTTP only to loopback and private addresses, where the simulator is.
///
/// It follows no redirect and knows no proxy, so that a bearer token goes where it is sent and nowhere
/// else. It has no time-out of its own but for connecting: [`crate::exchange`] has them.
#[derive(Clone, Debug)]
pub struct HttpsTransport(reqwest::Client);

impl HttpsTransport {
    /// Builds the one client of the process, which trusts the built-in roots; it keeps its connections, so build it
    /// once. The trust anchors are constants that are never parsed, which is what makes this cheap at start-up.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Network::default())
    }

    /// The same over `network`.
    ///
    /// # Panics
    /// Never in practice: only if the TLS provider that is compiled in supported no protocol version.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one client builder")]
    pub fn over(network: Network) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports the default protocol versions")
            .with_root_certificates(network.roots.store())
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .retry(reqwest::retry::never())
            .build()
            .expect("the client's settings are constants");
        Self(client)
    }
}

impl Default for HttpsTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for HttpsTransport {
    type Body = reqwest::Body;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        let request = reqwest::Request::try_from(request.map(crate::transport::RequestBody::into_bytes))
            .map_err(|_| TransportError::Refused("its URL cannot be sent"))?;
        if !may_be_sent(request.url()) {
            return Err(TransportError::Refused("plain HTTP to a public host"));
        }
        match self.0.execute(request).await {
            Ok(response) => Ok(response.into()),
            Err(error) if error.is_connect() => Err(connect_error::straight(&error.without_url())),
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
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let request = http::Request::get(format!("http://{address}/secret-path")).body("".into()).unwrap();
        let error = HttpsTransport::new().send(request).await.unwrap_err();
        assert!(matches!(&error, TransportError::Connect(text) if text.contains("refused")), "{error}");
        assert!(!error.to_string().contains("secret-path"));
    }
}
