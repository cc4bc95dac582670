//! Entra's answers, with their headers.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::refusal::Refusal;
use crate::dated::dated;
use crate::state::{Asked, State};

pub(super) fn refuse(state: &mut State, asked: &Asked<'_>, refusal: &Refusal) -> Response<Bytes> {
    let (trace, body) = refusal.body(&mut state.ids, asked);
    let mut response = json_response(asked, refusal.status, &body);
    let headers = response.headers_mut();
    if let Ok(trace) = HeaderValue::from_str(&trace) {
        headers.insert("x-ms-request-id", trace);
    }
    if let Some(seconds) = refusal.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

pub(super) fn json_response(asked: &Asked<'_>, status: StatusCode, body: &Value) -> Response<Bytes> {
    respond(asked, status, "application/json; charset=utf-8", body.to_string().into())
}

pub(super) fn respond(
    asked: &Asked<'_>,
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
) -> Response<Bytes> {
    let mut response = dated(asked.now, status, content_type, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    response
}
