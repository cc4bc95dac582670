//! A store that fails before a write, after it, half-way through it, or loses the answer; and one that
//! throttles.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use graph_security::RecordKind;
use incident_store::{
    Claim, Claimed, ConnectionId, Incoming, Lease, Progress, Seen, StoreError, StoredVersion, SyncState,
    SyncStore, Upserted,
};
use jiff::Timestamp;

use super::pass_connections;
use crate::interleave::Gate;

/// Shares of calls that fail.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Nothing was written.
    pub before: f64,
    /// Some of it was.
    pub half: f64,
    /// All of it was, and the answer is lost.
    pub after: f64,
    /// Nothing was written, and it took a while.
    pub throttled: f64,
}

/// What failed how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Misfortunes {
    /// As [`Rates::before`].
    pub before: u64,
    /// As [`Rates::half`].
    pub half: u64,
    /// As [`Rates::after`].
    pub after: u64,
    /// As [`Rates::throttled`].
    pub throttled: u64,
}

/// The wrapper. A clone is the same store, failing on.
#[derive(Debug)]
pub struct Faulty<S> {
    inner: Arc<S>,
    gate: Gate,
    state: Arc<Mutex<State>>,
}

impl<S> Clone for Faulty<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), gate: self.gate.clone(), state: self.state.clone() }
    }
}

#[derive(Debug)]
struct State {
    rng: Rng,
    rates: Rates,
    done: Misfortunes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    Before,
    Half,
    After,
    Throttled,
}

fn lost(how: &str) -> StoreError {
    StoreError::Unavailable(how.to_owned())
}

impl<S> Faulty<S> {
    /// A store that fails by `rates`.
    pub fn new(inner: S, gate: Gate, seed: u64, rates: Rates) -> Self {
        let state = State { rng: Rng::with_seed(seed), rates, done: Misfortunes::default() };
        Self { inner: Arc::new(inner), gate, state: Arc::new(Mutex::new(state)) }
    }

    /// From now on it fails so often.
    pub fn set_rates(&self, rates: Rates) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).rates = rates;
    }

    /// What failed so far.
    #[must_use]
    pub fn misfortunes(&self) -> Misfortunes {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).done
    }

    /// What becomes of a call that writes so many rows.
    fn fate(&self, rows: usize) -> Fate {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { rng, rates, done } = &mut *state;
        if *rates == Rates::default() {
            return Fate::Well;
        }
        let mut share = rng.f64();
        for (rate, fate) in [
            (rates.before, Fate::Before),
            // One row has no half.
            (rates.half, if rows < 2 { Fate::Before } else { Fate::Half }),
            (rates.after, Fate::After),
            (rates.throttled, Fate::Throttled),
        ] {
            if share < rate {
                match fate {
                    Fate::Well => {}
                    Fate::Before => done.before += 1,
                    Fate::Half => done.half += 1,
                    Fate::After => done.after += 1,
                    Fate::Throttled => done.throttled += 1,
                }
                return fate;
            }
            share -= rate;
        }
        Fate::Well
    }

    /// A call that is never refused.
    async fn through<T>(&self, call: impl Future<Output = T>) -> T {
        self.gate.pass().await;
        let answer = call.await;
        self.gate.pass().await;
        answer
    }

    async fn perhaps<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.gate.pass().await;
        let answer = match self.fate(0) {
            Fate::Well => call.await,
            Fate::Before | Fate::Half => Err(lost("failed before")),
            Fate::After => call.await.and_then(|_| Err(lost("the answer was lost"))),
            Fate::Throttled => {
                tokio::time::sleep(Duration::from_millis(700)).await;
                Err(lost("throttled"))
            }
        };
        self.gate.pass().await;
        answer
    }
}

pass_connections!(Faulty);

impl<S: SyncStore> SyncStore for Faulty<S> {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        self.perhaps(self.inner.claim(id, claim)).await
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        self.perhaps(self.inner.look(id)).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.perhaps(self.inner.save(lease, state, next_due)).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.perhaps(self.inner.release(lease)).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        self.gate.pass().await;
        let answer = match self.fate(records.len()) {
            Fate::Well => self.inner.upsert(lease, kind, records).await,
            Fate::Before => Err(lost("failed before")),
            Fate::Half => {
                // "When it fails, any part of it may be durable": every other record.
                let some: Vec<Incoming> = records.iter().skip(1).step_by(2).cloned().collect();
                self.inner.upsert(lease, kind, &some).await.and_then(|_| Err(lost("failed half-way")))
            }
            Fate::After => {
                self.inner.upsert(lease, kind, records).await.and_then(|_| Err(lost("the answer was lost")))
            }
            Fate::Throttled => {
                tokio::time::sleep(Duration::from_millis(700)).await;
                Err(lost("throttled"))
            }
        };
        self.gate.pass().await;
        answer
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        self.inner.versions(connection, kind, ids).await
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        self.inner.state(id).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        self.inner.progress(id).await
    }
}
