//! Why something is not done, and how that is said over HTTP.

use http::StatusCode;
use http_api::{Problem, Refused, TooMany};
use incident_store::{ConnectionId, SecretError, StoreError};
use test_connection::TestReport;

/// Why something is not done, by what the caller does next.
#[derive(Debug)]
pub enum Refusal {
    /// A value cannot be: correct it.
    Invalid {
        /// Which.
        field: &'static str,
        /// What it may be; the value is not repeated.
        detail: String,
    },
    /// There is no such connection, or it is somebody else's.
    NotFound,
    /// It was changed since it was read: read it again.
    Changed,
    /// It is not saved yet, or its saving was interrupted: remove it, or wait.
    Unfinished,
    /// The owner has a connection for this tenant and client already: change that one.
    Duplicate(ConnectionId),
    /// The test found a fault; nothing was saved.
    TestFailed(Box<TestReport>),
    /// Too many tests: wait.
    TooMany(TooMany),
    /// The owner has as many connections as it may: remove one.
    Full(u32),
    /// Something does not answer; what was asked may or may not have happened. Ask again.
    Unavailable(String),
    /// What is stored cannot be read.
    Broken(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(first) => Self::Duplicate(first),
            StoreError::Stale => Self::Changed,
            StoreError::Gone | StoreError::Fenced => Self::NotFound,
            StoreError::Unavailable(why) => Self::Unavailable(why),
            StoreError::Corrupt(why) => Self::Broken(why),
        }
    }
}

impl From<SecretError> for Refusal {
    /// A vault has nothing for a connection that is being removed.
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Missing => Self::NotFound,
            SecretError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooMany(too_many) => Self::TooMany(too_many),
            Refused::Unavailable(unavailable) => Self::Unavailable(unavailable.to_string()),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid { field, detail } => Self::field(field, detail),
            Refusal::NotFound => Self::not_found(),
            Refusal::Changed => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "urn:soc-anywhere:problem:changed-meanwhile",
                "Changed meanwhile",
                "The connection was changed since it was read; read it again.",
            ),
            Refusal::Unfinished => Self::new(
                StatusCode::CONFLICT,
                "urn:soc-anywhere:problem:unfinished",
                "Not saved yet",
                "The connection is being saved, or its saving was interrupted; remove it, or wait.",
            ),
            Refusal::Duplicate(first) => Self::new(
                StatusCode::CONFLICT,
                "urn:soc-anywhere:problem:duplicate",
                "Connected already",
                "There is a connection for this tenant and client already; change that one.",
            )
            .with("connection", first),
            Refusal::TestFailed(report) => {
                let failure = report.failure();
                let said = failure.map(|check| {
                    let remedy = check.remedy.as_deref().unwrap_or_default();
                    format!("{} {remedy}", check.message).trim_end().to_owned()
                });
                Self::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "urn:soc-anywhere:problem:test-failed",
                    "The test failed and nothing was saved",
                    said.unwrap_or_default(),
                )
                .with("test", &report)
            }
            Refusal::TooMany(too_many) => Self::too_many(too_many),
            Refusal::Full(most) => Self::new(
                StatusCode::CONFLICT,
                "urn:soc-anywhere:problem:too-many-connections",
                "Too many connections",
                format!(
                    "An owner may have {most} connections; remove one first. The parameter ConnectionsPerOwner bounds them."
                ),
            ),
            // What the store says of itself is for the log.
            Refusal::Unavailable(_) => Self::unavailable(),
            Refusal::Broken(_) => Self::internal(),
        }
    }
}
