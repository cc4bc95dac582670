//! Entra's refusals, as far as they may be kept.

use std::fmt;
use std::time::Duration;

use graph_http::retry::{Failure, is_trouble};
use graph_http::{Answer, Loose, Spent, Unanswered};
use http::StatusCode;
use jiff::Timestamp;
use uuid::Uuid;

use crate::Cause;

/// There is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Entra refused, or something else in its place; its cause says what to do.
    #[error(transparent)]
    Refused(Box<EntraError>),
    /// Entra did not answer. Try again later.
    #[error("no answer from Entra: {0}")]
    Fault(#[source] Unanswered),
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
            Self::Fault(unanswered) => Cause::of_fault(&unanswered.fault),
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

/// An answer of Entra's that is no token, without its `error_description`, which names the tenant and the application
/// and is never logged or shown. What is kept identifies the refusal to Microsoft's support, and none of it can be a
/// piece of what was sent: words of a list, numbers, ids and a time.
///
/// Shape: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntraError {
    /// The HTTP status.
    pub status: u16,
    /// The OAuth error, such as `invalid_client`; `None` where it is none that is documented.
    pub error: Option<&'static str>,
    /// AADSTS numbers, in Entra's order. Where its list has none that is known, those of its text follow.
    pub codes: Vec<u32>,
    /// Identifies the request in Microsoft's logs.
    pub trace_id: Option<Uuid>,
    /// The same, across their components.
    pub correlation_id: Option<Uuid>,
    /// Entra's own time of the refusal.
    pub timestamp: Option<Timestamp>,
    /// How long Entra asks to wait.
    pub retry_after: Option<Duration>,
    /// The host that it leads to, where it is a redirect: no answer of Entra's.
    pub leads_to: Option<String>,
    /// What the refusal took.
    pub spent: Spent,
}

impl std::error::Error for EntraError {}

impl fmt::Display for EntraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_entra_s() {
            write!(f, "Entra answered {}", self.status)?;
        } else {
            write!(f, "answer {} is not one of Entra's", self.status)?;
        }
        if let Some(host) = &self.leads_to {
            write!(f, ", it leads to {host}")?;
        }
        if let Some(code) = self.code() {
            write!(f, " AADSTS{code}")?;
        }
        if let Some(error) = self.error {
            write!(f, " {error}")?;
        }
        if let Some(id) = &self.trace_id {
            write!(f, ", trace id {id}")?;
        }
        if let Some(id) = &self.correlation_id {
            write!(f, ", correlation id {id}")?;
        }
        self.spent.fmt(f)
    }
}

impl EntraError {
    /// Reads an answer that is not a success. A body that is not Entra's leaves everything but the status and a
    /// redirect's host empty.
    #[must_use]
    pub fn of(answer: &Answer, now: Timestamp) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        let body = Loose::read(&text);
        let member = |name| body.as_ref().and_then(|body| body.text(name));
        let id = |name| member(name).as_deref().and_then(hyphenated);
        let listed = body.as_ref().map(|body| body.numbers("error_codes")).unwrap_or_default();
        let mut codes: Vec<u32> = listed.into_iter().filter(|code| is_entra_s_number(*code)).collect();
        if !codes.iter().any(|code| Cause::of_code(*code).is_some()) {
            codes.extend(mentioned(&text));
        }
        let retry_after = match Failure::of_answer(answer, now) {
            Some(Failure::Throttled { retry_after }) => retry_after,
            _ => None,
        };
        Self {
            status: answer.status.as_u16(),
            error: member("error").as_deref().and_then(oauth_error),
            codes,
            trace_id: id("trace_id"),
            correlation_id: id("correlation_id"),
            timestamp: member("timestamp").and_then(|time| time.parse().ok()),
            retry_after,
            leads_to: answer.leads_to(),
            spent: Spent::default(),
        }
    }

    /// The AADSTS number that decides: the first one that is known, else the first one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        let known = |code: &&u32| Cause::of_code(**code).is_some();
        self.codes.iter().find(known).or(self.codes.first()).copied()
    }

    /// Whether it says something that Entra says. If not, something else has answered in its place.
    #[must_use]
    pub fn is_entra_s(&self) -> bool {
        self.error.is_some() || !self.codes.is_empty()
    }

    /// Decides by number. Where that is not known, `error` and the status say something general only: Entra puts one
    /// `error` beside numbers that have nothing to do with each other.
    #[must_use]
    pub fn cause(&self) -> Cause {
        if let Some(cause) = self.code().and_then(Cause::of_code) {
            return cause;
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS.as_u16() {
            return Cause::Throttled;
        }
        match (self.error, self.code()) {
            (Some("temporarily_unavailable" | "server_error"), _) => Cause::MicrosoftTrouble,
            (_, Some(code)) => Cause::Unknown { code },
            (Some("invalid_tenant"), None) => Cause::TenantNotFound,
            (Some("invalid_request" | "invalid_scope" | "unsupported_grant_type"), None) => Cause::OurFault,
            (_, None) if is_trouble(self.status) => Cause::MicrosoftTrouble,
            (Some(_), None) => Cause::SignInRefused,
            (None, None) => Cause::UnexpectedAnswer,
        }
    }
}

/// The documented OAuth errors, by their own text: whatever else stands there may be an echo of what was sent.
///
/// RFC 6749 §4.1.2.1 and §5.2, and Entra's own (see [`EntraError`]).
#[must_use]
pub fn oauth_error(text: &str) -> Option<&'static str> {
    const ERRORS: [&str; 15] = [
        "access_denied",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_resource",
        "invalid_scope",
        "invalid_tenant",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    ];
    ERRORS.into_iter().find(|error| *error == text)
}

