//! What a request that is not refused is answered with.

use bytes::Bytes;
use http::StatusCode;

const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// A successful answer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(body: Vec<u8>) -> Self {
        Self { status: StatusCode::OK, content_type: JSON, body: body.into() }
    }
}
