//! How often somebody may test. A test tells a right secret from a wrong one, so without a limit it would be a
//! tool to guess one.
//!
//! An owner's tests are counted for the owner. A secret that is entered is counted for the owner and the tenant that it is
//! for, as well: nobody's wrong secrets keep another owner out, who may be that tenant's own administrator. An accepted
//! secret was no guess and is taken back.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{Limits, Window};

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// The tests of one owner.
    Owner(String),
    /// The secrets that one owner has entered for one tenant.
    Tenant(String, Uuid),
}

/// Counts attempts, for all instances of the functions together.
pub trait Attempts: Send + Sync {
    /// Counts one in the window that `now` lies in, if there is room, and says whether there was.
    ///
    /// # Errors
    /// When they cannot be counted; nothing may be tested then.
    fn count(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, AttemptsUnavailable>> + Send;

    /// Takes back one that was counted at `now`. One that is not taken back, because of a crash, is one too
    /// many until its window ends.
    ///
    /// # Errors
    /// When it cannot be taken back.
    fn forgive(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), AttemptsUnavailable>> + Send;

    /// Says how one ended: for metrics, where somebody watches them.
    fn ended(&self, _how: Ended) {}
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was made, and no secret was refused.
    Tested,
    /// It was made, and Entra has refused the secret.
    SecretRefused,
    /// It was not made: there was no room.
    NotAdmitted,
}

/// `None` lets everybody through: for a function that is tried out by itself.
impl<A: Attempts> Attempts for Option<&A> {
    async fn count(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
    ) -> Result<bool, AttemptsUnavailable> {
        match self {
            Some(attempts) => attempts.count(counter, window, now).await,
            None => Ok(true),
        }
    }

    async fn forgive(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
    ) -> Result<(), AttemptsUnavailable> {
        match self {
            Some(attempts) => attempts.forgive(counter, window, now).await,
            None => Ok(()),
        }
    }

    fn ended(&self, how: Ended) {
        if let Some(attempts) = self {
            attempts.ended(how);
        }
    }
}

/// Attempts cannot be counted now. Try again later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("attempts cannot be counted now: {0}")]
pub struct AttemptsUnavailable(pub String);

/// Why a test is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too many were made.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// It is not known how many were made.
    #[error(transparent)]
    Unavailable(#[from] AttemptsUnavailable),
}

/// Too many tests were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tests; try again in {} s", .wait.as_secs())]
pub struct TooMany {
    /// There is room again after this time.
    pub wait: Duration,
    /// Which parameter of the stack bounds them, where one does.
    pub parameter: Option<&'static str>,
}

/// A test that was let through.
#[derive(Debug)]
#[must_use = "an accepted secret is to be forgiven"]
pub struct Admission<'a, A> {
    attempts: &'a A,
    tenant: Option<(Counter, &'a [Window])>,
    at: Timestamp,
}

/// Counts a test of `owner`'s; where a secret was entered for it, with the tenant that it is for.
///
/// # Errors
/// [`Refused`], when there is no room.
pub async fn admit<'a, A: Attempts>(
    attempts: &'a A,
    limits: &'a Limits,
    owner: &str,
    tenant: Option<Uuid>,
    now: Timestamp,
) -> Result<Admission<'a, A>, Refused> {
    count(attempts, &Counter::Owner(owner.to_owned()), &limits.owner, now).await?;
    let tenant = tenant.map(|tenant| (Counter::Tenant(owner.to_owned(), tenant), limits.tenant.as_slice()));
    if let Some((counter, windows)) = &tenant {
        count(attempts, counter, windows, now).await?;
    }
    Ok(Admission { attempts, tenant, at: now })
}

async fn count<A: Attempts>(
    attempts: &A,
    counter: &Counter,
    windows: &[Window],
    now: Timestamp,
) -> Result<(), Refused> {
    for window in windows {
        if !attempts.count(counter, *window, now).await? {
            return Err(TooMany { wait: window.left(now), parameter: window.parameter }.into());
        }
    }
    Ok(())
}

impl<A: Attempts> Admission<'_, A> {
    /// The secret was accepted: it was no guess.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub async fn forgive(self) -> Result<(), AttemptsUnavailable> {
        if let Some((counter, windows)) = &self.tenant {
            for window in *windows {
                self.attempts.forgive(counter, *window, self.at).await?;
            }
        }
        Ok(())
    }
}
