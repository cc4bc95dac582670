//! The proxy that a machine reaches the internet through, as `HTTPS_PROXY` and `NO_PROXY` name it.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// A proxy that HTTPS requests go through, in a tunnel that it does not look into. `Debug` and `Display` show its host
/// and port only: its URL may have a password.
#[derive(Clone)]
pub struct Proxy {
    url: Url,
    matcher: Arc<Matcher>,
    /// The same rules, for the client.
    for_client: reqwest::Proxy,
}

/// What is between this machine and a host: one proxy, and what it is told.
pub(crate) struct Via {
    pub(crate) is_https: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authorization: Option<HeaderValue>,
}

/// Why a proxy is refused. It shows nothing of the value, which may have a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProxy {
    /// It is no URL of a proxy.
    #[error(
        "it is not http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; percent-encode other characters than letters \
         and digits in USER and PASSWORD"
    )]
    NotAnOrigin,
    /// It is a URL of something else, such as SOCKS.
    #[error("its scheme is neither http nor https")]
    Scheme,
}

impl Proxy {
    /// Reads `url`: `http://[USER:PASSWORD@]HOST[:PORT]`, also with `https`, or without a scheme for `http`. Hosts that
    /// `except` names are reached without it: a list with commas, of domains (their subdomains, too), IP addresses,
    /// networks such as `10.0.0.0/8`, or `*`.
    ///
    /// # Errors
    /// [`BadProxy`], which shows nothing of `url`.
    pub fn parse(url: &str, except: &str) -> Result<Self, BadProxy> {
        let url = url.trim();
        let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let url = Url::parse(&with_scheme).map_err(|_| BadProxy::NotAnOrigin)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadProxy::Scheme);
        }
        // A `/`, `?` or `#` in a password that is not encoded ends the host: the rest would be lost.
        let is_origin = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !is_origin || Uri::try_from(url.as_str()).is_err() {
            return Err(BadProxy::NotAnOrigin);
        }
        let matcher = Matcher::builder().https(url.as_str()).no(except).build();
        let for_client = reqwest::Proxy::https(url.clone()).map_err(|_| BadProxy::NotAnOrigin)?;
        let for_client = for_client.no_proxy(reqwest::NoProxy::from_string(except));
        Ok(Self { url, matcher: Arc::new(matcher), for_client })
    }

    /// For the client that goes through it.
    pub(crate) fn for_client(&self) -> reqwest::Proxy {
        self.for_client.clone()
    }

    /// How `uri` is reached; `None` where the proxy is not used for it.
    pub(crate) fn via(&self, uri: &Uri) -> Option<Via> {
        let used = self.matcher.intercept(uri)?;
        Some(Via {
            is_https: self.url.scheme() == "https",
            host: used.uri().host()?.to_owned(),
            port: self.url.port_or_known_default()?,
            authorization: used.basic_auth().cloned(),
        })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port) = (self.url.host_str().unwrap_or_default(), self.url.port_or_known_default());
        write!(f, "{host}:{}", port.unwrap_or_default())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "S3n:tinel";

    fn is_used(proxy: &Proxy, url: &str) -> bool {
        proxy.via(&Uri::try_from(url).unwrap()).is_some()
    }

    #[test]
    fn a_proxy_is_named_with_and_without_a_scheme_and_a_password() {
        for (text, host, port, is_https) in [
            ("http://proxy.corp.example:8080", "proxy.corp.example", 8080, false),
            ("proxy.corp.example:3128", "proxy.corp.example", 3128, false),
            (" http://10.0.0.1 ", "10.0.0.1", 80, false),
            ("https://proxy.corp.example/", "proxy.corp.example", 443, true),
            ("http://[::1]:8080", "[::1]", 8080, false),
        ] {
            let proxy = Proxy::parse(text, "").unwrap();
            let via = proxy.via(&Uri::from_static("https://graph.microsoft.com/v1.0")).unwrap();
            assert_eq!((via.host.as_str(), via.port, via.is_https), (host, port, is_https), "{text}");
            assert_eq!(proxy.to_string(), format!("{host}:{port}"));
            assert!(via.authorization.is_none());
        }
        let proxy = Proxy::parse("http://CORP%5Cme:p%40ss%2Fword@proxy:8080", "").unwrap();
        let via = proxy.via(&Uri::from_static("https://graph.microsoft.com/")).unwrap();
        // `CORP\me:p@ss/word`
        assert_eq!(via.authorization.unwrap(), "Basic Q09SUFxtZTpwQHNzL3dvcmQ=");
    }

    #[test]
    fn what_is_no_proxy_is_refused_and_shown_nowhere() {
        for (text, bad) in [
            ("http://", BadProxy::NotAnOrigin),
            ("http://proxy:port", BadProxy::NotAnOrigin),
            ("http://proxy:99999", BadProxy::NotAnOrigin),
            ("http://me:S3n:tinel/x@proxy:8080", BadProxy::NotAnOrigin),
            ("http://me:12#S3n:tinel@proxy:8080", BadProxy::NotAnOrigin),
            ("http://me:12?S3n:tinel@proxy:8080", BadProxy::NotAnOrigin),
            ("http://me:S3n:tinel@proxy:8080/path", BadProxy::NotAnOrigin),
            ("socks5://me:S3n:tinel@proxy:1080", BadProxy::Scheme),
            ("file:///S3n:tinel", BadProxy::Scheme),
        ] {
            let refused = Proxy::parse(text, "").unwrap_err();
            assert_eq!(refused, bad, "{text}");
            assert!(!format!("{refused} {refused:?}").contains("tinel"), "{text}");
        }
    }

    #[test]
    fn the_password_shows_in_no_debug() {
        let proxy = Proxy::parse(&format!("http://me:{PASSWORD}@proxy:8080"), "").unwrap();
        let via = proxy.via(&Uri::from_static("https://graph.microsoft.com/")).unwrap();
        let shown = format!("{proxy} {proxy:?} {:?}", via.authorization);
        assert!(!shown.contains("tinel") && !shown.contains("Basic"), "{shown}");
    }

    #[test]
    fn an_exception_is_reached_without_it_and_plain_http_always_is() {
        let proxy = Proxy::parse("proxy:8080", "localhost, .corp.example,10.0.0.0/8, 192.168.1.7").unwrap();
        for url in [
            "https://localhost:1/",
            "https://graph.corp.example/",
            "https://corp.example/",
            "https://10.1.2.3/",
            "https://192.168.1.7/",
            "http://127.0.0.1:1/",
        ] {
            assert!(!is_used(&proxy, url), "{url}");
        }
        for url in ["https://graph.microsoft.com/", "https://notcorp.example/", "https://192.168.1.8/"] {
            assert!(is_used(&proxy, url), "{url}");
        }
        assert!(!is_used(&Proxy::parse("proxy:8080", "*").unwrap(), "https://graph.microsoft.com/"));
    }
}
