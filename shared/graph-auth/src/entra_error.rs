//! Entra's refusals, as far as they may be kept.

use std::fmt;
use std::time::Duration;

use graph_http::retry::Failure;
use graph_http::{Answer, Fault};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;

use crate::Cause;

/// There is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Entra refused; its cause says what to do.
    #[error(transparent)]
    Refused(Box<EntraError>),
    /// Entra did not answer. Try again later.
    #[error("no answer from Entra: {0}")]
    Fault(Fault),
    /// Something answered that is not Entra, or not as documented.
    #[error("answer {status} is not one of Entra's")]
    Unintelligible {
        /// The HTTP status.
        status: u16,
    },
}

impl AuthError {
    /// What a person does about it.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Refused(error) => error.cause(),
            Self::Fault(fault) => Cause::of_fault(fault),
            Self::Unintelligible { .. } => Cause::UnexpectedAnswer,
        }
    }

    /// How long Entra asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(error) => error.retry_after,
            Self::Fault(_) | Self::Unintelligible { .. } => None,
        }
    }

    /// The AADSTS number, where Entra gave one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Refused(error) => error.code(),
            Self::Fault(_) | Self::Unintelligible { .. } => None,
        }
    }
}

/// Entra's error body without its `error_description`, which names the tenant and the application and is
/// never logged or shown. What is kept identifies the refusal to Microsoft's support.
///
/// Shape: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntraError {
    /// The HTTP status.
    pub status: u16,
    /// The OAuth error, such as `invalid_client`. Empty where the body was not Entra's.
    pub error: String,
    /// The AADSTS numbers, most specific first.
    pub codes: Vec<u32>,
    /// Microsoft's id of the request.
    pub trace_id: Option<String>,
    /// Microsoft's id that ties several requests together.
    pub correlation_id: Option<String>,
    /// Microsoft's time, as sent.
    pub timestamp: Option<String>,
    /// How long Entra asks to wait.
    pub retry_after: Option<Duration>,
}

impl std::error::Error for EntraError {}

impl fmt::Display for EntraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entra answered {}", self.status)?;
        if let Some(code) = self.code() {
            write!(f, " AADSTS{code}")?;
        }
        if !self.error.is_empty() {
            write!(f, " {}", self.error)?;
        }
        if let Some(id) = &self.trace_id {
            write!(f, ", trace id {id}")?;
        }
        if let Some(id) = &self.correlation_id {
            write!(f, ", correlation id {id}")?;
        }
        Ok(())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Option<String>,
    error_description: Option<String>,
    error_codes: Vec<u32>,
    timestamp: Option<String>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

impl EntraError {
    /// Reads an answer that is not a success. A body that is not Entra's leaves everything but the status
    /// empty.
    #[must_use]
    pub fn of(answer: &Answer, now: Timestamp) -> Self {
        let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
        let mut codes = body.error_codes;
        if codes.is_empty() {
            codes.extend(body.error_description.as_deref().and_then(leading_code));
        }
        let retry_after = match Failure::of_answer(answer, now) {
            Some(Failure::Throttled { retry_after }) => retry_after,
            _ => None,
        };
        Self {
            status: answer.status.as_u16(),
            error: body.error.and_then(plain).unwrap_or_default(),
            codes,
            trace_id: body.trace_id.and_then(plain),
            correlation_id: body.correlation_id.and_then(plain),
            timestamp: body.timestamp.and_then(plain),
            retry_after,
        }
    }

    /// The AADSTS number that decides: the first one that is known, else the first one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        let known = |code: &&u32| Cause::of_code(**code).is_some();
        self.codes.iter().find(known).or(self.codes.first()).copied()
    }

    /// Decides by number, then by `error`, then by status: numbers are the most exact, and the two others
    /// are what Microsoft promises to keep.
    #[must_use]
    pub fn cause(&self) -> Cause {
        if let Some(cause) = self.code().and_then(Cause::of_code) {
            return cause;
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS.as_u16() {
            return Cause::Throttled;
        }
        match self.error.as_str() {
            "temporarily_unavailable" | "server_error" => return Cause::MicrosoftTrouble,
            "invalid_tenant" => return Cause::TenantNotFound,
            "invalid_resource" => return Cause::WrongCloud,
            "invalid_client" if self.codes.is_empty() => return Cause::WrongSecret,
            "unauthorized_client" if self.codes.is_empty() => return Cause::AppNotFound,
            "invalid_request" | "invalid_scope" | "unsupported_grant_type" if self.codes.is_empty() => {
                return Cause::OurFault;
            }
            _ => {}
        }
        match self.code() {
            Some(code) => Cause::Unknown { code },
            None if self.status >= 500 => Cause::MicrosoftTrouble,
            None => Cause::UnexpectedAnswer,
        }
    }
}

/// `AADSTS7000215: …` → 7000215. The rest of the description is not read: it is no contract.
fn leading_code(description: &str) -> Option<u32> {
    let digits = description.trim_start().strip_prefix("AADSTS")?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// Keeps ids, codes and times, and nothing that could be prose or carry what we sent.
fn plain(text: String) -> Option<String> {
    let fits = text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.: +".contains(c));
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> EntraError {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: body.to_owned().into(),
        };
        EntraError::of(&answer, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_description_is_neither_kept_nor_shown() {
        let error = refusal(
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid … app 'S3ntinel'",
                "error_codes":[7000215],"trace_id":"11111111-0000-0000-0000-000000000000"}"#,
        );
        assert_eq!(error.cause(), Cause::WrongSecret);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("AADSTS7000215") && shown.contains("11111111"));
        assert!(!shown.contains("S3ntinel"));
    }

    #[test]
    fn an_unknown_number_is_kept_and_a_known_one_beside_it_decides() {
        assert_eq!(
            refusal(400, r#"{"error":"x","error_codes":[999]}"#).cause(),
            Cause::Unknown { code: 999 }
        );
        let both = refusal(400, r#"{"error":"x","error_codes":[999,90002]}"#);
        assert_eq!(both.cause(), Cause::TenantNotFound);
        let trouble = refusal(503, r#"{"error":"temporarily_unavailable","error_codes":[999]}"#);
        assert_eq!(trouble.cause(), Cause::MicrosoftTrouble);
    }

    #[test]
    fn without_numbers_the_description_s_first_one_then_error_then_status_decide() {
        let described = refusal(401, r#"{"error":"invalid_client","error_description":"AADSTS7000222: x"}"#);
        assert_eq!(described.cause(), Cause::SecretExpired);
        assert_eq!(refusal(400, r#"{"error":"invalid_tenant"}"#).cause(), Cause::TenantNotFound);
        assert_eq!(refusal(429, "slow down").cause(), Cause::Throttled);
        assert_eq!(refusal(502, "<html>").cause(), Cause::MicrosoftTrouble);
        assert_eq!(refusal(404, "<html>").cause(), Cause::UnexpectedAnswer);
    }
}
