//! Microsoft's clouds and their hosts. A host comes from here, or from a checked override; never from a
//! customer's text, so that no text can send a secret elsewhere.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use url::{Host, Url};

/// A cloud that has incidents and alerts, or a simulator of one.
///
/// Hosts: <https://learn.microsoft.com/graph/deployments>. Tokens are not interchangeable between clouds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide cloud; GCC (not High) lives here too.
    Global,
    /// US Government L4.
    GccHigh,
    /// US Government L5.
    Dod,
    /// A simulated tenant at its own endpoint.
    Simulated(TestOrigin),
}

impl Cloud {
    /// The clouds that a customer can choose.
    pub const CHOICES: [Self; 3] = [Self::Global, Self::GccHigh, Self::Dod];

    /// The name it is stored and spoken of by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::GccHigh => "gcc-high",
            Self::Dod => "dod",
            Self::Simulated(_) => "simulated",
        }
    }

    /// Where its Entra and Graph are.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "only constants are parsed")]
    pub fn endpoints(&self) -> Endpoints {
        let of = |login: &str, graph: &str| Endpoints {
            login: Url::parse(login).expect("a constant"),
            graph: Url::parse(graph).expect("a constant"),
            scope: format!("{graph}/.default"),
        };
        match self {
            Self::Global => of("https://login.microsoftonline.com", "https://graph.microsoft.com"),
            Self::GccHigh => of("https://login.microsoftonline.us", "https://graph.microsoft.us"),
            Self::Dod => of("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
            Self::Simulated(origin) => Endpoints {
                login: origin.0.clone(),
                graph: origin.0.clone(),
                scope: "https://graph.microsoft.com/.default".into(),
            },
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A customer's choice of cloud, as text. A simulated cloud cannot be chosen so.
impl FromStr for Cloud {
    type Err = UnknownCloud;

    fn from_str(text: &str) -> Result<Self, UnknownCloud> {
        match text.to_ascii_lowercase().as_str() {
            "global" | "gcc" => Ok(Self::Global),
            "gcc-high" => Ok(Self::GccHigh),
            "dod" => Ok(Self::Dod),
            "china" | "21vianet" => Err(UnknownCloud::China),
            _ => Err(UnknownCloud::Unknown),
        }
    }
}

/// Why a cloud cannot be connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCloud {
    /// Its metadata (v1.0-Mooncake.csdl) has neither incidents nor `alerts_v2`.
    #[error("Microsoft 365 operated by 21Vianet has neither the incidents nor the alerts API")]
    China,
    /// Not one of the names.
    #[error("not a cloud: choose global (also for GCC), gcc-high or dod")]
    Unknown,
}

/// Where tokens are asked for and where they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Entra's origin.
    pub login: Url,
    /// Graph's origin. Bearer tokens go to it and to nothing else.
    pub graph: Url,
    /// The scope of a token for this Graph.
    pub scope: String,
}

impl Endpoints {
    /// `path` (and query) at Entra.
    #[must_use]
    pub fn login_uri(&self, path: &str) -> Uri {
        uri(&self.login, path)
    }

    /// The names of both hosts, for a firewall's administrator: with the port where it is not 443.
    #[must_use]
    pub fn hosts(&self) -> String {
        let of = |url: &Url| match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let (login, graph) = (of(&self.login), of(&self.graph));
        if login == graph { login } else { format!("{login} and {graph}") }
    }

    /// `path` (and query) at Graph.
    #[must_use]
    pub fn graph_uri(&self, path: &str) -> Uri {
        uri(&self.graph, path)
    }
}

/// `path` is built from constants, GUIDs and encoded values, so it always parses; if one day it does not,
/// the request goes to the origin's root, which answers 404, and not to another host.
fn uri(origin: &Url, path: &str) -> Uri {
    let root = origin.as_str().trim_end_matches('/');
    Uri::try_from(format!("{root}{path}")).unwrap_or_else(|_| Uri::try_from(root).unwrap_or_default())
}

/// An Entra and a Graph of one's own, from `SOC_ANYWHERE_LOGIN_URL` and `SOC_ANYWHERE_GRAPH_URL`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointOverride {
    /// In place of every cloud's Entra.
    pub login: Option<TestOrigin>,
    /// In place of every cloud's Graph.
    pub graph: Option<TestOrigin>,
}

