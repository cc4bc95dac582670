//! A transport that counts what is called, and what it would cost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use graph_http::{HttpsTransport, Request, Transport, TransportError};
use http_body_util::{BodyExt as _, Full};
use serde_json::Value;

/// The real transport; it notes the AWS operation of each request, attempts that are repeated included, and has
/// DynamoDB say what each consumed. For an AWS that does not look at signatures.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    transport: HttpsTransport,
    calls: Arc<Mutex<Calls>>,
}

/// What was called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    /// How often each operation.
    pub operations: BTreeMap<String, usize>,
    /// DynamoDB's write request units, those of the indexes included.
    pub write_units: f64,
}

/// What is read is not added up: the emulator counts a read as one, whatever its size.
const READS: [&str; 4] = ["GetItem", "BatchGetItem", "Query", "Scan"];

impl Counted {
    /// What was called since this was last asked.
    #[must_use]
    pub fn take(&self) -> Calls {
        std::mem::take(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for Counted {
    type Body = Full<Bytes>;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        let broken = |what: &str| TransportError::Broken(what.to_owned());
        // `DynamoDB_20120810.GetItem`, `secretsmanager.GetSecretValue`.
        let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
        let (service, operation) = target.and_then(|target| target.split_once('.')).unwrap_or_default();
        let (of_dynamodb, operation) = (service.starts_with("DynamoDB"), operation.to_owned());
        let (mut head, body) = request.into_parts();
        let mut body = body.into_bytes();
        if of_dynamodb {
            let mut asked: Value = serde_json::from_slice(&body).map_err(|_| broken("no JSON was sent"))?;
            asked["ReturnConsumedCapacity"] = "TOTAL".into();
            body = asked.to_string().into();
            head.headers.remove(http::header::CONTENT_LENGTH);
        }
        let answer = self.transport.send(http::Request::from_parts(head, body.into())).await?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| broken("the answer broke off"))?.to_bytes();
        let consumed = serde_json::from_slice(&body).map_or(0.0, |answer: Value| consumed(&answer));

        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if !READS.contains(&operation.as_str()) {
            calls.write_units += consumed;
        }
        *calls.operations.entry(operation).or_default() += 1;
        drop(calls);
        Ok(http::Response::from_parts(head, Full::new(body)))
    }
}

/// `ConsumedCapacity` is one for a single item, and one for each table of a batch or transaction.
fn consumed(answer: &Value) -> f64 {
    let units = |of: &Value| of["CapacityUnits"].as_f64().unwrap_or_default();
    match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(units).sum(),
        one => units(one),
    }
}
