//! The one reader of the environment in a function.

use std::net::IpAddr;

use graph_auth::EndpointOverride;
use http_api::Limits;

use crate::logs::Logs;
use crate::{AwsSettings, BadSetting};

/// What the environment says.
///
/// - `AWS_LAMBDA_LOG_FORMAT` (`JSON` or `Text`) and `AWS_LAMBDA_LOG_LEVEL` (`DEBUG` to `FATAL`; `TRACE` is
///   refused): set by Lambda from the function's `LoggingConfig`.
/// - `SOC_ANYWHERE_EGRESS_ADDRESSES`: the IP addresses that requests come from, separated by commas, where they
///   are fixed (a NAT gateway's); named to customers whose Conditional Access blocks us.
/// - `SOC_ANYWHERE_LOGIN_URL`, `SOC_ANYWHERE_GRAPH_URL`: an Entra and a Graph of one's own in place of every
///   cloud's, for tests: `http://HOST:PORT`, its host a loopback IP or `localhost`.
/// - `SOC_ANYWHERE_ALLOW_TEST_HOSTS=1`: those two may also be private IPs.
/// - `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`: set by Lambda; the function's
///   role.
/// - `AWS_ENDPOINT_URL`: an AWS of one's own, for tests; plain HTTP to loopback and private IPs only.
/// - `SOC_ANYWHERE_TABLE`: the DynamoDB table.
/// - `SOC_ANYWHERE_QUEUE_URL`: the SQS queue for what is due; unset, the tick syncs it itself.
/// - `SOC_ANYWHERE_STACK`: the stack's name, letters, digits and `-`; it stands in the secrets' names.
/// - `SOC_ANYWHERE_SECRETS_KEY`: the KMS key that new secrets are encrypted under, in place of AWS's own.
/// - `SOC_ANYWHERE_TENANT_CALLS`: the ARN of the alias of the function that does what needs a secret that is kept.
/// - `SOC_ANYWHERE_TESTS_PER_MINUTE`, `SOC_ANYWHERE_TESTS_PER_DAY`, `SOC_ANYWHERE_CONNECTIONS_PER_OWNER`: how much one owner
///   may; 10, 100 and 500 where they are not set.
/// - `SOC_ANYWHERE_UNCOUNTED=1`: `test-connection` counts nobody's tests and asks nobody to sign in. Only for tests: in a
///   stack it would be a tool to guess secrets.
/// - `SOC_ANYWHERE_API_ID`: the id of the HTTP API whose requests are answered, and no other's.
/// - `SOC_ANYWHERE_OWNER_CLAIM`: the claim of a JWT that names its owner; `sub` where it is not set.
/// - `SOC_ANYWHERE_ACTOR_CLAIM`: the claim of a JWT that names the person, for audit lines; `sub` where it is not set.
/// - `SOC_ANYWHERE_RETENTION_DAYS`: how long a record stays after its last change (181 or more); unset, it stays
///   as long as its connection.
#[derive(Clone, Debug)]
pub struct Config {
    /// AWS, and what is ours there.
    pub aws: AwsSettings,
    /// Entra and Graph of one's own.
    pub endpoints: EndpointOverride,
    /// Where requests come from, where that is fixed.
    pub egress: Vec<IpAddr>,
    /// `SOC_ANYWHERE_TESTS_PER_MINUTE`, `SOC_ANYWHERE_TESTS_PER_DAY`, `SOC_ANYWHERE_CONNECTIONS_PER_OWNER`
    pub limits: Limits,
    /// `SOC_ANYWHERE_UNCOUNTED`
    pub uncounted: bool,
    /// `SOC_ANYWHERE_API_ID`
    pub api: Option<String>,
    /// `SOC_ANYWHERE_OWNER_CLAIM`
    pub owner_claim: String,
    /// `SOC_ANYWHERE_ACTOR_CLAIM`
    pub actor_claim: String,
    /// How to log.
    pub logs: Logs,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`BadSetting`], which names the setting.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    pub fn from_env() -> Result<Self, BadSetting> {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        Ok(Self {
            aws: AwsSettings::of(&variable)?,
            endpoints: EndpointOverride::parse(
                variable("SOC_ANYWHERE_LOGIN_URL").as_deref(),
                variable("SOC_ANYWHERE_GRAPH_URL").as_deref(),
                variable("SOC_ANYWHERE_ALLOW_TEST_HOSTS").as_deref(),
            )?,
            egress: addresses(&variable("SOC_ANYWHERE_EGRESS_ADDRESSES").unwrap_or_default())?,
            limits: Limits::of(
                most(&variable, "SOC_ANYWHERE_TESTS_PER_MINUTE")?,
                most(&variable, "SOC_ANYWHERE_TESTS_PER_DAY")?,
                most(&variable, "SOC_ANYWHERE_CONNECTIONS_PER_OWNER")?,
            ),
            uncounted: variable("SOC_ANYWHERE_UNCOUNTED").as_deref() == Some("1"),
            api: variable("SOC_ANYWHERE_API_ID").filter(|id| !id.is_empty()),
            owner_claim: claim(variable("SOC_ANYWHERE_OWNER_CLAIM")),
            actor_claim: claim(variable("SOC_ANYWHERE_ACTOR_CLAIM")),
            logs: Logs::parse(
                variable("AWS_LAMBDA_LOG_FORMAT").as_deref(),
                variable("AWS_LAMBDA_LOG_LEVEL").as_deref(),
            )?,
        })
    }
}

