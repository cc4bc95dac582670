//! So many in so much time.

use std::time::Duration;

use jiff::Timestamp;

/// So many in so much time. Windows begin at whole multiples of their length since 1970, so that all
/// instances count in the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// How long it is; at least a second.
    pub length: Duration,
    /// How many may come in it.
    pub most: u32,
    /// Which parameter of the stack sets that, where one does. A refusal names it.
    pub parameter: Option<&'static str>,
}

impl Window {
    /// When the window that `now` lies in begins, in seconds since 1970.
    #[must_use]
    pub fn start(&self, now: Timestamp) -> i64 {
        now.as_second().saturating_sub(now.as_second().rem_euclid(self.seconds()))
    }

    /// How long `now` is before its window's end: at least a second.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Duration {
        let left = self.start(now).saturating_add(self.seconds()).saturating_sub(now.as_second());
        Duration::from_secs(left.max(1).unsigned_abs())
    }

    fn seconds(&self) -> i64 {
        i64::try_from(self.length.as_secs()).unwrap_or(i64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_any_length_has_a_start_and_an_end() {
        for length in [Duration::ZERO, Duration::from_secs(60), Duration::MAX] {
            let window = Window { length, most: 1, parameter: None };
            for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                assert!(window.start(now) <= now.as_second());
                assert!(window.left(now) >= Duration::from_secs(1));
            }
        }
    }
}
