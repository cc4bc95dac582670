//! What a caller sends.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use test_connection::Input;

/// A connection to be entered. `Debug` shows no secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Directory (tenant) ID.
    pub tenant_id: String,
    /// Application (client) ID.
    pub client_id: String,
    /// The client secret's Value.
    pub client_secret: SecretString,
    /// `global`, `gcc-high` or `dod`; empty for `global`.
    #[serde(default)]
    pub cloud: String,
    /// What people call it.
    pub name: Option<String>,
    /// How far back the first sync goes; 30 days where it is not said.
    pub since: Option<Timestamp>,
    /// How often it is synced; once a minute where it is not said.
    #[serde(default, deserialize_with = "seconds_or_null")]
    pub interval_seconds: Option<u64>,
    /// The day on which the secret expires.
    pub secret_expires: Option<Date>,
    /// Save it also when the test finds it bad.
    #[serde(default)]
    pub save_anyway: bool,
}

impl Entry {
    /// What is tested of it.
    #[must_use]
    pub fn input(&self) -> Input {
        Input {
            tenant_id: self.tenant_id.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            cloud: self.cloud.clone(),
        }
    }
}

/// A new secret. `Debug` does not show it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCredential {
    /// The client secret's Value.
    pub client_secret: SecretString,
    /// The day on which it expires; unknown where it is not said, as the old one's day is not the new one's.
    pub secret_expires: Option<Date>,
    /// Replace the old one also when the test finds the new one bad.
    #[serde(default)]
    pub save_anyway: bool,
}

/// What is to be changed; what is not said stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Change {
    /// What people call it; `null` for nothing.
    #[serde(deserialize_with = "said")]
    pub name: Option<Option<String>>,
    /// How often it is synced.
    #[serde(deserialize_with = "seconds")]
    pub interval_seconds: Option<u64>,
    /// Whether it is kept and not synced.
    #[serde(deserialize_with = "present")]
    pub paused: Option<bool>,
    /// The day on which the secret expires; `null` where it is not known.
    #[serde(deserialize_with = "said")]
    pub secret_expires: Option<Option<Date>>,
}

/// Whole seconds. In JSON 60.0 is as whole as 60.
fn whole(seconds: f64) -> Option<u64> {
    let span = Duration::try_from_secs_f64(seconds).ok()?;
    (span.subsec_nanos() == 0).then_some(span.as_secs())
}

fn seconds<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    whole(f64::deserialize(value)?).map(Some).ok_or_else(|| D::Error::custom("not whole seconds"))
}

fn seconds_or_null<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    let Some(seconds) = Option::deserialize(value)? else { return Ok(None) };
    whole(seconds).map(Some).ok_or_else(|| D::Error::custom("not whole seconds"))
}

/// What is there is a value: `null` is none.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// Tells `null` from what is not there.
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_absent_are_two_things() {
        let change: Change = serde_json::from_str(r#"{"name":null,"paused":true}"#).unwrap();
        assert_eq!(change, Change { name: Some(None), paused: Some(true), ..Change::default() });
        assert!(serde_json::from_str::<Change>(r#"{"paused":null}"#).is_err());
    }

    #[test]
    fn seconds_are_whole_however_they_are_written() {
        let seconds = |text: &str| {
            let change: Option<Change> =
                serde_json::from_str(&format!(r#"{{"intervalSeconds":{text}}}"#)).ok();
            change.and_then(|change| change.interval_seconds)
        };
        assert_eq!((seconds("60"), seconds("60.0"), seconds("6e1")), (Some(60), Some(60), Some(60)));
        for bad in ["60.5", "-60", "1e300", "\"60\"", "null"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let entry = r#"{"tenantId":"t","clientId":"c","clientSecret":"S3ntinel"}"#;
        let entry: Entry = serde_json::from_str(entry).unwrap();
        let new: NewCredential = serde_json::from_str(r#"{"clientSecret":"S3ntinel"}"#).unwrap();
        assert!(!format!("{entry:?}{new:?}{:?}", entry.input()).contains("S3ntinel"));
    }
}
