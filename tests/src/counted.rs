//! A transport that counts what is called.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use graph_http::{HttpsTransport, Request, Transport, TransportError};

/// The real transport; it notes the AWS operation of each request, attempts that are repeated included.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    transport: HttpsTransport,
    calls: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Counted {
    /// How often each operation was called since this was last asked.
    #[must_use]
    pub fn take(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Counted {
    type Body = <HttpsTransport as Transport>::Body;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        // `DynamoDB_20120810.GetItem`, `secretsmanager.GetSecretValue`.
        let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or("unknown").to_owned();
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(operation).or_default() += 1;
        self.transport.send(request).await
    }
}