impl EndpointOverride {
    /// Reads the values of `SOC_ANYWHERE_LOGIN_URL`, `SOC_ANYWHERE_GRAPH_URL` and, for private addresses,
    /// `SOC_ANYWHERE_ALLOW_TEST_HOSTS` (`1` or `0`); an empty one is none.
    ///
    /// # Errors
    /// [`BadOverride`], which names the one that is refused.
    pub fn parse(
        login: Option<&str>,
        graph: Option<&str>,
        allow_test_hosts: Option<&str>,
    ) -> Result<Self, BadOverride> {
        let private_hosts = match allow_test_hosts {
            Some("1") => PrivateHosts::Allowed,
            None | Some("" | "0") => PrivateHosts::Refused,
            Some(_) => {
                let name = "SOC_ANYWHERE_ALLOW_TEST_HOSTS";
                return Err(BadOverride { name, reason: BadOrigin::NotASwitch });
            }
        };
        let origin = |name, text: Option<&str>| {
            let text = text.map(str::trim).filter(|text| !text.is_empty());
            let parsed = text.map(|text| TestOrigin::parse(text, private_hosts)).transpose();
            parsed.map_err(|reason| BadOverride { name, reason })
        };
        Ok(Self {
            login: origin("SOC_ANYWHERE_LOGIN_URL", login)?,
            graph: origin("SOC_ANYWHERE_GRAPH_URL", graph)?,
        })
    }

    /// The endpoints for `cloud`. A simulated cloud keeps its own: no real secret reaches a simulator and
    /// no simulated one reaches Microsoft.
    #[must_use]
    pub fn endpoints(&self, cloud: &Cloud) -> Endpoints {
        let mut endpoints = cloud.endpoints();
        if !matches!(cloud, Cloud::Simulated(_)) {
            if let Some(TestOrigin(login)) = &self.login {
                endpoints.login = login.clone();
            }
            if let Some(TestOrigin(graph)) = &self.graph {
                endpoints.graph = graph.clone();
            }
        }
        endpoints
    }
}

/// An origin on this machine or, where allowed, on a private network: an IP literal or `localhost`, never
/// a DNS name, which could point anywhere by the time it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestOrigin(Url);

impl TestOrigin {
    /// Reads `http://127.0.0.1:8080` and the like.
    ///
    /// # Errors
    /// [`BadOrigin`], when it is not just an origin or its host is not allowed.
    pub fn parse(text: &str, private_hosts: PrivateHosts) -> Result<Self, BadOrigin> {
        let url = Url::parse(text).map_err(|_| BadOrigin::NotAnOrigin)?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare || !matches!(url.scheme(), "http" | "https") {
            return Err(BadOrigin::NotAnOrigin);
        }
        let ip: IpAddr = match url.host() {
            Some(Host::Domain("localhost")) => return Ok(Self(url)),
            Some(Host::Ipv4(ip)) => ip.into(),
            Some(Host::Ipv6(ip)) => ip.into(),
            Some(Host::Domain(_)) | None => return Err(BadOrigin::NotHere),
        };
        if ip.is_loopback() || (private_hosts == PrivateHosts::Allowed && is_private(ip)) {
            Ok(Self(url))
        } else {
            Err(BadOrigin::NotHere)
        }
    }
}

impl fmt::Display for TestOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Whether private addresses are allowed (`SOC_ANYWHERE_ALLOW_TEST_HOSTS=1`), as containers need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateHosts {
    /// They are.
    Allowed,
    /// Loopback only.
    Refused,
}

/// RFC 1918 and RFC 4193.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private(),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}

