//! The simulator as a transport, without sockets: for simulated time.

use std::sync::Arc;

use graph_http::{Clock, Request, Transport, TransportError};

use crate::outcome::{Content, Outcome, perform};
use crate::simulator::Simulator;

/// Answers in the caller's own task; delays are tokio's, so that paused time runs them.
#[derive(Clone, Debug)]
pub struct InProcess {
    /// Who answers.
    pub simulator: Arc<Simulator>,
    /// What time it is there.
    pub clock: Clock,
}

impl Transport for InProcess {
    type Body = Content;

    async fn send(&self, request: Request) -> Result<http::Response<Content>, TransportError> {
        let request = request.map(graph_http::RequestBody::into_bytes);
        let outcome = self.simulator.answer(self.clock.now(), request);
        if matches!(outcome, Outcome::Refused) {
            return Err(TransportError::Connect("connection refused".to_owned()));
        }
        perform(outcome).await.ok_or_else(|| TransportError::Broken("connection reset by peer".to_owned()))
    }
}
