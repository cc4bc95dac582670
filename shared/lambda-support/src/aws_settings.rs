//! What the environment says about AWS.

use std::time::Duration;

use secrecy::SecretString;

use crate::BadSetting;

/// Region, credentials, and what is ours there. What a function does not use need not be set.
#[derive(Clone, Debug, Default)]
pub struct AwsSettings {
    /// `AWS_REGION`
    pub region: Option<String>,
    /// `AWS_ACCESS_KEY_ID` and what belongs to it.
    pub keys: Option<Keys>,
    /// `AWS_ENDPOINT_URL`
    pub endpoint: Option<String>,
    /// `SOC_ANYWHERE_TABLE`
    pub table: Option<String>,
    /// `SOC_ANYWHERE_QUEUE_URL`
    pub queue: Option<String>,
    /// `SOC_ANYWHERE_STACK`
    pub stack: Option<String>,
    /// `SOC_ANYWHERE_TENANT_CALLS`
    pub tenant_calls: Option<String>,
    /// `SOC_ANYWHERE_SECRETS_KEY`
    pub secrets_key: Option<String>,
    /// `SOC_ANYWHERE_RETENTION_DAYS`
    pub retention: Option<Duration>,
}

/// The function's role, for as long as the process lives. `Debug` shows the id only.
#[derive(Clone, Debug)]
pub struct Keys {
    /// `AWS_ACCESS_KEY_ID`
    pub id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret: SecretString,
    /// `AWS_SESSION_TOKEN`
    pub session: Option<SecretString>,
}

impl AwsSettings {
    pub(crate) fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let keys = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => {
                let session = variable("AWS_SESSION_TOKEN").map(SecretString::from);
                Some(Keys { id, secret: secret.into(), session })
            }
            _ => None,
        };
        Ok(Self {
            region: variable("AWS_REGION"),
            keys,
            endpoint: variable("AWS_ENDPOINT_URL"),
            table: variable("SOC_ANYWHERE_TABLE"),
            queue: variable("SOC_ANYWHERE_QUEUE_URL"),
            stack: variable("SOC_ANYWHERE_STACK").map(stack).transpose()?,
            tenant_calls: variable("SOC_ANYWHERE_TENANT_CALLS"),
            secrets_key: variable("SOC_ANYWHERE_SECRETS_KEY"),
            retention: variable("SOC_ANYWHERE_RETENTION_DAYS").map(|days| retention(&days)).transpose()?,
        })
    }
}

/// What `CloudFormation` takes for a stack's name, because it stands in secrets' names and in the roles' policies.
fn stack(text: String) -> Result<String, BadSetting> {
    let fits = text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { Ok(text) } else { Err(BadSetting::Stack) }
}

/// A first sync goes back 180 days at most. What ages out sooner and is read again would be new again.
fn retention(days: &str) -> Result<Duration, BadSetting> {
    match days.parse() {
        Ok(days @ 181..=36_500_u64) => Ok(Duration::from_secs(days * 86_400)),
        _ => Err(BadSetting::Retention),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<AwsSettings, BadSetting> {
        AwsSettings::of(|name| Some(variables.iter().find(|(other, _)| *other == name)?.1.to_owned()))
    }

    #[test]
    fn what_lambda_sets_is_taken_and_what_is_empty_is_not_set() {
        let settings = of(&[
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "S3ntinel"),
            ("AWS_SESSION_TOKEN", "S3ntinel"),
            ("AWS_ENDPOINT_URL", ""),
            ("SOC_ANYWHERE_RETENTION_DAYS", "400"),
        ])
        .unwrap();
        assert_eq!(settings.region.as_deref(), Some("eu-west-1"));
        assert_eq!(settings.endpoint, None);
        assert_eq!(settings.retention, Some(Duration::from_secs(34_560_000)));
        assert_eq!(settings.keys.as_ref().unwrap().id, "AKIAEXAMPLE");
        assert!(!format!("{settings:?}").contains("S3ntinel"), "{settings:?}");
    }

    #[test]
    fn a_bad_setting_is_named_and_its_value_is_not_repeated() {
        for (name, value) in [
            ("SOC_ANYWHERE_STACK", "prod/../other"),
            ("SOC_ANYWHERE_STACK", &"a-stack-".repeat(17)),
            ("SOC_ANYWHERE_RETENTION_DAYS", "30"),
            ("SOC_ANYWHERE_RETENTION_DAYS", "one year"),
        ] {
            let error = of(&[(name, value)]).unwrap_err().to_string();
            assert!(error.starts_with(name) && !error.contains(value), "{error}");
        }
    }
}
