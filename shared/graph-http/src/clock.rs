//! Time as a value: the system's, or a simulated one that runs with tokio's paused time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The moment after which a run must not wait or start anything.
pub type Deadline = Instant;

/// What time it is. Cloned freely.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Simulated { epoch: Timestamp, started: Instant },
    Held(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The machine's wall clock. It is read anew each time: Lambda freezes a process between invocations,
    /// so a monotonic clock would fall behind.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `epoch` now and goes on with tokio's time, which tests pause and advance.
    #[must_use]
    pub fn simulated(epoch: Timestamp) -> Self {
        Self(Source::Simulated { epoch, started: Instant::now() })
    }

    /// A clock that stands at `now` until [`Clock::advance`] moves it and all its clones: for tests in which the
    /// process sleeps while the time goes on, and tokio's time does not.
    #[must_use]
    pub fn held(now: Timestamp) -> Self {
        Self(Source::Held(Arc::new(Mutex::new(now))))
    }

    /// Moves a held clock by `by`, backwards where it is negative; every other clock goes by itself.
    pub fn advance(&self, by: SignedDuration) {
        if let Source::Held(now) = &self.0 {
            let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
            *now += by;
        }
    }

    /// The same clock, wrong by `skew`: for tests in which our clock and Microsoft's disagree.
    #[must_use]
    pub fn skewed(&self, skew: SignedDuration) -> Self {
        match &self.0 {
            Source::System => self.clone(),
            Source::Held(_) => Self::held(self.now() + skew),
            Source::Simulated { epoch, started } => {
                Self(Source::Simulated { epoch: *epoch + skew, started: *started })
            }
        }
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Simulated { epoch, started } => *epoch + started.elapsed(),
            Source::Held(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// The time left until `deadline`, zero when it has passed.
pub(crate) fn left_until(deadline: Deadline) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
