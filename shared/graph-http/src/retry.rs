//! The one retry policy: what is tried again, after which wait, and when to give up.

use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::clock::Deadline;
use crate::exchange::{Answer, Fault, http_date};
use crate::spent::Spent;
use crate::transport::TransportError;

/// The first back-off without a `Retry-After`; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest back-off: a front end that needs longer says so with `Retry-After`.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The longest `Retry-After` that is kept to. Microsoft's own are seconds to minutes; a header that is wrong by years must
/// not switch anything off for as long.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// How often one request is sent in all. A fault that outlives four tries and some 4 s of waiting is not a
/// glitch: the caller knows better what to do (a smaller page, another range, the next run).
const TRIES: u32 = 4;

/// How a try failed, as far as the policy cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// 429, or 503/504 with a `Retry-After`: refused calls still count, so the wait is kept exactly.
    Throttled {
        /// How long Microsoft asks to wait, an hour at most; `None` where 429 came without the header.
        retry_after: Option<Duration>,
    },
    /// Other 5xx and faults of the connection: perhaps gone the next time.
    Transient,
}

/// Whether a status says that a server is in trouble: 5xx but for 511, with which a network says that it wants a sign-in
/// first (RFC 6585 §6).
#[must_use]
pub fn is_trouble(status: u16) -> bool {
    (500..600).contains(&status) && status != StatusCode::NETWORK_AUTHENTICATION_REQUIRED.as_u16()
}

impl Failure {
    /// What an answer means; `None` for an answer that no repetition changes.
    ///
    /// Graph: "429 … wait Retry-After", "503/504 may carry Retry-After" (concepts/throttling.md,
    /// concepts/errors.md). `Retry-After` is seconds or a date (RFC 9110 §10.2.3); a date is measured
    /// against the answer's own `Date` where it has one, so that our clock does not matter.
    #[must_use]
    pub fn of_answer(answer: &Answer, now: Timestamp) -> Option<Self> {
        let retry_after = retry_after(answer, now);
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => Some(Self::Throttled { retry_after }),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT if retry_after.is_some() => {
                Some(Self::Throttled { retry_after })
            }
            status if is_trouble(status.as_u16()) || status == StatusCode::REQUEST_TIMEOUT => {
                Some(Self::Transient)
            }
            _ => None,
        }
    }

    /// What a fault means; `None` for one that no repetition changes.
    #[must_use]
    pub fn of_fault(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::TooLarge(_)
            | Fault::Transport(
                TransportError::Refused(_)
                | TransportError::Untrusted(_)
                | TransportError::NotTls
                | TransportError::ProxyRefused { .. },
            ) => None,
            Fault::Transport(TransportError::Connect(_) | TransportError::Broken(_))
            | Fault::TimedOut(_)
            | Fault::BrokenOff(_) => Some(Self::Transient),
        }
    }
}

fn retry_after(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let text = answer.header(RETRY_AFTER.as_str())?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER));
    }
    let until = http_date(text)?;
    let wait = until.duration_since(answer.date().unwrap_or(now));
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO).min(LONGEST_RETRY_AFTER))
}

/// The tries of one request. `wait` says how long to sleep before the next one, or that there is none.
#[derive(Debug)]
pub struct Tries {
    deadline: Deadline,
    began: Instant,
    failed: u32,
}

impl Tries {
    /// No try yet; none begins after `deadline`.
    #[must_use]
    pub fn until(deadline: Deadline) -> Self {
        Self { deadline, began: Instant::now(), failed: 0 }
    }

    /// How often the request has failed so far.
    #[must_use]
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// What the tries have cost so far, for the error that ends them.
    #[must_use]
    pub fn spent(&self) -> Spent {
        Spent { tries: self.failed, elapsed: self.began.elapsed() }
    }

    /// Counts a try that failed, and says how long to wait for the next one. `None` when no repetition changes the
    /// failure, when it is the last, or when the wait would pass the deadline.
    pub fn wait(&mut self, failure: Option<Failure>, rng: &mut fastrand::Rng) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        if self.failed >= TRIES {
            return None;
        }
        let wait = match failure? {
            Failure::Throttled { retry_after: Some(wait) } => wait,
            Failure::Throttled { retry_after: None } | Failure::Transient => {
                // Half of it fixed, half of it random: spread, but never at once.
                let full = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(self.failed)).min(LONGEST_WAIT);
                full / 2 + full.mul_f64(rng.f64() / 2.0)
            }
        };
        (Instant::now() + wait < self.deadline).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::DATE;

    use super::*;

    fn answer(status: u16, headers: &[(http::HeaderName, &str)]) -> Answer {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: bytes::Bytes::new() }
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let throttled =
            |seconds| Some(Failure::Throttled { retry_after: Some(Duration::from_secs(seconds)) });
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(Failure::of_answer(&answer(429, &[(RETRY_AFTER, "7")]), now), throttled(7));
        let date = [(DATE, "Tue, 15 Nov 1994 08:12:31 GMT"), (RETRY_AFTER, "Tue, 15 Nov 1994 08:13:01 GMT")];
        assert_eq!(Failure::of_answer(&answer(503, &date), now), throttled(30));
        for long in ["31536000", "9999999999999", "Tue, 01 Jan 2999 00:00:00 GMT"] {
            assert_eq!(Failure::of_answer(&answer(429, &[(RETRY_AFTER, long)]), now), throttled(3600));
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(
            Failure::of_answer(&answer(429, &[]), now),
            Some(Failure::Throttled { retry_after: None })
        );
        assert_eq!(Failure::of_answer(&answer(500, &[]), now), Some(Failure::Transient));
        assert_eq!(Failure::of_answer(&answer(503, &[]), now), Some(Failure::Transient));
        for status in [200, 206, 400, 401, 403, 404] {
            assert_eq!(Failure::of_answer(&answer(status, &[]), now), None);
        }
        assert_eq!(Failure::of_fault(&Fault::TooLarge(1)), None);
        assert_eq!(Failure::of_fault(&Fault::TimedOut(Duration::ZERO)), Some(Failure::Transient));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_are_spread_and_end_at_the_deadline() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut tries = Tries::until(Instant::now() + Duration::from_secs(60));
        let waits: Vec<_> = (0..4).map(|_| tries.wait(Some(Failure::Transient), &mut rng)).collect();
        assert!(waits[0].unwrap() >= FIRST_WAIT && waits[0].unwrap() <= FIRST_WAIT * 2);
        assert!(waits[1].unwrap() >= FIRST_WAIT * 2);
        assert_eq!(waits[3], None, "the fourth failure is the last");
        assert_eq!(tries.spent().tries, 4);
        let mut late = Tries::until(Instant::now() + Duration::from_secs(5));
        let asked = Failure::Throttled { retry_after: Some(Duration::from_secs(6)) };
        assert_eq!(late.wait(Some(asked), &mut rng), None, "a wait beyond the deadline is not begun");
    }
}
