//! An instant as Graph prints it: to 100 ns, with 0 to 7 digits of fraction.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// 100 ns steps in a second: the resolution of an `Edm.DateTimeOffset` in Graph's records.
const TICKS: i64 = 10_000_000;

/// An instant with the digits that it is printed with (`…:33.1Z`, `…:23.1433333Z`, `…:00.0000000Z`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    ticks: i64,
    digits: u8,
}

impl Stamp {
    /// `at`, rounded down to `digits` (at most 7) digits of fraction.
    pub(crate) fn new(at: Timestamp, digits: u8) -> Self {
        let digits = digits.min(7);
        let step = 10_i64.pow(7 - u32::from(digits));
        Self { ticks: ticks(at).div_euclid(step) * step, digits }
    }

    /// `at` as SQL Server's `datetime` keeps it, in steps of 1/300 s: most of the documentation's instants
    /// end in 333, 667 or 0 for that reason.
    pub(crate) fn sql(at: Timestamp) -> Self {
        let ticks = ticks(at);
        let (second, fraction) = (ticks.div_euclid(TICKS), ticks.rem_euclid(TICKS));
        let third = (fraction * 300 / TICKS) * TICKS;
        Self { ticks: second * TICKS + (third + 150) / 300, digits: 7 }.trimmed()
    }

    /// Without the zeros at its end.
    fn trimmed(self) -> Self {
        let mut digits = 7;
        let mut rest = self.ticks.rem_euclid(TICKS);
        while digits > 0 && rest % 10 == 0 {
            digits -= 1;
            rest /= 10;
        }
        Self { digits, ..self }
    }

    /// The next instant that Graph can express.
    pub(crate) fn next(self) -> Self {
        Self { ticks: self.ticks + 1, digits: 7 }
    }

    pub(crate) fn ticks(self) -> i64 {
        self.ticks
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        timestamp(self.ticks)
    }

    /// The same digits, `by` later: for the documentation's records, which are of other years.
    pub(crate) fn moved(self, by: SignedDuration) -> Self {
        Self { ticks: ticks(self.timestamp() + by), digits: self.digits }
    }

    /// Reads an RFC 3339 instant of at most 7 digits of fraction.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = match text.split_once('.') {
            Some((_, rest)) => rest.bytes().take_while(u8::is_ascii_digit).count(),
            None => 0,
        };
        let digits = u8::try_from(digits).ok().filter(|digits| *digits <= 7)?;
        let at: Timestamp = text.parse().ok()?;
        Some(Self { ticks: ticks(at), digits })
    }
}

/// 100 ns steps since 1970, rounded down.
pub(crate) fn ticks(at: Timestamp) -> i64 {
    let nanoseconds = at.as_nanosecond().div_euclid(100);
    i64::try_from(nanoseconds).unwrap_or(i64::MAX)
}

/// The instant of a number of steps; the last one there is where it lies beyond.
pub(crate) fn timestamp(ticks: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(ticks) * 100).unwrap_or(Timestamp::MAX)
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SECONDS: jiff::fmt::temporal::DateTimePrinter =
            jiff::fmt::temporal::DateTimePrinter::new().precision(Some(0));
        let seconds = SECONDS.timestamp_to_string(&self.timestamp());
        let seconds = seconds.trim_end_matches('Z');
        if self.digits == 0 {
            return write!(f, "{seconds}Z");
        }
        let fraction = self.ticks.rem_euclid(TICKS) / 10_i64.pow(7 - u32::from(self.digits));
        write!(f, "{seconds}.{fraction:0width$}Z", width = usize::from(self.digits))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an instant of at most 7 digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn an_instant_is_printed_with_the_digits_it_was_read_with() {
        for text in [
            "2026-05-05T08:30:00Z",
            "2026-02-25T16:29:33.1Z",
            "2026-05-05T07:00:00.000Z",
            "2026-05-05T08:30:00.0000000Z",
            "2026-01-22T12:09:23.1433333Z",
            "1969-12-31T23:59:59.9999999Z",
        ] {
            assert_eq!(Stamp::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Stamp::parse("2026-01-22T12:09:23.14333333Z"), None, "eight digits");
        assert_eq!(Stamp::parse("yesterday"), None);
    }

    #[test]
    fn sql_instants_are_three_hundredths_of_a_second() {
        let at = "2026-01-22T12:09:23.1459999Z".parse().unwrap();
        assert_eq!(Stamp::sql(at).to_string(), "2026-01-22T12:09:23.1433333Z");
        assert_eq!(Stamp::new(at, 1).to_string(), "2026-01-22T12:09:23.1Z");
    }
}
