//! Graph's errors, by what the caller does next.

use std::fmt;
use std::time::Duration;

use graph_auth::{AuthError, Cause};
use graph_http::{Answer, Fault};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::RecordKind;

/// A request to Graph that gave no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// There is no token: Entra refused or did not answer.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// 401, also with a fresh token.
    #[error("Graph refuses the token: {0}")]
    TokenRefused(ErrorDetail),
    /// 403 "Missing application roles", also with a fresh token: consent is missing.
    #[error("an application permission is missing: {detail}")]
    MissingRoles {
        /// Graph's message lists no role at all: nothing is granted.
        none_granted: bool,
        /// The answer.
        detail: ErrorDetail,
    },
    /// Another 401/403/404 of a list: Defender is not set up or not licensed, or consent has not arrived.
    #[error("Graph refuses the request: {0}")]
    Forbidden(ErrorDetail),
    /// Another 4xx: our request is not what Graph understands.
    #[error("Graph does not accept the request: {0}")]
    Rejected(ErrorDetail),
    /// Throttled beyond what this run can wait: ask nothing more before that.
    #[error("throttled{}: {detail}", .retry_after.map(|wait| format!(" for {} s", wait.as_secs())).unwrap_or_default())]
    Throttled {
        /// How long Microsoft asks to wait, from now.
        retry_after: Option<Duration>,
        /// The answer.
        detail: ErrorDetail,
    },
    /// This page fails, again and again; another may not.
    #[error("page failed: {fault}{}", .detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default())]
    Page {
        /// How.
        fault: PageFault,
        /// The answer, where there was one.
        detail: Option<ErrorDetail>,
    },
    /// Nothing answered: this is not about the page.
    #[error("no answer from Graph: {0}")]
    Unreachable(Fault),
    /// The run's budget of calls is used up: go on in the next run.
    #[error("the run's budget of calls is used up")]
    OutOfBudget,
    /// The run's time is used up: go on in the next run.
    #[error("the run's time is used up")]
    OutOfTime,
}

impl GraphError {
    /// What a person does about it. `roles` are the token's own, where known: they tell a missing consent
    /// from a Defender that is not there.
    #[must_use]
    pub fn cause(&self, roles: Option<&[String]>) -> Cause {
        match self {
            Self::Auth(error) => error.cause(),
            Self::MissingRoles { none_granted, .. } => {
                let none = roles.map_or(*none_granted, <[String]>::is_empty);
                if none { Cause::NoPermissions } else { Cause::PermissionMissing }
            }
            Self::Forbidden(_) if roles.is_some_and(<[String]>::is_empty) => Cause::NoPermissions,
            Self::Forbidden(_) => Cause::DefenderUnavailable,
            Self::TokenRefused(_) => Cause::TokenRefused,
            Self::Rejected(_) => Cause::OurFault,
            Self::Throttled { .. } => Cause::Throttled,
            Self::Page { fault: PageFault::ServerError, .. } => Cause::MicrosoftTrouble,
            Self::Page { .. } => Cause::UnexpectedAnswer,
            Self::Unreachable(fault) => Cause::of_fault(fault),
            Self::OutOfBudget | Self::OutOfTime => Cause::Unreachable,
        }
    }

    /// As [`GraphError::cause`], for a list of `kind`: a refusal of a token that has the list's permission
    /// is Defender's, a refusal of one that lacks it is a missing consent, however Graph words it.
    #[must_use]
    pub fn cause_for(&self, kind: RecordKind, roles: Option<&[String]>) -> Cause {
        match (self, roles) {
            (Self::MissingRoles { .. }, Some(roles)) if kind.is_granted_by(roles) => {
                Cause::DefenderUnavailable
            }
            (Self::Forbidden(_), Some(roles)) if !roles.is_empty() && !kind.is_readable_with(roles) => {
                Cause::PermissionMissing
            }
            _ => self.cause(roles),
        }
    }

    /// The ids by which Microsoft finds the request, where there was an answer.
    #[must_use]
    pub fn detail(&self) -> Option<&ErrorDetail> {
        match self {
            Self::TokenRefused(detail)
            | Self::MissingRoles { detail, .. }
            | Self::Forbidden(detail)
            | Self::Rejected(detail)
            | Self::Throttled { detail, .. } => Some(detail),
            Self::Page { detail, .. } => detail.as_ref(),
            Self::Auth(_) | Self::Unreachable(_) | Self::OutOfBudget | Self::OutOfTime => None,
        }
    }
}

/// How a page fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PageFault {
    /// 5xx after all tries.
    #[error("server error")]
    ServerError,
    /// The body is longer than the cap.
    #[error("body too large")]
    TooLarge,
    /// The body ended early, or was not complete in time, after all tries.
    #[error("body incomplete")]
    Incomplete,
    /// The body is not JSON.
    #[error("not JSON")]
    NotJson,
    /// The body is JSON without an array of rows.
    #[error("no array of rows")]
    NotAPage,
    /// The record is not there (any more).
    #[error("not found")]
    NotFound,
}

