//! Counting for one process: the desk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::{Attempts, AttemptsUnavailable, Counter, Window};

/// Windows that have ended are dropped when there are so many.
const KEPT: usize = 10_000;

/// Attempts counted in memory.
#[derive(Debug, Default)]
pub struct MemoryAttempts {
    counted: Mutex<HashMap<Key, Counted>>,
}

/// A counter, its window, and when that began.
type Key = (Counter, Window, i64);

#[derive(Debug)]
struct Counted {
    attempts: u32,
    ends: i64,
}

impl MemoryAttempts {
    fn with<T>(&self, key: Key, now: Timestamp, change: impl FnOnce(&mut u32) -> T) -> T {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= KEPT {
            counted.retain(|_, counted| counted.ends > now.as_second());
        }
        let ends = key.2.saturating_add_unsigned(key.1.length.as_secs());
        change(&mut counted.entry(key).or_insert(Counted { attempts: 0, ends }).attempts)
    }
}

impl Attempts for MemoryAttempts {
    async fn count(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
    ) -> Result<bool, AttemptsUnavailable> {
        Ok(self.with((counter.clone(), window, window.start(now)), now, |attempts| {
            let room = *attempts < window.most;
            *attempts += u32::from(room);
            room
        }))
    }

    async fn forgive(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
    ) -> Result<(), AttemptsUnavailable> {
        let key = (counter.clone(), window, window.start(now));
        self.with(key, now, |attempts| *attempts = attempts.saturating_sub(1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::{Limits, Refused, TooMany, admit};

    const TENANT: Uuid = Uuid::from_u128(1);

    fn too_many(seconds: u64, parameter: Option<&'static str>) -> Result<(), Refused> {
        Err(TooMany { wait: Duration::from_secs(seconds), parameter }.into())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_769_083_200 + seconds).unwrap()
    }

    #[tokio::test]
    async fn an_owner_is_let_through_ten_times_a_minute_and_told_when_again() {
        let (attempts, limits) = (MemoryAttempts::default(), Limits::default());
        let admit = async |owner, second| admit(&attempts, &limits, owner, None, at(second)).await.map(drop);
        for second in 0..10 {
            assert_eq!(admit("a", second).await, Ok(()));
        }
        assert_eq!(admit("a", 20).await, too_many(40, Some("TestsPerMinute")));
        assert_eq!(admit("b", 20).await, Ok(()), "another owner's tests are another's");
        assert_eq!(admit("a", 60).await, Ok(()));
    }

    #[tokio::test]
    async fn a_day_has_room_for_a_hundred() {
        let (attempts, limits) = (MemoryAttempts::default(), Limits::default());
        let mut let_through = 0;
        for minute in 0..30 {
            for _ in 0..10 {
                let_through += u32::from(admit(&attempts, &limits, "a", None, at(minute * 60)).await.is_ok());
            }
        }
        assert_eq!(let_through, 100);
    }

    #[tokio::test]
    async fn an_owner_s_refused_secrets_for_a_tenant_count_for_that_owner_only_and_accepted_ones_do_not() {
        // No limit of the owner's own is in the way.
        let (attempts, limits) = (MemoryAttempts::default(), Limits { owner: vec![], ..Limits::default() });
        let admit = async |owner, tenant| admit(&attempts, &limits, owner, tenant, at(600)).await;
        for _ in 0..30 {
            admit("guesser", Some(TENANT)).await.unwrap().forgive().await.unwrap();
        }
        for _ in 0..20 {
            let _ = admit("guesser", Some(TENANT)).await.unwrap();
        }
        let one_more = admit("guesser", Some(TENANT)).await.map(drop);
        assert_eq!(one_more, too_many(3000, None));
        assert!(admit("administrator", Some(TENANT)).await.is_ok(), "nobody keeps another owner out");
        assert!(admit("guesser", Some(Uuid::from_u128(2))).await.is_ok());
        assert!(admit("guesser", None).await.is_ok());
    }

    #[tokio::test]
    async fn what_has_ended_is_dropped() {
        let (attempts, limits) = (MemoryAttempts::default(), Limits::default());
        for number in 0..40_000_i64 {
            let _ = admit(&attempts, &limits, &number.to_string(), None, at(number * 60)).await.unwrap();
        }
        assert!(attempts.counted.lock().unwrap().len() <= KEPT + 2);
    }
}
