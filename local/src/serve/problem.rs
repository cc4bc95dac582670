//! Errors of the API, as all of this product's HTTP answers them: RFC 9457.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use connections::Refusal;
use http::StatusCode;
use incident_store::StoreError;

/// Three ids, a secret and a name are less than 1 KiB.
pub(super) const LONGEST_BODY: usize = 8 * 1024;

/// An error answer. Its texts are ours, never a request's own.
#[derive(Debug)]
pub(super) struct Problem(pub(super) http_api::Problem);

impl Problem {
    pub(super) fn target(detail: impl Into<String>) -> Self {
        Self(http_api::Problem::malformed_target(detail))
    }

    pub(super) fn field(field: &'static str, detail: impl Into<String>) -> Self {
        Self(http_api::Problem::field(field, detail))
    }

    pub(super) fn not_found() -> Self {
        Self(http_api::Problem::not_found())
    }

    pub(super) fn unavailable() -> Self {
        Self(http_api::Problem::unavailable())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.0.into_response().map(axum::body::Body::from)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // Who can open the page can read the terminal: there it says more.
        eprintln!("the page: {error}");
        Refusal::from(error).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.into())
    }
}

impl From<JsonRejection> for Problem {
    /// Without serde's own text, which may repeat what was sent: a secret, perhaps.
    fn from(rejection: JsonRejection) -> Self {
        Self(match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => http_api::Problem::too_large(LONGEST_BODY),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => http_api::Problem::media_type(),
            _ => http_api::Problem::malformed("The body is not the JSON that this address takes."),
        })
    }
}

impl From<QueryRejection> for Problem {
    fn from(_: QueryRejection) -> Self {
        Self::target("The query is not one that this address takes.")
    }
}

impl From<PathRejection> for Problem {
    /// What is no id is no connection's.
    fn from(_: PathRejection) -> Self {
        Self::not_found()
    }
}
