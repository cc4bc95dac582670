//! One HTTP client for each host, and a fresh one where the last one may hold dead connections.
//!
//! A client closes what is idle too long by the monotonic clock. That clock may stand still while the process does:
//! Lambda freezes a process between invocations, and a laptop sleeps. The connection's other end does not wait
//! meanwhile, and what lies between drops it without a word; the next request would wait for its time-out. So the wall
//! clock decides here, for each host by itself: a host that is asked every second says nothing about one that is asked
//! every hour.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;

use crate::clock::Clock;

/// Graph's front ends close idle connections after some minutes; a kept one is not trusted longer.
pub(crate) const IDLE: Duration = Duration::from_secs(60);

/// The same by the wall clock, which may also have been set back.
const AWAY: SignedDuration = SignedDuration::from_secs(60);

/// The clients of a process.
pub(crate) struct Clients {
    build: Box<dyn Fn() -> Client + Send + Sync>,
    clock: Clock,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    client: Client,
    /// When it was made, or answered last.
    answered: Timestamp,
}

/// A client for one request.
pub(crate) struct Lent {
    pub(crate) client: Client,
    /// When the request began.
    asked: Timestamp,
}

impl Clients {
    /// Builds no client yet.
    pub(crate) fn new(build: impl Fn() -> Client + Send + Sync + 'static, clock: Clock) -> Self {
        Self { build: Box::new(build), clock, kept: Mutex::default() }
    }

    /// The client for a request to `origin`. Where its last answer is more than [`IDLE`] ago, it is a new one; requests
    /// that are under way keep the old one.
    pub(crate) fn lend(&self, origin: &str) -> Lent {
        let asked = self.clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.get(origin).filter(|kept| !is_away(kept.answered, asked)) {
            return Lent { client: kept.client.clone(), asked };
        }
        let client = (self.build)();
        kept.insert(origin.to_owned(), Kept { client: client.clone(), answered: asked });
        Lent { client, asked }
    }

    /// `origin` has answered the request that `lent` was for.
    pub(crate) fn answered(&self, origin: &str, lent: &Lent) {
        let now = self.clock.now();
        // An answer that took longer may have lain there while the process slept: it says nothing about now.
        if is_away(lent.asked, now) {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.get_mut(origin) {
            kept.answered = now;
        }
    }
}

fn is_away(since: Timestamp, now: Timestamp) -> bool {
    now.duration_since(since).abs() > AWAY
}
