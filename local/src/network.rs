//! The network as the environment describes it: a proxy, and CAs that are trusted besides the built-in ones.

use std::ffi::OsString;
use std::path::Path;

use graph_http::{MoreRoots, Network, Proxy};

use crate::failure::Failure;

/// Reads `HTTPS_PROXY`, `NO_PROXY` and `SSL_CERT_FILE`; nothing is opened or parsed for one that is not set. In small
/// letters the first two count before those in capitals, as they do for curl.
///
/// Fails for a value that is not what it should be, naming the variable. A proxy's value is not shown: it may have a
/// password.
pub(crate) fn of(
    text: impl Fn(&str) -> Result<Option<String>, Failure>,
    certificates: Option<OsString>,
) -> Result<Network, Failure> {
    let first = |names: [&'static str; 2]| {
        for name in names {
            if let Some(text) = text(name)? {
                return Ok(Some((name, text)));
            }
        }
        Ok::<_, Failure>(None)
    };
    let proxy = match first(["https_proxy", "HTTPS_PROXY"])? {
        None => None,
        Some((name, url)) => {
            let except = first(["no_proxy", "NO_PROXY"])?.map(|(_, text)| text).unwrap_or_default();
            let proxy = Proxy::parse(&url, &except);
            Some(proxy.map_err(|bad| Failure::Usage(format!("{name} is refused: {bad}")))?)
        }
    };
    let roots = certificates.map(|file| roots(Path::new(&file))).transpose()?.unwrap_or_default();
    Ok(Network { proxy, roots })
}

fn roots(file: &Path) -> Result<MoreRoots, Failure> {
    let refused =
        |why: String| Failure::Usage(format!("SSL_CERT_FILE is refused: {}: {why}", file.display()));
    let pem = std::fs::read(file).map_err(|error| refused(error.to_string()))?;
    MoreRoots::from_pem(&pem).map_err(|bad| refused(bad.to_string()))
}

/// Logs what is not as on any other network.
pub(crate) fn log(network: &Network) {
    if let Some(proxy) = &network.proxy {
        tracing::info!(%proxy, "HTTPS goes through the proxy that HTTPS_PROXY names");
    }
    if network.roots.count() > 0 {
        let cas = network.roots.count();
        tracing::info!(cas, "the CAs in SSL_CERT_FILE are trusted besides the built-in ones");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(variables: &[(&str, &str)]) -> Result<Network, Failure> {
        let find = |name: &str| variables.iter().find(|(other, _)| *other == name);
        of(|name| Ok(find(name).map(|(_, value)| (*value).to_owned())), None)
    }

    fn proxy(variables: &[(&str, &str)]) -> String {
        network(variables).unwrap().proxy.unwrap().to_string()
    }

    #[test]
    fn small_letters_count_before_capitals() {
        assert!(network(&[("NO_PROXY", "*")]).unwrap().proxy.is_none());
        assert_eq!(proxy(&[("HTTPS_PROXY", "http://one:1")]), "one:1");
        assert_eq!(proxy(&[("https_proxy", "two:2"), ("HTTPS_PROXY", "http://one:1")]), "two:2");
    }

    #[test]
    fn a_bad_proxy_is_refused_by_its_variable_s_name_and_not_shown() {
        for name in ["https_proxy", "HTTPS_PROXY"] {
            for value in ["http://me:S3ntinel@proxy:port", "socks5://me:S3ntinel@proxy:1"] {
                let refused = network(&[(name, value)]).unwrap_err();
                assert!(matches!(&refused, Failure::Usage(text) if text.starts_with(name)), "{refused}");
                assert!(!format!("{refused} {refused:?}").contains("S3ntinel"), "{refused}");
            }
        }
    }
}
