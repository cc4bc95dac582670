//! The instants of one record's versions, and how the next version's instant compares with them.

use super::twists::FUTURE;
use super::version::Order;

/// The instants that a record's versions have had.
#[derive(Debug, Default)]
pub(super) struct Instants {
    /// The latest that was not of the future when its version became visible.
    settled: Option<i64>,
    /// Those that were.
    ahead: Vec<i64>,
}

impl Instants {
    /// The latest of all.
    pub(super) fn latest(&self) -> Option<i64> {
        self.ahead.iter().copied().max().max(self.settled)
    }

    /// How `instant`, that of a version which becomes visible at `visible`, compares with those before.
    ///
    /// A store that holds an instant of the future takes the next answer. One that holds an instant which has come to
    /// pass takes an earlier one for older: it cannot tell it from the answer of a front end that lags.
    pub(super) fn order(&self, instant: i64, visible: i64) -> Order {
        let is_ahead = |other: &i64| *other > visible + FUTURE;
        let passed = self.ahead.iter().copied().filter(|other| !is_ahead(other)).max().max(self.settled);
        if passed.is_some_and(|passed| instant < passed) {
            Order::Back
        } else if self.ahead.iter().any(|other| is_ahead(other) && instant < *other) {
            Order::BackFromFuture
        } else {
            Order::Forward
        }
    }

    pub(super) fn push(&mut self, instant: i64, visible: i64) {
        if instant > visible + FUTURE {
            self.ahead.push(instant);
        } else {
            self.settled = self.settled.max(Some(instant));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_instant_that_is_still_of_the_future_gives_way_to_an_earlier_one() {
        let far = 100 * FUTURE;
        let mut instants = Instants::default();
        assert_eq!((instants.order(10, 10), instants.latest()), (Order::Forward, None));
        instants.push(10, 10);
        instants.push(far, 20);
        assert_eq!((instants.order(30, 30), instants.latest()), (Order::BackFromFuture, Some(far)));
        assert_eq!(instants.order(5, 30), Order::Back, "whoever has read the first version holds 10");
        instants.push(30, 30);
        assert_eq!(instants.order(25, 40), Order::Back, "whoever has read the third version holds 30");
        assert_eq!(instants.order(40, 40), Order::BackFromFuture);
        assert_eq!(instants.order(40, far), Order::Back, "it has come to pass");
        assert_eq!(instants.order(far, far), Order::Forward);
    }
}
