//! What the values of a connection may be.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::Refusal;

/// How often a connection is synced where nothing else is asked for.
const INTERVAL: Duration = Duration::from_secs(60);

/// The timer ticks once a minute.
const SHORTEST_INTERVAL_SECONDS: u64 = 60;

/// A checkpoint's overlaps and sweeps are made for at least one sync a day.
const LONGEST_INTERVAL_SECONDS: u64 = 86_400;

/// How far back the first sync goes where nothing else is asked for.
const FIRST_SYNC: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Microsoft keeps incidents and alerts for 180 days: <https://learn.microsoft.com/defender-xdr/data-privacy>
const RETENTION: SignedDuration = SignedDuration::from_hours(180 * 24);

/// How far the last time zone is behind UTC: until then it is still the day before somewhere.
const LAST_ZONE: SignedDuration = SignedDuration::from_hours(12);

/// As long as a line of a list.
const LONGEST_NAME: usize = 100;

/// `name` without the blanks around it; an empty one is none.
pub(crate) fn name(name: Option<&str>) -> Result<Option<String>, Refusal> {
    if name.is_some_and(|name| name.chars().count() > LONGEST_NAME || name.contains(char::is_control)) {
        let detail = format!("A name has at most {LONGEST_NAME} characters and no control characters.");
        return Err(Refusal::Invalid { field: "name", detail });
    }
    Ok(name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned))
}

pub(crate) fn interval(seconds: Option<u64>) -> Result<Duration, Refusal> {
    match seconds {
        None => Ok(INTERVAL),
        Some(seconds @ SHORTEST_INTERVAL_SECONDS..=LONGEST_INTERVAL_SECONDS) => {
            Ok(Duration::from_secs(seconds))
        }
        Some(_) => {
            let detail = format!("From {SHORTEST_INTERVAL_SECONDS} to {LONGEST_INTERVAL_SECONDS}.");
            Err(Refusal::Invalid { field: "intervalSeconds", detail })
        }
    }
}

pub(crate) fn since(since: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Refusal> {
    let Some(since) = since else { return Ok(before(now, FIRST_SYNC)) };
    let earliest = before(now, RETENTION);
    if since < earliest || since > now {
        let detail =
            format!("From {earliest:.0}, because Microsoft keeps incidents for 180 days, until now.");
        return Err(Refusal::Invalid { field: "since", detail });
    }
    Ok(since)
}

/// The day on which a secret expires; one that is over everywhere is a mistake.
pub(crate) fn expiry(day: Option<Date>, now: Timestamp) -> Result<Option<Date>, Refusal> {
    let today = before(now, LAST_ZONE).to_zoned(TimeZone::UTC).date();
    match day {
        Some(day) if day < today => {
            let detail = format!("{day} is in the past: enter the day on which the secret will expire.");
            Err(Refusal::Invalid { field: "secretExpires", detail })
        }
        day => Ok(day),
    }
}

fn before(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        assert_eq!(name(Some("  Zoë 🛡 ")).unwrap().as_deref(), Some("Zoë 🛡"));
        assert_eq!(name(Some(" \u{2003} ")).unwrap(), None);
        assert!(name(Some(&"ü".repeat(100))).is_ok());
        for bad in ["ü".repeat(101), "two\nlines".to_owned(), "\u{1b}[31m".to_owned(), "a\0".to_owned()] {
            assert!(matches!(name(Some(&bad)), Err(Refusal::Invalid { field: "name", .. })), "{bad:?}");
        }
    }

    #[test]
    fn the_first_sync_goes_back_as_far_as_microsoft_keeps() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let since = |text: &str| since(Some(text.parse().unwrap()), now);
        assert_eq!(super::since(None, now).unwrap(), "2026-10-24T12:00:00Z".parse().unwrap());
        assert!(since("2026-05-27T12:00:00Z").is_ok());
        assert!(since("2026-05-27T11:59:59Z").is_err());
        assert!(since("2026-11-23T12:00:01Z").is_err());
        assert!(since("-009999-01-02T01:59:59Z").is_err());
    }

    #[test]
    fn a_secret_expires_today_somewhere_or_later() {
        let expiry = |day: &str, now: &str| expiry(Some(day.parse().unwrap()), now.parse().unwrap());
        assert_eq!(super::expiry(None, Timestamp::UNIX_EPOCH).unwrap(), None);
        for day in ["2026-11-23", "2026-11-24", "2099-01-01"] {
            assert!(expiry(day, "2026-11-23T12:00:00Z").is_ok(), "{day}");
        }
        assert!(expiry("2026-11-22", "2026-11-23T11:59:59Z").is_ok(), "it is still that day on Baker Island");
        let past = expiry("2026-11-22", "2026-11-23T12:00:00Z");
        assert!(matches!(past, Err(Refusal::Invalid { field: "secretExpires", .. })), "{past:?}");
    }

    #[test]
    fn an_interval_is_between_a_minute_and_a_day() {
        assert_eq!(interval(None).unwrap(), INTERVAL);
        assert!(interval(Some(60)).is_ok() && interval(Some(86_400)).is_ok());
        assert!(interval(Some(59)).is_err() && interval(Some(u64::MAX)).is_err());
    }
}
