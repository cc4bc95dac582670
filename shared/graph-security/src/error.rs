//! Graph's errors, by what the caller does next.

use std::fmt;
use std::time::Duration;

use graph_auth::{AccessToken, AuthError, Cause, oauth_error};
use graph_http::{Answer, Loose, Spent, Unanswered};
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
    TokenRefused(Box<ErrorDetail>),
    /// 403 "Missing application roles", also with a fresh token: consent is missing.
    #[error("an application permission is missing: {detail}")]
    MissingRoles {
        /// Graph's message lists no role at all: nothing is granted.
        none_granted: bool,
        /// The answer.
        detail: Box<ErrorDetail>,
    },
    /// Another 401/403/404 of a list: Defender is not set up or not licensed, or consent has not arrived.
    #[error("Graph refuses the request: {0}")]
    Forbidden(Box<ErrorDetail>),
    /// Another 4xx: our request is not what Graph understands.
    #[error("Graph does not accept the request: {0}")]
    Rejected(Box<ErrorDetail>),
    /// Throttled beyond what this run can wait: ask nothing more before that.
    #[error("throttled{}: {detail}", .retry_after.map(|wait| format!(" for {} s", wait.as_secs())).unwrap_or_default())]
    Throttled {
        /// How long Microsoft asks to wait, from now.
        retry_after: Option<Duration>,
        /// The answer.
        detail: Box<ErrorDetail>,
    },
    /// This page fails, again and again; another may not.
    #[error("page failed: {fault}{}{}", in_brackets(.detail.as_ref()), in_brackets(.source.as_ref()))]
    Page {
        /// How.
        fault: PageFault,
        /// The answer, where there was one.
        detail: Option<Box<ErrorDetail>>,
        /// What happened on the network, where there was no whole answer.
        source: Option<Box<Unanswered>>,
    },
    /// Nothing answered: this is not about the page.
    #[error("no answer from Graph: {0}")]
    Unreachable(#[source] Unanswered),
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
            Self::Forbidden(detail) if detail.is_unknown_caller => Cause::NoServicePrincipal,
            Self::Forbidden(_) if roles.is_some_and(<[String]>::is_empty) => Cause::NoPermissions,
            Self::Forbidden(_) => Cause::DefenderUnavailable,
            Self::TokenRefused(_) => Cause::TokenRefused,
            Self::Rejected(_) => Cause::OurFault,
            Self::Throttled { .. } => Cause::Throttled,
            Self::Page { fault: PageFault::ServerError, .. } => Cause::MicrosoftTrouble,
            Self::Page { .. } => Cause::UnexpectedAnswer,
            Self::Unreachable(unanswered) => Cause::of_fault(&unanswered.fault),
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
            (Self::Forbidden(detail), Some(roles))
                if !detail.is_unknown_caller && !roles.is_empty() && !kind.is_readable_with(roles) =>
            {
                Cause::PermissionMissing
            }
            _ => self.cause(roles),
        }
    }

    pub(crate) fn set_spent(&mut self, spent: Spent) {
        match self {
            Self::TokenRefused(detail)
            | Self::MissingRoles { detail, .. }
            | Self::Forbidden(detail)
            | Self::Rejected(detail)
            | Self::Throttled { detail, .. } => detail.spent = spent,
            Self::Page { detail, source, .. } => {
                if let Some(detail) = detail {
                    detail.spent = spent;
                }
                if let Some(source) = source {
                    source.spent = spent;
                }
            }
            Self::Unreachable(unanswered) => unanswered.spent = spent,
            Self::Auth(_) | Self::OutOfBudget | Self::OutOfTime => {}
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
            | Self::Throttled { detail, .. } => Some(detail.as_ref()),
            Self::Page { detail, .. } => detail.as_deref(),
            Self::Auth(_) | Self::Unreachable(_) | Self::OutOfBudget | Self::OutOfTime => None,
        }
    }
}

/// What is known besides, where it is known.
fn in_brackets(known: Option<&impl fmt::Display>) -> String {
    known.map(|known| format!(" ({known})")).unwrap_or_default()
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
    /// It has the form of Graph's errors. If not, something in between may have answered in Graph's place.
    pub is_graph_s: bool,
    /// Graph does not know the application that asks: its service principal is not there, or was made a moment ago
    /// (TheNetworg/oauth2-azure#88).
    pub is_unknown_caller: bool,
    /// The host that it leads to, where it is a redirect.
    pub leads_to: Option<String>,
    /// What the request took.
    pub spent: Spent,
}

impl fmt::Display for ErrorDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.is_graph_s {
            f.write_str(", not in the form of Graph's answers")?;
        }
        if let Some(host) = &self.leads_to {
            write!(f, ", leads to {host}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, ", request-id {id}")?;
        }
        write!(f, ", client-request-id {}", self.client_request_id)?;
        self.spent.fmt(f)
    }
}

/// The words that tell missing consent apart from every other 403 (public issues, 2022 to
/// 2025).
const MISSING_ROLES: &str = "Missing application roles";

/// Other words for the same: of the legacy security endpoints (Microsoft's support article "403 error when
/// calling the Microsoft Graph security API") and of directory endpoints.
const OTHER_WORDS: [&str; 2] =
    ["Auth token does not contain valid permissions", "Insufficient privileges to complete the operation"];

/// The code, and the sentence that stands beside other codes at times, of a caller whom Graph does not know.
const UNKNOWN_CALLER: &str = "Authorization_IdentityNotFound";
const UNKNOWN_CALLER_WORDS: &str = "The identity of the calling application could not be established";

