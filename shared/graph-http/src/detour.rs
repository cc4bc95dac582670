//! The way through a proxy. It is behind a trait, so that a program that never names a proxy, such as a Lambda function,
//! links nothing of what a proxy's refusals take to understand: that is 50 KB.

use std::pin::Pin;
use std::time::Duration;

use http::Uri;
use rustls::ClientConfig;
use url::Url;

use crate::connect_error::{chain, is_no_tls, root_cause, straight, tls_error, words};
use crate::proxy::{Proxy, Via};
use crate::proxy_answer::{self, ProxyAnswer};
use crate::transport::TransportError;

/// What hyper-util's errors begin with when a proxy opens no tunnel; their type is not public.
const NO_TUNNEL: &str = "tunnel error: ";

/// The one for 407. The proxy is not asked again then: wrong passwords are counted, and lock an account.
const UNAUTHORIZED: &str = "tunnel error: proxy authorization required";

/// A way that is not the straight one.
pub(crate) trait Detour: Send + Sync {
    /// How `uri` is reached; `None` for straight.
    fn via(&self, uri: &Uri) -> Option<Via>;

    /// Why no connection to `url` was made.
    fn explain<'a>(
        &'a self,
        via: &'a Via,
        url: &'a Url,
        error: &'a reqwest::Error,
    ) -> Pin<Box<dyn Future<Output = TransportError> + Send + 'a>>;
}

/// The one through a proxy.
pub(crate) struct ThroughProxy {
    pub(crate) proxy: Proxy,
    /// For a proxy that is asked over TLS.
    pub(crate) tls: ClientConfig,
    /// How long a proxy may take to say why it refused.
    pub(crate) answers_within: Duration,
}

impl Detour for ThroughProxy {
    fn via(&self, uri: &Uri) -> Option<Via> {
        self.proxy.via(uri)
    }

    fn explain<'a>(
        &'a self,
        via: &'a Via,
        url: &'a Url,
        error: &'a reqwest::Error,
    ) -> Pin<Box<dyn Future<Output = TransportError> + Send + 'a>> {
        Box::pin(self.why(via, url, error))
    }
}

impl ThroughProxy {
    /// What the proxy answered, the HTTP client does not tell: the proxy is asked once more where that says what to do.
    async fn why(&self, via: &Via, url: &Url, error: &reqwest::Error) -> TransportError {
        let proxy = format!("{}:{}", via.host, via.port);
        let no_tunnel = chain(error).map(ToString::to_string).find(|text| text.starts_with(NO_TUNNEL));
        let what = match (no_tunnel, tls_error(error)) {
            (None, Some(_)) => return straight(error),
            (Some(_), Some(rustls::Error::InvalidCertificate(why))) => {
                return TransportError::Untrusted(format!(
                    "it is that of the proxy {proxy}, and {}",
                    words(why)
                ));
            }
            (Some(_), Some(error)) if is_no_tls(error) => {
                format!(
                    "the proxy {proxy} speaks no TLS that is spoken here ({error}); the scheme of a proxy without TLS is http"
                )
            }
            (Some(text), None) if text == UNAUTHORIZED => {
                return TransportError::ProxyRefused { proxy, status: 407 };
            }
            _ if error.is_timeout() => format!("through the proxy {proxy}: {}", root_cause(error)),
            _ => match proxy_answer::ask(via, url, &self.tls, self.answers_within).await {
                Ok(ProxyAnswer::Status(status @ (300..500 | 511))) => {
                    return TransportError::ProxyRefused { proxy, status };
                }
                Ok(ProxyAnswer::Page) => return TransportError::NotTls,
                Ok(ProxyAnswer::Status(200)) => format!("through the proxy {proxy}: {}", root_cause(error)),
                Ok(ProxyAnswer::Status(status)) => format!("the proxy {proxy} answered {status}"),
                Ok(ProxyAnswer::Closed) => format!("the proxy {proxy} closed the connection"),
                Ok(ProxyAnswer::NotHttp) => format!("what answers at {proxy} is no HTTP proxy"),
                Err(io) => format!("the proxy {proxy}: {io}"),
            },
        };
        TransportError::Connect(what)
    }
}
