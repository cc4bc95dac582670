//! Why a run, or one list of it, ended before everything was read.

use graph_auth::Cause;
use graph_security::RecordKind;
use incident_store::{Failing, StoreError};
use jiff::Timestamp;

/// Why a run ends before everything is read.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Time or budget is used up.
    Allowance,
    /// A look has met what is to be written.
    News,
    /// Entra asks to be left alone until then.
    Throttled(Timestamp),
    /// The connection does not work.
    Failed(Failure),
    /// The store does not.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Why a run leaves a list alone.
#[derive(Clone, Debug)]
pub(crate) enum Blocked {
    /// The next run goes on with what fails.
    Tried,
    /// Graph asks to leave this list alone until then.
    Until(Timestamp),
    /// The list cannot be read.
    Failed(Failure),
    /// The connection was broken off, or not made. Whether that is this list's trouble shows when the other one is
    /// asked.
    Unreachable(Failure),
}

impl Blocked {
    /// The failure that somebody is told of.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) | Self::Unreachable(failure) => Some(failure),
            Self::Tried | Self::Until(_) => None,
        }
    }
}

/// Why a connection, or one list of it, does not work.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) detail: String,
}

impl Failure {
    /// The account of this failure at `now`, which goes on from `before` where the cause is the same.
    pub(crate) fn since(
        &self,
        stream: Option<RecordKind>,
        before: Option<&Failing>,
        now: Timestamp,
    ) -> Failing {
        let same = before.filter(|before| before.cause == self.cause);
        Failing {
            cause: self.cause,
            stream,
            detail: self.detail.clone(),
            since: same.map_or(now, |before| before.since),
            times: same.map_or(1, |before| before.times.saturating_add(1)),
        }
    }
}
