//! The port: one method, request → response.

use std::fmt;
use std::future::Future;

use bytes::Bytes;

/// A request whose body never shows in `Debug`: the token request carries the client secret there.
pub type Request = http::Request<RequestBody>;

/// The bytes of a request; `Debug` gives their number only.
#[derive(Clone, Default)]
pub struct RequestBody(Bytes);

impl RequestBody {
    /// The bytes, for the transport that sends them.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl<T: Into<Bytes>> From<T> for RequestBody {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

/// Sends one request and gives the response as its head arrives. A response of any status is a success
/// here; time-outs, body caps and retries live above, in [`crate::exchange`] and [`crate::retry`].
pub trait Transport: Send + Sync {
    /// The response's body, read in pieces so that a cap can hold.
    type Body: http_body::Body<Data = Bytes, Error: fmt::Display> + Send + Unpin;

    /// # Errors
    /// [`TransportError`] when no response head arrived.
    fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<http::Response<Self::Body>, TransportError>> + Send;
}

impl<T: Transport> Transport for &T {
    type Body = T::Body;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        (**self).send(request).await
    }
}

impl<T: Transport> Transport for std::sync::Arc<T> {
    type Body = T::Body;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        (**self).send(request).await
    }
}

/// No response came. The text names no URL, no header and no body.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TransportError {
    /// No connection could be made: name resolution, TCP or TLS.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The certificate that was shown is not trusted; the text says why. Nothing was sent.
    #[error("the certificate is not trusted: {0}")]
    Untrusted(String),
    /// What answers on the host's port does not speak TLS, or none that is spoken here. Nothing was sent.
    #[error("what answers there does not speak TLS, or neither 1.2 nor 1.3 with today's ciphers")]
    NotTls,
    /// The proxy opens no tunnel to the host: 407 without, or with the wrong, user and password.
    #[error("the proxy {proxy} answered {status}")]
    ProxyRefused {
        /// Its host and port.
        proxy: String,
        /// Its HTTP status: 300 to 499, or 511.
        status: u16,
    },
    /// The connection broke after it was made.
    #[error("connection broke: {0}")]
    Broken(String),
    /// The request is not one this transport sends, such as plain HTTP to a public host.
    #[error("refused to send: {0}")]
    Refused(&'static str),
}
