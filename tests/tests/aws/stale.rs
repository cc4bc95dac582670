//! An AWS that answers as eventually consistent reads may: with what was.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use graph_http::{HttpsTransport, Request, Transport, TransportError};
use graph_security::RecordKind::Incident;
use http_body_util::{BodyExt as _, Full};
use incident_store::dynamodb::DynamoStore;
use incident_store::{Incoming, SyncStore as _, Upserted};
use lambda_support::Aws;

use crate::desk::{Desk, at, leased, record};

/// The real transport; but a batch that is not read consistently comes as the one before it did.
#[derive(Clone, Debug, Default)]
struct Stale {
    transport: HttpsTransport,
    before: Arc<Mutex<Option<Bytes>>>,
}

impl Transport for Stale {
    type Body = Full<Bytes>;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
        let batch = target.is_some_and(|target| target.ends_with(".BatchGetItem"));
        let (head, body) = request.into_parts();
        let body = body.into_bytes();
        let consistent = String::from_utf8_lossy(&body).contains(r#""ConsistentRead":true"#);
        let answer = self.transport.send(http::Request::from_parts(head, body.into())).await?;
        let (mut head, body) = answer.into_parts();
        let broken = |_| TransportError::Broken("the answer broke off".to_owned());
        let mut body = body.collect().await.map_err(broken)?.to_bytes();
        if batch {
            let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).replace(body.clone());
            if let Some(before) = before.filter(|_| !consistent) {
                // They are of what is sent now.
                head.headers.remove("x-amz-crc32");
                head.headers.remove(http::header::CONTENT_LENGTH);
                body = before;
            }
        }
        Ok(http::Response::from_parts(head, Full::new(body)))
    }
}

#[tokio::test]
async fn what_goes_back_to_what_it_was_is_written_though_an_older_read_says_that_it_is_there() {
    let Some(desk) = Desk::new().await else { return };
    let aws = desk.aws.settings();
    let client = Aws::new(&aws, Stale::default()).unwrap().dynamodb();
    let store = DynamoStore::new(client, desk.table().await);
    let held = leased(&store, 1).await;
    // All of one instant of Microsoft's, so that only what is stored says which one is in force.
    let answered = |second, body: &'static str| Incoming { answered: at(second), ..record("1", 0, body) };
    let mut became = Vec::new();
    for incoming in [answered(1, r#"{"a":1}"#), answered(2, r#"{"a":2}"#), answered(3, r#"{"a":1}"#)] {
        became.extend(store.upsert(&held, Incident, &[incoming]).await.unwrap());
    }
    let revisions: Vec<_> = became
        .iter()
        .map(|became| match became {
            Upserted::Created { revision } | Upserted::Updated { revision, .. } => *revision,
            Upserted::Unchanged | Upserted::Older { .. } => 0,
        })
        .collect();
    assert_eq!(revisions, [1, 2, 3], "{became:?}");
}
