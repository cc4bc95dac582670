//! Request faults as RFC 9457 problem details.

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

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
    /// The method that is allowed, where another one was used.
    #[serde(skip)]
    pub allow: Option<&'static str>,
}

impl Problem {
    /// 400
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::BAD_REQUEST, "urn:soc-anywhere:problem:malformed-body", "Malformed body", detail)
    }

    /// 405
    #[must_use]
    pub fn method(allow: &'static str) -> Self {
        let detail = format!("Use {allow}.");
        let kind = "urn:soc-anywhere:problem:method-not-allowed";
        let problem = Self::of(StatusCode::METHOD_NOT_ALLOWED, kind, "Method not allowed", detail);
        Self { allow: Some(allow), ..problem }
    }

    /// 413
    #[must_use]
    pub fn too_large(cap: usize) -> Self {
        let detail = format!("The body may have {cap} bytes.");
        let kind = "urn:soc-anywhere:problem:body-too-large";
        Self::of(StatusCode::PAYLOAD_TOO_LARGE, kind, "Body too large", detail)
    }

    /// 415
    #[must_use]
    pub fn media_type() -> Self {
        let kind = "urn:soc-anywhere:problem:unsupported-media-type";
        let detail = "Send the body as application/json.";
        Self::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, kind, "Unsupported media type", detail)
    }

    /// 500
    #[must_use]
    pub fn internal() -> Self {
        let kind = "urn:soc-anywhere:problem:internal-error";
        let detail = "The request could not be answered; report it with its id.";
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, kind, "Internal error", detail)
    }

    fn of(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, title, status: status.as_u16(), detail: detail.into(), instance: None, allow: None }
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
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}