/// Every number that follows `AADSTS`. The rest of Entra's text is not read: it is no contract.
fn mentioned(text: &str) -> impl Iterator<Item = u32> {
    text.split("AADSTS").skip(1).filter_map(|after| {
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        after.get(..end)?.parse().ok().filter(|code| is_entra_s_number(*code))
    })
}

/// Entra's numbers have five to seven digits.
fn is_entra_s_number(code: u32) -> bool {
    (10_000..10_000_000).contains(&code)
}

/// A GUID as Microsoft writes them in answers. Other forms may be somebody's password.
fn hyphenated(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.to_string().eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::LOCATION;

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
    fn an_echo_of_what_was_sent_is_not_kept_wherever_it_stands() {
        for secret in
            ["hunter2hunter2", "S3n8Qtinel", "20261127", "0123456789abcdef0123456789abcdef", "top_secret"]
        {
            let error = refusal(
                400,
                &format!(
                    r#"{{"error":"{secret}","error_codes":["{secret}",7000215],"trace_id":"{secret}",
                        "correlation_id":"{secret}","timestamp":"{secret}","error_uri":"{secret}"}}"#
                ),
            );
            let shown = format!("{error} {error:?}");
            // A number may be one of Entra's.
            assert!(!shown.contains(secret) || secret.parse::<u32>().is_ok(), "{shown}");
            assert_eq!(error.cause(), Cause::WrongSecret);
        }
    }

    #[test]
    fn an_unknown_number_is_kept_and_a_known_one_beside_it_decides() {
        assert_eq!(
            refusal(400, r#"{"error":"x","error_codes":[99999]}"#).cause(),
            Cause::Unknown { code: 99_999 }
        );
        for both in [
            r#"{"error":"x","error_codes":[99999,90002]}"#,
            r#"{"error":"x","error_codes":[99999],"error_description":"AADSTS90002: x"}"#,
        ] {
            assert_eq!(refusal(400, both).cause(), Cause::TenantNotFound);
        }
        let trouble = refusal(503, r#"{"error":"temporarily_unavailable","error_codes":[99999]}"#);
        assert_eq!(trouble.cause(), Cause::MicrosoftTrouble);
    }

    #[test]
    fn an_error_beside_no_known_number_says_nothing_special() {
        let unknown = Cause::Unknown { code: 99_999 };
        for error in ["invalid_client", "invalid_resource", "invalid_tenant", "unauthorized_client"] {
            let body = format!(r#"{{"error":"{error}","error_codes":[99999]}}"#);
            assert_eq!(refusal(400, &body).cause(), unknown, "{error}");
        }
        for error in ["invalid_client", "invalid_resource", "unauthorized_client", "invalid_grant"] {
            assert_eq!(
                refusal(401, &format!(r#"{{"error":"{error}"}}"#)).cause(),
                Cause::SignInRefused,
                "{error}"
            );
        }
        assert_eq!(refusal(400, r#"{"error":"invalid_scope"}"#).cause(), Cause::OurFault);
    }

    #[test]
    fn without_numbers_the_text_s_then_error_then_status_decide() {
        let described = refusal(401, r#"{"error":"invalid_client","error_description":"AADSTS7000222: x"}"#);
        assert_eq!(described.cause(), Cause::SecretExpired);
        assert_eq!(refusal(400, r#"{"error":"invalid_tenant"}"#).cause(), Cause::TenantNotFound);
        assert_eq!(refusal(429, "slow down").cause(), Cause::Throttled);
        assert_eq!(refusal(502, "<html>").cause(), Cause::MicrosoftTrouble);
        for body in
            ["<html>", "", "{}", "null", r#"{"error":"blocked"}"#, r#"{"error":null,"error_codes":[]}"#]
        {
            assert_eq!(refusal(403, body).cause(), Cause::UnexpectedAnswer, "{body}");
        }
    }

    #[test]
    fn an_odd_member_voids_no_other() {
        for body in [
            "\u{feff}{\"error\":\"invalid_client\",\"error_codes\":[7000222]}",
            r#"{"error":null,"error_codes":["7000222"]}"#,
            r#"{"error":["x"],"error_codes":7000222,"trace_id":7}"#,
            r#"{"error":"invalid_client","error_codes":null,"error_description":"AADSTS7000222: x"}"#,
            r#"{"error_codes":null,"error_codes":[7000222],"error_codes":{}}"#,
            r#"{"error_codes":[7000222],"error_description":"it breaks off"#,
            "{\"error_description\":\"AADSTS7000222: a\nbreak\",\"error\":\"\\ud800\"}",
        ] {
            assert_eq!(refusal(401, body).cause(), Cause::SecretExpired, "{body}");
        }
    }

    #[test]
    fn a_redirect_is_told_by_where_it_leads() {
        let headers = http::HeaderMap::from_iter([(
            LOCATION,
            HeaderValue::from_static("https://portal.example/login?to=x"),
        )]);
        let answer = Answer { status: StatusCode::FOUND, headers, body: "<html>".into() };
        let error = EntraError::of(&answer, Timestamp::UNIX_EPOCH);
        assert_eq!(error.cause(), Cause::UnexpectedAnswer);
        assert_eq!(error.to_string(), "answer 302 is not one of Entra's, it leads to portal.example");
    }
}
