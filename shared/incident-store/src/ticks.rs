//! Instants as whole 100-ns ticks since the Unix epoch: exactly what Graph's seven digits can say, and a
//! number that any store sorts rightly. Text does not: `…:33.1Z` sorts after `…:33.15Z`.

use jiff::Timestamp;

const TICKS_IN_A_SECOND: i64 = 10_000_000;
const NANOSECONDS_IN_A_TICK: i32 = 100;

/// The tick that `instant` lies in; a finer rest is dropped, towards the past.
#[must_use]
pub fn from_instant(instant: Timestamp) -> i64 {
    // The years that an instant can have take 62 bits. Before 1970 both parts are negative.
    let rest = instant.subsec_nanosecond().div_euclid(NANOSECONDS_IN_A_TICK);
    instant.as_second() * TICKS_IN_A_SECOND + i64::from(rest)
}

/// How many whole ticks `duration` has.
#[must_use]
pub fn from_duration(duration: jiff::SignedDuration) -> i64 {
    let ticks = duration.as_nanos() / i128::from(NANOSECONDS_IN_A_TICK);
    i64::try_from(ticks).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
}

/// The instant at which a tick begins; `None` outside the years that an instant can have.
#[must_use]
pub fn to_instant(ticks: i64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(ticks) * i128::from(NANOSECONDS_IN_A_TICK)).ok()
}

/// `instant` as a store gives it back. What is compared with stored instants goes through here first.
#[must_use]
pub fn truncate(instant: Timestamp) -> Timestamp {
    // Only in the first 100 ns of year -9999 does a tick begin before all instants.
    to_instant(from_instant(instant)).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn none_to_seven_digits_survive_exactly() {
        for (text, ticks) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:01.1Z", 11_000_000),
            ("1970-01-01T00:00:00.0000001Z", 1),
            ("2026-01-22T12:09:23Z", 17_690_837_630_000_000),
            ("2026-01-22T12:09:23.1Z", 17_690_837_631_000_000),
            ("2026-01-22T12:09:23.14Z", 17_690_837_631_400_000),
            ("2026-01-22T12:09:23.143Z", 17_690_837_631_430_000),
            ("2026-01-22T12:09:23.1433Z", 17_690_837_631_433_000),
            ("2026-01-22T12:09:23.14333Z", 17_690_837_631_433_300),
            ("2026-01-22T12:09:23.143333Z", 17_690_837_631_433_330),
            ("2026-01-22T12:09:23.1433333Z", 17_690_837_631_433_333),
        ] {
            assert_eq!(from_instant(at(text)), ticks, "{text}");
            assert_eq!(to_instant(ticks), Some(at(text)), "{text}");
        }
    }

    #[test]
    fn instants_before_1970_keep_their_order() {
        assert_eq!(from_instant(at("1969-12-31T23:59:59.9999999Z")), -1);
        assert_eq!(from_instant(at("1969-12-31T23:59:59.99999999Z")), -1);
        assert_eq!(to_instant(-1), Some(at("1969-12-31T23:59:59.9999999Z")));
        assert_eq!(from_instant(at("1601-01-01T00:00:00Z")), -116_444_736_000_000_000);
    }

    #[test]
    fn finer_digits_are_dropped_towards_the_past() {
        assert_eq!(truncate(at("2026-01-22T12:09:23.143333399Z")), at("2026-01-22T12:09:23.1433333Z"));
        assert_eq!(truncate(at("1960-01-01T00:00:00.000000099Z")), at("1960-01-01T00:00:00Z"));
    }

    #[test]
    fn all_instants_fit_and_other_numbers_are_no_instants() {
        let last_tick = from_instant(Timestamp::MAX);
        assert_eq!(to_instant(last_tick), Some(truncate(Timestamp::MAX)));
        assert_eq!(truncate(Timestamp::MIN), Timestamp::MIN);
        assert_eq!(to_instant(last_tick + 1), None);
        assert_eq!(to_instant(i64::MIN), None);
    }
}
