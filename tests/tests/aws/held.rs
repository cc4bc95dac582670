//! A transport that holds requests back until the test lets them go, as a network that delivers late does.

use std::sync::{Arc, Mutex, PoisonError};

use graph_http::{HttpsTransport, Request, Transport, TransportError};
use tokio::sync::watch;

/// Holds back the requests of the operation that [`Holding::next`] names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holding {
    transport: HttpsTransport,
    wanted: Arc<Mutex<Option<Wanted>>>,
}

#[derive(Clone, Debug)]
struct Wanted {
    operation: &'static str,
    stage: watch::Sender<Stage>,
}

/// Where a held request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NotSent,
    OnItsWay,
    Released,
}

/// A request that is held, or will be.
#[derive(Debug)]
pub(crate) struct Held(watch::Sender<Stage>);

impl Holding {
    /// Holds back the next request of a DynamoDB operation, with its repetitions, until it is released.
    pub(crate) fn next(&self, operation: &'static str) -> Held {
        let stage = watch::Sender::new(Stage::NotSent);
        let wanted = Wanted { operation, stage: stage.clone() };
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(wanted);
        Held(stage)
    }

    fn wanted(&self, request: &Request) -> Option<Wanted> {
        let target = request.headers().get("x-amz-target")?.to_str().ok()?;
        let (_, operation) = target.split_once('.')?;
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wanted.filter(|wanted| wanted.operation == operation && *wanted.stage.borrow() != Stage::Released)
    }
}

impl Held {
    /// Returns when the request is on its way: sent by the store, not yet received by DynamoDB.
    pub(crate) async fn sent(&self) {
        self.0.subscribe().wait_for(|stage| *stage == Stage::OnItsWay).await.expect("the sender is here");
    }

    /// Delivers the request.
    pub(crate) fn release(self) {
        self.0.send_replace(Stage::Released);
    }
}

impl Transport for Holding {
    type Body = <HttpsTransport as Transport>::Body;

    async fn send(&self, request: Request) -> Result<http::Response<Self::Body>, TransportError> {
        if let Some(Wanted { stage, .. }) = self.wanted(&request) {
            stage.send_replace(Stage::OnItsWay);
            stage.subscribe().wait_for(|stage| *stage == Stage::Released).await.expect("the sender is here");
        }
        self.transport.send(request).await
    }
}