/// What is kept of an error answer. Graph's message is not: it may repeat what was sent.
///
/// Shape: <https://learn.microsoft.com/graph/errors>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorDetail {
    /// The HTTP status.
    pub status: u16,
    /// `error.code`; Graph sends it empty at times.
    pub code: String,
    /// Graph's id of the request.
    pub request_id: Option<String>,
    /// Our id of the request.
    pub client_request_id: Uuid,
}

impl fmt::Display for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)?;
        if let Some(id) = &self.request_id {
            write!(f, ", request-id {id}")?;
        }
        write!(f, ", client-request-id {}", self.client_request_id)
    }
}

/// The words that tell missing consent apart from every other 403 (public issues, 2022 to
/// 2025).
const MISSING_ROLES: &str = "Missing application roles";

/// Other words for the same: of the legacy security endpoints (Microsoft's support article "403 error when
/// calling the Microsoft Graph security API") and of directory endpoints.
const OTHER_WORDS: [&str; 2] =
    ["Auth token does not contain valid permissions", "Insufficient privileges to complete the operation"];

/// How their sentence ends when the token has no role at all; otherwise the token's roles follow, cut off.
const NO_ROLES: &str = "application roles: .";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: ErrorBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    code: String,
    message: String,
    #[serde(rename = "innerError", alias = "innererror")]
    ids: InnerIds,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InnerIds {
    #[serde(rename = "request-id")]
    request_id: Option<String>,
}

/// An error answer, read once.
pub(crate) struct ErrorAnswer {
    pub(crate) detail: ErrorDetail,
    /// Roles are missing; true inside: the token has none at all.
    pub(crate) missing_roles: Option<bool>,
}

impl ErrorAnswer {
    pub(crate) fn of(answer: &Answer, client_request_id: Uuid) -> Self {
        let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
        let from_header = answer.header("request-id").map(str::to_owned);
        let detail = ErrorDetail {
            status: answer.status.as_u16(),
            code: plain(&body.error.code).unwrap_or_default(),
            request_id: from_header.or(body.error.ids.request_id).as_deref().and_then(plain),
            client_request_id,
        };
        let message = body.error.message;
        let missing =
            message.starts_with(MISSING_ROLES) || OTHER_WORDS.iter().any(|words| message.starts_with(words));
        let missing_roles = missing.then(|| message.ends_with(NO_ROLES));
        Self { detail, missing_roles }
    }
}

/// Keeps codes and ids, and nothing that could be prose.
pub(crate) fn plain(text: &str) -> Option<String> {
    let fits = text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn refusal(code: &str, message: &str) -> GraphError {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#);
        let answer = Answer { status: StatusCode::FORBIDDEN, headers: HeaderMap::new(), body: body.into() };
        let read = ErrorAnswer::of(&answer, Uuid::nil());
        match read.missing_roles {
            Some(none_granted) => GraphError::MissingRoles { none_granted, detail: read.detail },
            None => GraphError::Forbidden(read.detail),
        }
    }

    #[test]
    fn a_refusal_is_consent_s_or_defender_s_by_what_the_token_has() {
        let incidents = ["SecurityIncident.Read.All".to_owned()];
        let alerts = ["SecurityAlert.Read.All".to_owned()];
        let worded =
            refusal("Forbidden", "Missing application roles. API required roles: X, application roles: Y");
        let other =
            refusal("Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
        let plain = refusal("Forbidden", "Account is not provisioned.");
        let cause = |error: &GraphError, kind, roles| error.cause_for(kind, roles);
        for error in [&worded, &other, &plain] {
            assert_eq!(cause(error, RecordKind::Incident, Some(&incidents)), Cause::DefenderUnavailable);
            assert_eq!(cause(error, RecordKind::Incident, Some(&alerts)), Cause::PermissionMissing);
            assert_eq!(cause(error, RecordKind::Incident, Some(&[])), Cause::NoPermissions);
        }
        assert_eq!(cause(&worded, RecordKind::Incident, None), Cause::PermissionMissing);
        assert_eq!(cause(&other, RecordKind::Incident, None), Cause::PermissionMissing);
        assert_eq!(cause(&plain, RecordKind::Incident, None), Cause::DefenderUnavailable);
        // The incident's permission opens the alerts, until Graph says that it does not.
        assert_eq!(cause(&plain, RecordKind::Alert, Some(&incidents)), Cause::DefenderUnavailable);
        assert_eq!(cause(&worded, RecordKind::Alert, Some(&incidents)), Cause::PermissionMissing);
    }
}
