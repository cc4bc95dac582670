//! The one reader of the environment.

use std::ffi::OsString;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use graph_auth::{EndpointOverride, PrivateHosts, TestOrigin};
use graph_http::Network;
use secrecy::SecretString;

use crate::failure::Failure;
use crate::network;

/// What the environment says.
///
/// - `SOC_ANYWHERE_CLIENT_SECRET`: the client secret for `connections add`, `connections
///   set-secret` and `test-connection`.
/// - `SOC_ANYWHERE_LOGIN_URL`, `SOC_ANYWHERE_GRAPH_URL`: an Entra and a Graph of one's own in place of every
///   cloud's: `http://HOST:PORT`, its host a loopback IP or `localhost`.
/// - `SOC_ANYWHERE_ALLOW_TEST_HOSTS=1`: those two may also be private IPs.
/// - `HTTPS_PROXY`, `NO_PROXY`, also in small letters: the proxy that HTTPS goes through, and what is reached without.
/// - `SSL_CERT_FILE`: a PEM file with CAs that are trusted besides the built-in ones.
/// - `RUST_LOG`: which log lines to print, such as `warn,sync_incidents=debug`; crates of others print `INFO` at most.
/// - `USER`, or else `LOGNAME` (on Windows `USERNAME`): who enters and changes connections, in the log's audit lines.
/// - `XDG_DATA_HOME`, or else `HOME` (on Windows `APPDATA`): where stores are kept that no `--store` names.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Entra and Graph of one's own.
    pub(crate) endpoints: EndpointOverride,
    /// The proxy and the CAs of one's own.
    pub(crate) network: Network,
    /// The secret, unless it is unset or empty.
    pub(crate) client_secret: Option<SecretString>,
    /// Which log lines to print, unless it is unset or empty.
    pub(crate) log: Option<String>,
    /// The user's name, where it is known.
    pub(crate) user: Option<String>,
    /// The folder for stores; `None` where there is no home.
    pub(crate) data_folder: Option<PathBuf>,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    pub(crate) fn from_env() -> Result<Self, Failure> {
        let data_folder =
            etcetera::choose_base_strategy().ok().map(|base| base.data_dir().join("soc-anywhere"));
        Self::of(|name| std::env::var_os(name).filter(|value| !value.is_empty()), data_folder)
    }

    fn of(
        variable: impl Fn(&str) -> Option<OsString>,
        data_folder: Option<PathBuf>,
    ) -> Result<Self, Failure> {
        let text = |name: &str| match variable(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            // The value is not shown: it may be the secret.
            Some(Err(_)) => Err(Failure::Usage(format!("{name} is not UTF-8"))),
        };
        let private_hosts = match text("SOC_ANYWHERE_ALLOW_TEST_HOSTS")?.as_deref() {
            Some("1") => PrivateHosts::Allowed,
            None | Some("0") => PrivateHosts::Refused,
            Some(_) => return Err(Failure::Usage("SOC_ANYWHERE_ALLOW_TEST_HOSTS is neither 1 nor 0".into())),
        };
        let origin = |name: &str| match text(name)? {
            None => Ok(None),
            Some(value) => TestOrigin::parse(&value, private_hosts)
                .map(Some)
                .map_err(|bad| Failure::Usage(format!("{name} is refused: {bad}"))),
        };
        Ok(Self {
            endpoints: EndpointOverride {
                login: origin("SOC_ANYWHERE_LOGIN_URL")?,
                graph: origin("SOC_ANYWHERE_GRAPH_URL")?,
            },
            network: network::of(text, variable("SSL_CERT_FILE"))?,
            log: text("RUST_LOG")?,
            user: ["USER", "LOGNAME", "USERNAME"]
                .into_iter()
                .find_map(|name| variable(name)?.into_string().ok()),
            client_secret: text("SOC_ANYWHERE_CLIENT_SECRET")?.map(Into::into),
            data_folder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Environment, Failure> {
        let find = |name: &str| Some(variables.iter().find(|(other, _)| *other == name)?.1.into());
        Environment::of(find, None)
    }

    #[test]
    fn a_bad_override_is_refused_by_name_and_reason() {
        for (name, value, reason) in [
            ("SOC_ANYWHERE_LOGIN_URL", "https://login.microsoftonline.com", "loopback"),
            ("SOC_ANYWHERE_GRAPH_URL", "127.0.0.1:80", "http://HOST:PORT"),
            ("SOC_ANYWHERE_GRAPH_URL", "http://10.0.0.1", "SOC_ANYWHERE_ALLOW_TEST_HOSTS"),
            ("SOC_ANYWHERE_ALLOW_TEST_HOSTS", "yes", "neither"),
        ] {
            let refused = of(&[(name, value)]).unwrap_err();
            assert!(
                matches!(&refused, Failure::Usage(text) if text.contains(name) && text.contains(reason)),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_private_host_needs_leave() {
        let allowed =
            of(&[("SOC_ANYWHERE_GRAPH_URL", "http://10.0.0.1:81"), ("SOC_ANYWHERE_ALLOW_TEST_HOSTS", "1")]);
        assert_eq!(allowed.unwrap().endpoints.graph.unwrap().to_string(), "http://10.0.0.1:81");
    }

    #[test]
    fn the_secret_shows_in_no_debug() {
        let environment = of(&[("SOC_ANYWHERE_CLIENT_SECRET", "S3ntinel")]).unwrap();
        assert!(environment.client_secret.is_some());
        assert!(!format!("{environment:?}").contains("S3ntinel"));
    }
}
