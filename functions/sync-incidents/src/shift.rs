//! Many connections at a time, each with its own end.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt};
use graph_http::{Deadline, Transport};
use incident_store::{ClientSecrets, ConnectionId, Connections, StoreError, SyncStore};
use tokio::time::Instant;

use crate::{Report, Syncer, Turn};

/// A sync that is not begun with less time than this: it would take the lease, put the connection off to its
/// next turn, and read nothing.
const SHORTEST_RUN: Duration = Duration::from_secs(2);

/// How many connections at a time, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Shift {
    /// None is begun shortly before it, and none goes on after it.
    pub deadline: Deadline,
    /// The longest that one connection may take, so that a large one leaves the others their time.
    pub each: Duration,
    /// At most so many at a time.
    pub parallel: usize,
}

/// Why there is no report. All of these are ours, and none the customer's.
#[derive(Debug, thiserror::Error)]
pub enum NotSynced {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect of ours; other connections are not touched by it.
    #[error("the sync panicked")]
    Panicked,
    /// It was not begun, and is still due.
    #[error("no time was left to begin")]
    NoTime,
}

/// What became of one connection.
pub type Ended = Result<Report, NotSynced>;

impl<S: Connections + SyncStore, T: Transport, K: ClientSecrets> Syncer<S, T, K> {
    /// Each of `turns`, given as each ends.
    pub fn sync_all(
        &self,
        turns: impl IntoIterator<Item = Turn>,
        shift: Shift,
    ) -> impl Stream<Item = (ConnectionId, Ended)> {
        let syncs =
            turns.into_iter().map(move |turn| async move { (turn.connection, self.one(turn, shift).await) });
        futures_util::stream::iter(syncs).buffer_unordered(shift.parallel.max(1))
    }

    async fn one(&self, turn: Turn, shift: Shift) -> Ended {
        let now = Instant::now();
        if now + SHORTEST_RUN > shift.deadline {
            return Err(NotSynced::NoTime);
        }
        // A sync's future is some 18 KB: it stands on the heap, for several at a time.
        let sync = Box::pin(self.turn(turn, shift.deadline.min(now + shift.each)));
        match AssertUnwindSafe(sync).catch_unwind().await {
            Ok(ended) => Ok(ended?),
            Err(_) => Err(NotSynced::Panicked),
        }
    }
}
