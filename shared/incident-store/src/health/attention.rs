//! What wants looking at.

use std::fmt;

use graph_security::RecordKind;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::believed;
use crate::schedule::between_attempts;
use crate::{Aside, Connection, Lifecycle, Progress, SyncStatus};

/// A secret's end is announced so many days ahead. Entra's own notices of an ending credential begin at 30.
const EXPIRY_NOTICES: [i32; 3] = [1, 7, 30];

/// Lateness is near the overlap when it uses this share of it; what comes later is found by a sweep only.
const LATENESS_PERCENT: u64 = 80;

/// When nothing has tried to sync a connection for so long after it should have, nothing syncs it: a tick
/// comes every minute, a run ends after 15 minutes, and a failing one is put off for an hour but failing.
const OVERDUE: SignedDuration = SignedDuration::from_mins(30);

/// A connection is tried, and what is new is not read to its end for so long: Microsoft answers too little of it. What
/// fails altogether is said as a failure; a throttle or a slow list is none.
const BEHIND: SignedDuration = SignedDuration::from_mins(30);

/// Something that wants looking at. `Display` says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Attention {
    /// What the last sync has left cannot be read, so that no sync goes on from it. Whoever runs this puts it right.
    StateUnreadable,
    /// The client secret has expired, or will; by the day that was entered, in UTC.
    SecretExpires {
        /// The day.
        on: Date,
        /// How many days are left; negative when it has passed.
        days: i32,
        /// Which notice it is: 30, 7 or 1 days ahead.
        notice: i32,
    },
    /// Nothing has tried to sync it for long.
    Overdue {
        /// When it was due.
        due: Timestamp,
    },
    /// What is new of a list is not read to its end.
    Behind {
        /// Which list.
        stream: RecordKind,
        /// Since when.
        since: Timestamp,
    },
    /// Records cannot be read; they are tried again every hour.
    SetAside {
        /// The oldest of them.
        example: String,
        /// How many records or spans of time.
        count: usize,
        /// Since when.
        since: Timestamp,
    },
    /// Changes become visible so late that the overlap hardly covers it.
    Lateness {
        /// The worst of seven days.
        worst_seconds: u64,
        /// The overlap.
        overlap_seconds: u64,
    },
}

impl Attention {
    /// The reason's name, as it is serialised.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::StateUnreadable => "stateUnreadable",
            Self::SecretExpires { .. } => "secretExpires",
            Self::Overdue { .. } => "overdue",
            Self::Behind { .. } => "behind",
            Self::SetAside { .. } => "setAside",
            Self::Lateness { .. } => "lateness",
        }
    }
}

/// The most urgent first.
pub(super) fn of(
    connection: &Connection,
    progress: &Progress,
    status: &SyncStatus,
    now: Timestamp,
) -> Vec<Attention> {
    let unreadable = progress.unreadable.then_some(Attention::StateUnreadable);
    let expiry = connection.settings.secret_expires.and_then(|day| expiry(day, now));
    [unreadable, expiry, overdue(connection, progress, now)]
        .into_iter()
        .flatten()
        .chain(behind(connection, progress, status, now))
        .chain(set_aside(status))
        .chain(lateness(status))
        .collect()
}

/// `None` when it is far off.
fn expiry(day: Date, now: Timestamp) -> Option<Attention> {
    let days = (day - now.to_zoned(TimeZone::UTC).date()).get_days();
    let notice = EXPIRY_NOTICES.into_iter().find(|notice| days <= *notice)?;
    Some(Attention::SecretExpires { on: day, days, notice })
}

fn overdue(connection: &Connection, progress: &Progress, now: Timestamp) -> Option<Attention> {
    // An entered or updated one is due at once, and so from before any run: how long ago that was is not kept.
    let due = progress.next_due.filter(|due| *due > connection.created)?;
    // An attempt or a due time that lies too far ahead was set by a clock that was ahead.
    let last = progress.last_attempt.filter(|last| *last <= now);
    let believed = !believed::has_passed(due, believed::longest_until_due(connection.settings.interval), now);
    let due = if due <= now || believed { due } else { last.unwrap_or(connection.created) };
    // While nothing is new, it is claimed at most so often.
    let interval = connection.settings.interval;
    let expected = last.map_or(due, |last| {
        last.saturating_add(between_attempts(interval)).map_or(due, |attempt| attempt.max(due))
    });
    let active = connection.lifecycle == Lifecycle::Connected;
    (active && now.duration_since(expected) > OVERDUE).then_some(Attention::Overdue { due })
}

