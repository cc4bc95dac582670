//! What needs a secret that is kept is done by a function of its own, `tenant-calls`. It is told ids only: the fields it
//! reads from the store, and whatever allows the call it checks again.

use std::future::Future;
use std::time::Duration;

use graph_http::Transport;
use http_api::{Attempts, Caller, TooMany};
use incident_store::{ClientSecrets, ConnectionId, Connections, Groups, SyncStore};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::admin::Tested;
use crate::{Admin, Refusal};

/// Does what needs a secret that is kept.
pub trait TenantCalls: Send + Sync {
    /// Tests a connection of `caller`'s with the secret that is kept, and notes what it may do.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Unfinished`], [`Refusal::TooMany`], or when something cannot answer.
    fn test(
        &self,
        caller: &Caller,
        id: ConnectionId,
    ) -> impl Future<Output = Result<SavedTest, Refusal>> + Send;
}

/// A test of a saved connection.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedTest {
    /// The connection's version after it.
    pub version: u64,
    /// The test's report, as a client is sent it.
    pub report: Box<RawValue>,
}

/// What is asked of the function `tenant-calls`: ids, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// Test this connection.
    pub test: ConnectionId,
    /// Whose it must be.
    pub owner: String,
    /// Who asks on the owner's behalf, for the audit line.
    pub person: Option<String>,
}

/// What the function answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is the refusal of its name")]
pub enum Answer {
    /// It was tested.
    Tested(SavedTest),
    NotFound,
    Changed,
    Unfinished,
    /// There is room again after so many seconds.
    TooMany {
        seconds: u64,
        parameter: Option<String>,
    },
    /// What has failed is in the function's own log.
    Unavailable,
    Broken,
}

impl Call {
    /// Asks for the test of `caller`'s connection `id`.
    #[must_use]
    pub fn test(caller: &Caller, id: ConnectionId) -> Self {
        let Caller { owner, person } = caller.clone();
        Self { test: id, owner, person }
    }

    /// Who asks.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller { owner: self.owner.clone(), person: self.person.clone() }
    }
}

impl From<Result<SavedTest, Refusal>> for Answer {
    fn from(answer: Result<SavedTest, Refusal>) -> Self {
        match answer {
            Ok(tested) => Self::Tested(tested),
            Err(Refusal::NotFound) => Self::NotFound,
            Err(Refusal::Changed) => Self::Changed,
            Err(Refusal::Unfinished) => Self::Unfinished,
            Err(Refusal::TooMany(TooMany { wait, parameter })) => {
                Self::TooMany { seconds: wait.as_secs(), parameter: parameter.map(str::to_owned) }
            }
            Err(Refusal::Unavailable(_)) => Self::Unavailable,
            // No test of a saved connection ends with the others.
            Err(
                Refusal::Broken(_)
                | Refusal::Invalid { .. }
                | Refusal::Duplicate(_)
                | Refusal::Full(_)
                | Refusal::TestFailed(_),
            ) => Self::Broken,
        }
    }
}

impl From<Answer> for Result<SavedTest, Refusal> {
    fn from(answer: Answer) -> Self {
        let where_it_is = || "the log of tenant-calls says why".to_owned();
        Err(match answer {
            Answer::Tested(tested) => return Ok(tested),
            Answer::NotFound => Refusal::NotFound,
            Answer::Changed => Refusal::Changed,
            Answer::Unfinished => Refusal::Unfinished,
            Answer::TooMany { seconds, parameter } => {
                let known = ["TestsPerMinute", "TestsPerDay"].into_iter();
                let parameter = known.into_iter().find(|name| Some(*name) == parameter.as_deref());
                Refusal::TooMany(TooMany { wait: Duration::from_secs(seconds), parameter })
            }
            Answer::Unavailable => Refusal::Unavailable(where_it_is()),
            Answer::Broken => Refusal::Broken(where_it_is()),
        })
    }
}

/// Who may read the secrets does it at once: `tenant-calls` itself, and the desk.
impl<S: Connections + Groups + SyncStore, V: ClientSecrets, A: Attempts, T: Transport> TenantCalls
    for Admin<S, V, A, T>
{
    async fn test(&self, caller: &Caller, id: ConnectionId) -> Result<SavedTest, Refusal> {
        let Tested { connection, report } = self.test(caller, id, |_| {}).await?;
        let report = serde_json::value::to_raw_value(&report);
        let report = report.map_err(|error| Refusal::Broken(error.to_string()))?;
        Ok(SavedTest { version: connection.version, report })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190f5fe-7c00-7a00-8000-000000000001";

    #[test]
    fn a_call_has_ids_only_and_nothing_more_is_taken() {
        let caller = Caller { owner: "iam:AROAEXAMPLE".into(), person: Some("zoe".into()) };
        let call = Call::test(&caller, ID.parse().unwrap());
        let sent = serde_json::to_value(&call).unwrap();
        assert_eq!(sent, serde_json::json!({ "test": ID, "owner": "iam:AROAEXAMPLE", "person": "zoe" }));
        assert_eq!(serde_json::from_value::<Call>(sent.clone()).unwrap().caller(), caller);
        for more in ["clientSecret", "tenantId", "report"] {
            let mut sent = sent.clone();
            sent[more] = "x".into();
            assert!(serde_json::from_value::<Call>(sent).is_err(), "{more}");
        }
    }

    #[test]
    fn an_answer_comes_out_as_it_went_in() {
        let report = RawValue::from_string(r#"{"ok":true}"#.to_owned()).unwrap();
        let through = |answer: Result<SavedTest, Refusal>| {
            let sent = serde_json::to_string(&Answer::from(answer)).unwrap();
            Result::from(serde_json::from_str::<Answer>(&sent).unwrap())
        };
        let tested = through(Ok(SavedTest { version: 7, report })).unwrap();
        assert_eq!((tested.version, tested.report.get()), (7, r#"{"ok":true}"#));
        let too_many = TooMany { wait: Duration::from_secs(40), parameter: Some("TestsPerDay") };
        for refusal in [Refusal::NotFound, Refusal::Changed, Refusal::Unfinished, Refusal::TooMany(too_many)]
        {
            let told = format!("{refusal:?}");
            assert_eq!(format!("{:?}", through(Err(refusal)).unwrap_err()), told);
        }
        let failed = through(Err(Refusal::Unavailable("S3ntinel".into()))).unwrap_err();
        assert!(matches!(&failed, Refusal::Unavailable(why) if !why.contains("S3ntinel")), "{failed:?}");
        let failed = through(Err(Refusal::Broken("S3ntinel".into()))).unwrap_err();
        assert!(matches!(&failed, Refusal::Broken(why) if !why.contains("S3ntinel")), "{failed:?}");
    }
}
