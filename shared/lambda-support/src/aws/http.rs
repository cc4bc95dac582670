//! The AWS SDKs over the process's one HTTP client.
//!
//! Their own client takes trust anchors as PEM, which is parsed at every start; this one has them as constants
//! and keeps one pool of connections for Microsoft and AWS alike. Time-outs are the SDK's: of an attempt and
//! of an operation.

use std::fmt::Debug;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use graph_http::{Transport, TransportError};
use http_body_util::{BodyExt as _, Limited};

/// The largest answer is `BatchGetItem`'s: 16 MB, a third more in base64.
const LARGEST: usize = 32 * 1024 * 1024;

pub(super) fn client<T: Transport + Debug + 'static>(transport: T) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(Arc::new(transport)));
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Connector<T>(Arc<T>);

impl<T: Transport + Debug + 'static> HttpConnector for Connector<T> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.0.clone();
        HttpConnectorFuture::new(async move { send(&*transport, request).await })
    }
}

async fn send<T: Transport>(transport: &T, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let (head, body) = request.try_into_http1x().map_err(|error| unsendable(&error))?.into_parts();
    // Streams are bodies of files; what is sent here is in memory.
    let body = body.bytes().ok_or_else(|| ConnectorError::user("a streamed body is not sent".into()))?;
    let request = http::Request::from_parts(head, Bytes::copy_from_slice(body).into());
    let (head, body) = transport.send(request).await.map_err(failed)?.into_parts();
    let body = body.map_err(|error| error.to_string());
    let body = Limited::new(body, LARGEST).collect().await;
    let body = body.map_err(|error| ConnectorError::io(error.to_string().into()))?.to_bytes();
    let response = http::Response::from_parts(head, SdkBody::from(body));
    HttpResponse::try_from(response).map_err(|error| unsendable(&error))
}

/// What is worth an attempt more, the SDK decides by this.
fn failed(error: TransportError) -> ConnectorError {
    match error {
        TransportError::Connect(_) => ConnectorError::io(error.into()).never_connected(),
        TransportError::Broken(_) => ConnectorError::io(error.into()),
        // What no repetition changes.
        TransportError::Refused(_)
        | TransportError::Untrusted(_)
        | TransportError::NotTls
        | TransportError::ProxyRefused { .. } => ConnectorError::user(error.into()),
    }
}

fn unsendable(error: &impl ToString) -> ConnectorError {
    ConnectorError::user(error.to_string().into())
}
