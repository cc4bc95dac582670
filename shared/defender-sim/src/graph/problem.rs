//! Graph's errors (<https://learn.microsoft.com/en-us/graph/errors>).

use http::StatusCode;
use serde_json::{Value, json};

use super::ids::Ids;
use crate::state::Asked;

/// An error body with its status. `code` may be empty: live answers to a bad query have it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    code: &'static str,
    message: String,
    details: bool,
    pub(crate) retry_after: Option<u32>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: false, retry_after: None }
    }

    /// A query option that is refused. The envelope is the recorded one of a `$top` above its limit
    /// (wazuh/wazuh#28070); texts are those of ASP.NET's OData library, which that one is from.
    pub(crate) fn query(why: impl AsRef<str>) -> Self {
        let message = format!("The query specified in the URI is not valid. {}", why.as_ref());
        Self { details: true, ..Self::new(StatusCode::BAD_REQUEST, "", message) }
    }

    pub(crate) fn limit(option: &str, limit: usize, value: usize) -> Self {
        Self::query(format!(
            "The limit of '{limit}' for {option} query has been exceeded. The value from the incoming request is '{value}'."
        ))
    }

    pub(crate) fn body(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", why)
    }

    /// Recorded: wazuh/wazuh-documentation#7300, wazuh/wazuh#31670.
    pub(crate) fn missing_roles(needed: &[&str], held: &[String]) -> Self {
        let message = format!(
            "Missing application roles. API required roles: {}, application roles: {}.",
            needed.join(","),
            held.join(",")
        );
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    pub(crate) fn token(why: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", why)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", format!("{what} was not found."))
    }

    pub(crate) fn throttled(retry_after: Option<u32>) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests.");
        Self { retry_after, ..problem }
    }

    /// An incident with too many alerts answers so for ever (elastic/integrations#18144).
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "Internal Server Error")
    }

    /// Some status, as a front end gives it.
    pub(crate) fn status(status: u16, retry_after: Option<u32>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { retry_after, ..Self::new(status, "UnknownError", "") }
    }

    pub(crate) fn to_json(&self, ids: &Ids, asked: &Asked<'_>) -> Value {
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": asked.now.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
                "request-id": ids.request,
                "client-request-id": ids.client,
            },
        });
        if self.details {
            error["details"] = json!([]);
        }
        json!({ "error": error })
    }
}
