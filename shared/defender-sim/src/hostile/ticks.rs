//! Instants as whole 100 ns steps since 1970: Graph's resolution, and cheap to compare.

use std::fmt::Write;

use jiff::Timestamp;

/// Steps in a second.
pub const SECOND: i64 = 10_000_000;
/// Steps in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Steps in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Steps in a day.
pub const DAY: i64 = 24 * HOUR;

/// The step that `at` lies in.
#[must_use]
pub fn from_timestamp(at: Timestamp) -> i64 {
    at.as_second() * SECOND + i64::from(at.subsec_nanosecond().div_euclid(100))
}

/// The instant at which a step begins; 1970 for what no instant can be.
#[must_use]
pub fn to_timestamp(ticks: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(ticks) * 100).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-01-22T12:09:23.14Z`: as Graph prints it, without the zeros at the end.
pub(super) fn print(into: &mut String, ticks: i64) {
    let seconds = Timestamp::from_second(ticks.div_euclid(SECOND)).unwrap_or(Timestamp::UNIX_EPOCH);
    let _ = write!(into, "{seconds}");
    let mut fraction = ticks.rem_euclid(SECOND);
    if fraction > 0 {
        let mut digits = 7;
        while fraction % 10 == 0 {
            fraction /= 10;
            digits -= 1;
        }
        into.pop();
        let _ = write!(into, ".{fraction:0digits$}Z");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_printed_with_the_digits_it_has() {
        let at: Timestamp = "2026-01-22T12:09:23Z".parse().unwrap();
        let base = from_timestamp(at);
        assert_eq!(to_timestamp(base), at);
        for (more, text) in
            [(0, "23Z"), (SECOND / 10, "23.1Z"), (1, "23.0000001Z"), (1_433_333, "23.1433333Z")]
        {
            let mut printed = String::new();
            print(&mut printed, base + more);
            assert_eq!(printed, format!("2026-01-22T12:09:{text}"));
        }
    }
}