/// The lists of which what is new has not been read to its end for long. Where nothing tries, [`overdue`] says so.
fn behind(
    connection: &Connection,
    progress: &Progress,
    status: &SyncStatus,
    now: Timestamp,
) -> Vec<Attention> {
    let fails = status.failing.as_ref().is_some_and(|failing| failing.stream.is_none());
    if connection.lifecycle != Lifecycle::Connected || fails || overdue(connection, progress, now).is_some() {
        return Vec::new();
    }
    // One that a person has just changed, or resumed, waits for its first attempt.
    let is_scheduled = progress.next_due.is_some_and(|due| due > connection.created);
    let tried = if is_scheduled { Some(now) } else { progress.last_attempt.or(status.last_attempt) };
    let Some(tried) = tried else { return Vec::new() };
    let interval = SignedDuration::try_from(connection.settings.interval).unwrap_or(SignedDuration::MAX);
    let allowed = interval.saturating_add(BEHIND);
    let lists = status.streams.iter().filter(|(_, stream)| stream.failing.is_none());
    lists
        // Before the first success it is pending.
        .filter_map(|(kind, stream)| Some((kind, stream.last_success?)))
        .filter(|(_, since)| tried.duration_since(*since) > allowed)
        .map(|(stream, since)| Attention::Behind { stream, since })
        .collect()
}

fn set_aside(status: &SyncStatus) -> Option<Attention> {
    let oldest = status.set_aside.iter().min_by_key(|aside| aside.since)?;
    let example = match &oldest.what {
        Aside::Record { id } => format!("record {id}"),
        Aside::Interval { from, to, .. } => format!("the records from {from} to {to}"),
    };
    Some(Attention::SetAside { example, count: status.set_aside.len(), since: oldest.since })
}

fn lateness(status: &SyncStatus) -> Option<Attention> {
    let (worst, overlap) = (status.observed.worst_lateness_seconds, status.observed.overlap_seconds);
    let near = worst > 0 && worst.saturating_mul(100) >= overlap.saturating_mul(LATENESS_PERCENT);
    near.then_some(Attention::Lateness { worst_seconds: worst, overlap_seconds: overlap })
}

impl fmt::Display for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StateUnreadable => f.write_str(
                "What the last sync has left cannot be read, so nothing is synced: whoever runs this service has to put \
                 it right.",
            ),
            Self::SecretExpires { on, days: ..0, .. } => {
                write!(f, "The client secret expired on {on}: replace it.")
            }
            Self::SecretExpires { days: 0, .. } => {
                f.write_str("The client secret expires today: replace it now.")
            }
            Self::SecretExpires { days: 1, .. } => {
                f.write_str("The client secret expires tomorrow: replace it.")
            }
            Self::SecretExpires { on, days, .. } => {
                write!(f, "The client secret expires in {days} days, on {on}: replace it.")
            }
            Self::Overdue { due } => {
                write!(f, "No sync has begun since {due:.0}, when it was due: see whether the timer runs.")
            }
            Self::Behind { stream, since } => write!(
                f,
                "New {} have not been read to their end since {since:.0}: Microsoft throttles them, or answers too \
                 slowly.",
                stream.plural()
            ),
            Self::SetAside { example, count: 1, since } => {
                write!(f, "Since {since:.0} {example} cannot be read; it is tried again every hour.")
            }
            Self::SetAside { example, count, since } => write!(
                f,
                "Since {since:.0} {count} things cannot be read and are tried again every hour, among them \
                 {example}."
            ),
            Self::Lateness { worst_seconds, overlap_seconds } => write!(
                f,
                "Changes become visible up to {worst_seconds} s late, near the overlap of {overlap_seconds} s; \
                 what comes later is found by the hourly and daily sweeps."
            ),
        }
    }
}
