//! What the simulator holds, and one request as its parts see it.

use std::collections::BTreeMap;

use bytes::Bytes;
use fastrand::Rng;
use http::header::HOST;
use http::{HeaderMap, Request};
use jiff::Timestamp;
use uuid::Uuid;

use crate::faults::Faults;
use crate::journal::Journal;
use crate::tenant::TenantSpec;
use crate::tokens::Tokens;
use crate::world::World;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) down: bool,
    pub(crate) tenants: BTreeMap<Uuid, Tenant>,
    pub(crate) tokens: Tokens,
    /// For what is random in an answer and nowhere else: request ids, trace ids.
    pub(crate) ids: Rng,
    pub(crate) journal: Journal,
}

/// One tenant as it is now.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) spec: TenantSpec,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) world: World,
    pub(crate) faults: Faults,
    /// The minute since 1970 and how many requests Graph had in it.
    pub(crate) window: (i64, u32),
}

pub(crate) struct Secret {
    pub(crate) value: String,
    pub(crate) expired: bool,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("expired", &self.expired).finish_non_exhaustive()
    }
}

/// What the parts of an answer need to know about their request.
pub(crate) struct Asked<'a> {
    pub(crate) now: Timestamp,
    pub(crate) request: &'a Request<Bytes>,
    /// `https://graph.microsoft.com`, or wherever this simulator listens.
    pub(crate) origin: String,
}

impl Asked<'_> {
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }
}

/// Scheme and authority as the client sees them: from an absolute request target, else the `Host` header.
pub(crate) fn origin(request: &Request<Bytes>) -> String {
    if let (Some(scheme), Some(authority)) = (request.uri().scheme_str(), request.uri().authority()) {
        return format!("{scheme}://{authority}");
    }
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
