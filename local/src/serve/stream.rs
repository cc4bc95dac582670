//! A connection test as the page watches it: one JSON object on a line, each as it happens.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use std::convert::Infallible;
use test_connection::{Check, Pause, TestReport};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::problem::Problem;

/// What happens.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Event {
    /// A check was decided, or is shown while it is waited for.
    Check(Check),
    /// A verdict, and that the test tries again: what is refused may have been made a moment ago.
    Pause(Pause),
    /// The test is done.
    Report(TestReport),
    /// The connection is saved.
    Saved {
        /// Its id.
        id: incident_store::ConnectionId,
    },
    /// It could not be saved.
    Problem {
        /// Why.
        detail: String,
        /// Which value is to be corrected, where it is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        field: Option<serde_json::Value>,
    },
}

/// Takes the events. A dozen small ones, so that nothing bounds them.
#[derive(Clone, Debug)]
pub(super) struct Events(mpsc::UnboundedSender<Event>);

impl Events {
    /// Sends one. Nobody may be looking any more.
    pub(super) fn send(&self, event: Event) {
        let _ = self.0.send(event);
    }

    /// A check, for a test's observer.
    pub(super) fn check(&self, check: &Check) {
        self.send(Event::Check(check.clone()));
    }
}

/// Runs `work` and streams what it sends. When the page is closed the work is dropped.
pub(super) fn respond<F: Future<Output = ()> + Send + 'static>(work: impl FnOnce(Events) -> F) -> Response {
    let (sender, events) = mpsc::unbounded_channel();
    let closed = sender.clone();
    let work = work(Events(sender));
    tokio::spawn(async move {
        tokio::select! {
            () = work => {}
            () = closed.closed() => {}
        }
    });
    let lines = UnboundedReceiverStream::new(events).map(|event| Ok::<_, Infallible>(line(&event)));
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

fn line(event: &Event) -> Bytes {
    let mut line = serde_json::to_vec(event).unwrap_or_default();
    line.push(b'\n');
    line.into()
}

/// A problem as the last event.
impl From<Problem> for Event {
    fn from(problem: Problem) -> Self {
        let Problem(http_api::Problem { detail, more, .. }) = problem;
        Self::Problem { detail, field: more.and_then(|mut more| more.remove("field")) }
    }
}