/// Why an override is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// Not of the form `http://HOST[:PORT]`.
    #[error("expected http://HOST:PORT without path, query or user")]
    NotAnOrigin,
    /// A public address, or a name.
    #[error(
        "its host must be localhost, a loopback IP or, with SOC_ANYWHERE_ALLOW_TEST_HOSTS=1, a private IP"
    )]
    NotHere,
    /// The setting that allows private IPs has another value than `1` or `0`.
    #[error("expected 1 or 0")]
    NotASwitch,
}

/// An override that is refused, by the name of its setting. The value is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct BadOverride {
    /// The setting.
    pub name: &'static str,
    /// What is wrong with it.
    pub reason: BadOrigin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_a_bad_one_is_named() {
        let read = |login, graph| EndpointOverride::parse(login, graph, None);
        assert_eq!(read(None, Some(" ")).unwrap(), EndpointOverride::default());
        let moved = read(Some("http://127.0.0.1:1"), None).unwrap();
        assert_eq!(moved.endpoints(&Cloud::Global).login.as_str(), "http://127.0.0.1:1/");
        let error = read(None, Some("https://example.com")).unwrap_err();
        assert!(error.to_string().starts_with("SOC_ANYWHERE_GRAPH_URL: its host"), "{error}");
        let private = |allow| EndpointOverride::parse(Some("http://10.0.0.1"), None, Some(allow));
        assert!(private("1").is_ok());
        assert_eq!(private("0").unwrap_err().reason, BadOrigin::NotHere);
        assert_eq!(private("true").unwrap_err().name, "SOC_ANYWHERE_ALLOW_TEST_HOSTS");
    }

    #[test]
    fn an_override_is_loopback_or_an_allowed_private_address() {
        use PrivateHosts::{Allowed, Refused};
        for text in ["http://127.0.0.1:8080", "http://localhost:1/", "https://[::1]:2", "http://127.9.9.9"] {
            assert!(TestOrigin::parse(text, Refused).is_ok(), "{text}");
        }
        for text in ["http://10.0.0.1:80", "http://172.17.0.1:1", "http://192.168.1.1", "http://[fd00::1]"] {
            assert_eq!(TestOrigin::parse(text, Refused), Err(BadOrigin::NotHere), "{text}");
            assert!(TestOrigin::parse(text, Allowed).is_ok(), "{text}");
        }
        for text in [
            "https://graph.microsoft.com",
            "http://8.8.8.8",
            "http://localhost.example",
            "http://169.254.169.254",
        ] {
            assert_eq!(TestOrigin::parse(text, Allowed), Err(BadOrigin::NotHere), "{text}");
        }
        for text in ["", "127.0.0.1:80", "file:///tmp", "http://127.0.0.1/x", "http://u:p@127.0.0.1"] {
            assert_eq!(TestOrigin::parse(text, Allowed), Err(BadOrigin::NotAnOrigin), "{text}");
        }
    }

    #[test]
    fn an_override_does_not_move_a_simulated_connection() {
        let origin = |port: u16| {
            TestOrigin::parse(&format!("http://127.0.0.1:{port}"), PrivateHosts::Refused).unwrap()
        };
        let elsewhere = EndpointOverride { login: Some(origin(1)), graph: Some(origin(2)) };
        let simulated = Cloud::Simulated(origin(3));
        assert_eq!(elsewhere.endpoints(&simulated), simulated.endpoints());
        assert_eq!(elsewhere.endpoints(&Cloud::Dod).graph.as_str(), "http://127.0.0.1:2/");
        assert_eq!(elsewhere.endpoints(&Cloud::Dod).scope, "https://dod-graph.microsoft.us/.default");
    }

    #[test]
    fn china_is_refused_with_the_reason() {
        assert_eq!("china".parse::<Cloud>(), Err(UnknownCloud::China));
        assert_eq!("simulated".parse::<Cloud>(), Err(UnknownCloud::Unknown));
    }
}
