//! Graph's instants: 0 to 7 fraction digits, `Z` or not.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Graph's resolution, in nanoseconds.
const TICK: i64 = 100;

/// Reads an instant exactly, to 100 ns. A text without an offset is UTC: Graph's own `innerError.date` is
/// written so, and so are some records.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let instant = text.parse().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })?;
    Some(floor_to_tick(instant))
}

/// Whether an instant is a program's empty value and no date. `DateTime.MinValue` of .NET is 0001-01-01; other
/// systems begin at 1601, 1753, 1900 or 1970. Defender has no record from before 2000.
#[must_use]
pub fn is_empty_date(instant: Timestamp) -> bool {
    /// 2000-01-01T00:00:00Z.
    const FIRST_SECOND: i64 = 946_684_800;
    instant.as_second() < FIRST_SECOND
}

/// Digits beyond Graph's resolution are cut off, so that an instant is the same in memory and in a store.
fn floor_to_tick(instant: Timestamp) -> Timestamp {
    let nanos = instant.as_nanosecond().rem_euclid(i128::from(TICK));
    let rest = jiff::SignedDuration::from_nanos(i64::try_from(nanos).unwrap_or(0));
    instant.checked_sub(rest).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_digits_is_exact() {
        let base = parse_instant("2026-01-22T12:09:23Z").unwrap();
        for (text, nanos) in [
            ("2026-01-22T12:09:23.1Z", 100_000_000),
            ("2026-01-22T12:09:23.116Z", 116_000_000),
            ("2026-01-22T12:09:23.1433333Z", 143_333_300),
            ("2026-01-22T12:09:23.0000001Z", 100),
            ("2026-01-22T12:09:23.00000019Z", 100),
            ("2026-01-22T12:09:23.1433333", 143_333_300),
            ("2026-01-22T14:09:23.5+02:00", 500_000_000),
        ] {
            let instant = parse_instant(text).unwrap();
            assert_eq!((instant.as_nanosecond() - base.as_nanosecond()), nanos, "{text}");
        }
    }

    #[test]
    fn a_tick_before_1970_is_cut_downwards() {
        assert_eq!(
            parse_instant("1969-12-31T23:59:59.99999999Z"),
            parse_instant("1969-12-31T23:59:59.9999999Z")
        );
    }

    #[test]
    fn the_first_and_the_last_instant_are_instants() {
        for instant in [Timestamp::MIN, Timestamp::MAX] {
            let read = parse_instant(&instant.to_string()).unwrap();
            assert_eq!(read.as_second(), instant.as_second());
        }
        for text in ["-009999-01-01T00:00:00.99999999+18:00", "9999-12-31T23:59:59.9999999-18:00"] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-22"] {
            assert_eq!(parse_instant(text).is_some(), text == "2026-01-22", "{text}");
        }
    }
}