/// How their sentence ends when the token has no role at all; otherwise the token's roles follow, cut off.
const NO_ROLES: &str = "application roles: .";

/// An error answer, read once.
pub(crate) struct ErrorAnswer {
    pub(crate) detail: Box<ErrorDetail>,
    /// Roles are missing; true inside: the token has none at all.
    pub(crate) missing_roles: Option<bool>,
}

impl ErrorAnswer {
    /// `token` is the one that was sent: no piece of it is kept, wherever the answer repeats it.
    pub(crate) fn of(answer: &Answer, client_request_id: Uuid, token: &AccessToken) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        let body = Loose::read(&text);
        let error = body.as_ref().and_then(|body| body.object("error"));
        let member = |name| error.as_ref().and_then(|error| error.text(name));
        let inner = error.as_ref().and_then(|error| error.object("innerError"));
        // Entra's form, which Graph's front end passes on at times.
        let word = body.as_ref().and_then(|body| body.text("error")).as_deref().and_then(oauth_error);
        let kept = |text: &str| plain(text).filter(|text| !token.is_echoed_by(text));
        let from_header = answer.header("request-id").and_then(kept);
        let from_body = || inner.and_then(|inner| inner.text("request-id")).as_deref().and_then(kept);
        let has = |name| error.as_ref().is_some_and(|error| error.values(name).next().is_some());
        // OData's older form has the text in an object, beside its language.
        let in_object = || error.as_ref()?.object("message")?.text("value");
        let message = member("message").or_else(in_object).unwrap_or_default();
        let message = message.trim();
        let code = member("code").as_deref().and_then(kept).or(word.map(str::to_owned)).unwrap_or_default();
        let detail = ErrorDetail {
            status: answer.status.as_u16(),
            is_unknown_caller: code == UNKNOWN_CALLER || message.starts_with(UNKNOWN_CALLER_WORDS),
            code,
            request_id: from_header.or_else(from_body),
            client_request_id,
            is_graph_s: word.is_some() || ["code", "message", "innerError"].into_iter().any(has),
            leads_to: answer.leads_to(),
            spent: Spent::default(),
        };
        let missing =
            message.starts_with(MISSING_ROLES) || OTHER_WORDS.iter().any(|words| message.starts_with(words));
        let missing_roles = missing.then(|| message.ends_with(NO_ROLES));
        Self { detail: Box::new(detail), missing_roles }
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

    fn read(body: &str) -> ErrorAnswer {
        let body = body.to_owned().into();
        let answer = Answer { status: StatusCode::FORBIDDEN, headers: HeaderMap::new(), body };
        let token = AccessToken::new(TOKEN.into(), jiff::Timestamp::UNIX_EPOCH, Duration::ZERO);
        ErrorAnswer::of(&answer, Uuid::nil(), &token)
    }

    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJyb2xlcyI6W119.c2lnbmF0dXJl";

    #[test]
    fn an_odd_member_voids_no_other() {
        let words = "Missing application roles. API required roles: X, application roles: .";
        for body in [
            format!("\u{feff}{{\"error\":{{\"message\":\"{words}\"}}}}"),
            format!(r#"{{"error":{{"code":null,"message":"{words}","innerError":null,"details":"x"}}}}"#),
            format!(r#"{{"error":{{"innererror":{{}},"innerError":[],"code":[],"message":"{words}"}}}}"#),
            format!(r#"{{"error":{{"code":"","message":{{"lang":"en","value":"{words}"}}}}}}"#),
            format!(r#"{{"error":null,"error":{{"message":7,"message":"{words}","#),
        ] {
            let read = read(&body);
            assert_eq!(read.missing_roles, Some(true), "{body}");
            assert!(read.detail.is_graph_s, "{body}");
        }
    }

    #[test]
    fn what_is_not_in_graph_s_form_is_known_by_it() {
        for body in
            ["", "<html>", "{}", "[]", r#"{"error":"blocked"}"#, r#"{"error":{}}"#, r#"{"error":null}"#]
        {
            assert!(!read(body).detail.is_graph_s, "{body}");
        }
        let entra_s = read(r#"{"error":"unsupported_grant_type","error_codes":[70003]}"#).detail;
        assert_eq!((entra_s.code.as_str(), entra_s.is_graph_s), ("unsupported_grant_type", true));
        assert!(read(r#"{"error":{"code":"","message":""}}"#).detail.is_graph_s);
    }

    #[test]
    fn no_piece_of_the_token_is_kept() {
        let piece = &TOKEN[3..40];
        let body = format!(r#"{{"error":{{"code":"{piece}","innerError":{{"request-id":"{piece}"}}}}}}"#);
        let detail = read(&body).detail;
        assert!(!format!("{detail} {detail:?}").contains(&piece[5..25]), "{detail:?}");
    }

    fn refusal(code: &str, message: &str) -> GraphError {
        let read = read(&format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#));
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
        let words = "The identity of the calling application could not be established.";
        for unknown in [refusal("Authorization_IdentityNotFound", ""), refusal("generalException", words)] {
            for roles in [None, Some(&incidents[..]), Some(&alerts[..]), Some(&[])] {
                assert_eq!(cause(&unknown, RecordKind::Incident, roles), Cause::NoServicePrincipal);
            }
        }
        // The incident's permission opens the alerts, until Graph says that it does not.
        assert_eq!(cause(&plain, RecordKind::Alert, Some(&incidents)), Cause::DefenderUnavailable);
        assert_eq!(cause(&worded, RecordKind::Alert, Some(&incidents)), Cause::PermissionMissing);
    }
}
