//! Batches of which AWS leaves a part to be asked for again, as it does beyond 16 MB or the table's throughput.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use graph_http::{HttpsTransport, Request, Transport, TransportError};
use graph_security::RecordKind::Incident;
use http_body_util::{BodyExt as _, Full};
use incident_store::dynamodb::DynamoStore;
use incident_store::{Connections as _, Records, SyncStore as _};
use lambda_support::Aws;
use serde_json::{Value, json};

use crate::desk::{Desk, id, leased, record};

/// Sends on the first third of each batch, and answers that the rest was left.
#[derive(Clone, Debug, Default)]
struct Leaving {
    transport: HttpsTransport,
    left: Arc<AtomicUsize>,
}

impl Transport for Leaving {
    type Body = Full<Bytes>;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default().to_owned();
        let (head, body) = request.into_parts();
        let mut asked: Value = serde_json::from_slice(&body.into_bytes()).unwrap();
        let mut left = None;
        if operation.starts_with("Batch") {
            let (name, of_table) = asked["RequestItems"].as_object_mut().unwrap().iter_mut().next().unwrap();
            let mut rest = of_table.clone();
            let (some, unprocessed) = match operation.as_str() {
                "BatchGetItem" => (&mut of_table["Keys"], &mut rest["Keys"]),
                _ => (of_table, &mut rest),
            };
            let all = some.as_array_mut().unwrap();
            let third = all.len().div_ceil(3);
            unprocessed.as_array_mut().unwrap().drain(..third);
            all.truncate(third);
            if !unprocessed.as_array().unwrap().is_empty() {
                left = Some(json!({ name: rest }));
            }
        }
        let mut request = http::Request::from_parts(head, Bytes::from(asked.to_string()).into());
        // hyper counts the bytes anew; who signs what is not looked at here.
        request.headers_mut().remove(http::header::CONTENT_LENGTH);
        let (mut head, body) = self.transport.send(request).await?.into_parts();
        let mut body = body.collect().await.unwrap().to_bytes();
        if let Some(left) = left {
            self.left.fetch_add(1, Ordering::Relaxed);
            let mut answer: Value = serde_json::from_slice(&body).unwrap();
            let name = if operation == "BatchGetItem" { "UnprocessedKeys" } else { "UnprocessedItems" };
            answer[name] = left;
            body = answer.to_string().into();
            head.headers.remove(http::header::CONTENT_LENGTH);
            head.headers.remove("x-amz-crc32");
        }
        Ok(http::Response::from_parts(head, Full::new(body)))
    }
}

#[tokio::test]
async fn what_a_batch_leaves_is_asked_for_again() {
    let Some(desk) = Desk::new().await else { return };
    let leaving = Leaving::default();
    let client = Aws::new(&desk.aws.settings(), leaving.clone()).unwrap().dynamodb();
    let store = DynamoStore::new(client, desk.table().await);
    let held = leased(&store, 1).await;
    let ids: Vec<String> = (0..150).map(|number| number.to_string()).collect();
    let records: Vec<_> = ids.iter().map(|id| record(id, 1, "{}")).collect();
    store.upsert(&held, Incident, &records).await.unwrap();
    let found = store.versions(id(1), Incident, &ids).await.unwrap();
    assert_eq!(found.iter().flatten().count(), 150, "every head is read");
    let left = leaving.left.swap(0, Ordering::Relaxed);
    assert!(left > 4, "keys were left {left} times");

    store.remove(id(1), Records::Remove).await.unwrap();
    let found = store.versions(id(1), Incident, &ids).await.unwrap();
    assert_eq!(found.iter().flatten().count(), 0, "every record is deleted");
    assert!(leaving.left.load(Ordering::Relaxed) > 4, "deletions were left");
}
