//! What an HTTP function answers: text.

use std::future::{Future, ready};
use std::pin::Pin;

use lambda_http::{Body, IntoResponse, Response};

/// A response whose body is text in UTF-8. Lambda's crate finds out by itself what other bodies are, and for that
/// brings the tables of every character set along: 150 KB.
#[derive(Debug)]
pub struct Text(pub Response<String>);

impl IntoResponse for Text {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0.map(Body::Text)))
    }
}