/// At least one: with none nobody could do anything, and with a text of another kind nobody would be bounded.
fn most(variable: impl Fn(&str) -> Option<String>, name: &'static str) -> Result<Option<u32>, BadSetting> {
    let text = variable(name).filter(|text| !text.is_empty());
    let most = text.map(|text| text.parse().ok().filter(|most| *most > 0).ok_or(BadSetting::Limit(name)));
    most.transpose()
}

fn claim(name: Option<String>) -> String {
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "sub".to_owned())
}

fn addresses(text: &str) -> Result<Vec<IpAddr>, BadSetting> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|_| BadSetting::Egress)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Config, BadSetting> {
        Config::of(|name| Some(variables.iter().find(|(other, _)| *other == name)?.1.to_owned()))
    }

    #[test]
    fn an_empty_environment_is_microsoft_s_clouds() {
        let config = of(&[]).unwrap();
        assert_eq!(config.endpoints, EndpointOverride::default());
        assert_eq!(config.egress, Vec::<IpAddr>::new());
    }

    #[test]
    fn outgoing_addresses_are_a_list() {
        let config = of(&[("SOC_ANYWHERE_EGRESS_ADDRESSES", "203.0.113.7, 2001:db8::1,")]).unwrap();
        assert_eq!(config.egress, ["203.0.113.7".parse::<IpAddr>().unwrap(), "2001:db8::1".parse().unwrap()]);
    }

    #[test]
    fn a_bad_setting_is_named_and_its_value_is_not_repeated() {
        for (name, value) in [
            ("SOC_ANYWHERE_EGRESS_ADDRESSES", "example.com"),
            ("SOC_ANYWHERE_LOGIN_URL", "https://example.com"),
            ("SOC_ANYWHERE_ALLOW_TEST_HOSTS", "example.com"),
            ("SOC_ANYWHERE_TESTS_PER_DAY", "example.com"),
            ("SOC_ANYWHERE_CONNECTIONS_PER_OWNER", "-1"),
            ("SOC_ANYWHERE_TESTS_PER_MINUTE", "0"),
            ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
            ("AWS_LAMBDA_LOG_FORMAT", "example.com"),
        ] {
            let error = of(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name) && !error.contains("example.com"), "{error}");
        }
    }
}
