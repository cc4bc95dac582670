//! What was asked, for tests to read.

use std::collections::VecDeque;

use http::{Method, StatusCode};
use jiff::Timestamp;

/// How many requests are kept unless told otherwise: enough for a test, little enough for a demo of days.
const KEPT: usize = 10_000;

/// One request, as it was answered. It holds no header and no body: those have secrets and tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When it was asked, on the simulator's clock.
    pub at: Timestamp,
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub target: String,
    /// The host that it was sent to.
    pub host: String,
    /// Whether it had an `Authorization` header.
    pub authorized: bool,
    /// The answer's status; `None` when there was none.
    pub status: Option<StatusCode>,
}

#[derive(Debug)]
pub(crate) struct Journal {
    limit: usize,
    requests: VecDeque<Recorded>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { limit: KEPT, requests: VecDeque::new() }
    }

    pub(crate) fn keep(&mut self, limit: usize) {
        self.limit = limit;
        let surplus = self.requests.len().saturating_sub(limit);
        self.requests.drain(..surplus);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.limit > 0
    }

    pub(crate) fn push(&mut self, request: Recorded) {
        if self.requests.len() >= self.limit {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.iter().cloned().collect()
    }
}
