//! Request faults as RFC 9457 problem details.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::TooMany;

/// A store or vault that does not answer is usually back within so many seconds.
const RETRY_UNAVAILABLE: u32 = 5;

/// Why a request is not answered. No upstream text and nothing of the request's body is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{status} {title}: {detail}")]
pub struct Problem {
    /// A URN that stays, to branch on.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What else a client may read.
    #[serde(flatten)]
    pub more: Option<Box<Map<String, Value>>>,
    /// The methods that are allowed, where another one was used.
    #[serde(skip)]
    pub allow: Option<&'static str>,
    /// After how many seconds the same request may be answered.
    #[serde(skip)]
    pub retry_after: Option<u32>,
}

impl Problem {
    /// 400
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "urn:soc-anywhere:problem:malformed-body",
            "Malformed body",
            detail,
        )
    }

    /// 400
    #[must_use]
    pub fn malformed_target(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "urn:soc-anywhere:problem:malformed-request",
            "Malformed request",
            detail,
        )
    }

    /// 401
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "urn:soc-anywhere:problem:unauthenticated",
            "Not authenticated",
            "Sign in first.",
        )
    }

    /// 403
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "urn:soc-anywhere:problem:forbidden", "Not allowed", detail)
    }

    /// 404
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "urn:soc-anywhere:problem:not-found",
            "Not found",
            "There is nothing here.",
        )
    }

    /// 405
    #[must_use]
    pub fn method(allow: &'static str) -> Self {
        let kind = "urn:soc-anywhere:problem:method-not-allowed";
        let detail = format!("Use {allow}.");
        let problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, kind, "Method not allowed", detail);
        Self { allow: Some(allow), ..problem }
    }

    /// 413
    #[must_use]
    pub fn too_large(cap: usize) -> Self {
        let kind = "urn:soc-anywhere:problem:body-too-large";
        let detail = format!("The body may have {cap} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, kind, "Body too large", detail)
    }

    /// 415
    #[must_use]
    pub fn media_type() -> Self {
        let kind = "urn:soc-anywhere:problem:unsupported-media-type";
        let detail = "Send the body as application/json.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, kind, "Unsupported media type", detail)
    }

    /// 422: a field has the right type, and a value that cannot be. It is not repeated.
    #[must_use]
    pub fn field(field: &'static str, detail: impl Into<String>) -> Self {
        let kind = "urn:soc-anywhere:problem:invalid-field";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind, "Invalid field", detail).with("field", field)
    }

    /// 429
    #[must_use]
    pub fn too_many(TooMany { wait, parameter }: TooMany) -> Self {
        let kind = "urn:soc-anywhere:problem:too-many-tests";
        let seconds = wait.as_secs();
        let bound = parameter.map_or_else(String::new, |name| format!(" The parameter {name} bounds them."));
        let detail = format!("Too many tests were made; try again in {seconds} s.{bound}");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, kind, "Too many tests", detail);
        Self { retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)), ..problem }
    }

    /// 500
    #[must_use]
    pub fn internal() -> Self {
        let kind = "urn:soc-anywhere:problem:internal-error";
        let detail = "The request could not be answered; report it with its id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, kind, "Internal error", detail)
    }

    /// 503: something that is needed to answer does not answer itself.
    #[must_use]
    pub fn unavailable() -> Self {
        let kind = "urn:soc-anywhere:problem:unavailable";
        let detail = "The request cannot be answered now; send it again.";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, "Unavailable", detail);
        Self { retry_after: Some(RETRY_UNAVAILABLE), ..problem }
    }

    /// Any other.
    #[must_use]
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            more: None,
            allow: None,
            retry_after: None,
        }
    }

    /// The same, with something else that a client may read. What cannot be JSON is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        if let Ok(value) = serde_json::to_value(value) {
            self.more.get_or_insert_default().insert(name.to_owned(), value);
        }
        self
    }

    /// The same, of the request with this id.
    #[must_use]
    pub fn of_request(self, id: &str) -> Self {
        Self { instance: Some(format!("urn:uuid:{id}")), ..self }
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self) -> Response<String> {
        let mut response = Response::new(serde_json::to_string(&self).unwrap_or_default());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}
