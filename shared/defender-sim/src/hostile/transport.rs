//! The hostile tenant as a transport, without sockets.

use std::sync::Arc;

use graph_http::{Clock, Request, Transport, TransportError};

use super::Tenant;
use crate::outcome::{Content, perform};

/// Answers in the caller's own task; delays are tokio's, so that paused time runs them.
#[derive(Clone, Debug)]
pub struct HostileTransport {
    /// Who answers.
    pub tenant: Arc<Tenant>,
    /// What time it is there.
    pub clock: Clock,
}

impl Transport for HostileTransport {
    type Body = Content;

    async fn send(&self, request: Request) -> Result<http::Response<Content>, TransportError> {
        let request = request.map(graph_http::RequestBody::into_bytes);
        let outcome = self.tenant.answer(self.clock.now(), request);
        perform(outcome).await.ok_or_else(|| TransportError::Broken("connection reset by peer".to_owned()))
    }
}
