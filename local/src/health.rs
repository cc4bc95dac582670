//! How a connection is doing, in one word and a few sentences.

use incident_store::{Aside, Connection, Lifecycle, SyncStatus};
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::text::{is_simulated, plain, span};

/// A secret's end is announced this many days ahead: Entra's own notices begin at 30.
const EXPIRY_NOTICE_DAYS: i32 = 30;

/// Lateness is near the overlap when it uses this share of it; what comes later than the overlap is only
/// found by a sweep.
const LATENESS_PERCENT: u64 = 80;

/// A connection's health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    /// In one word.
    pub(crate) state: State,
    /// What keeps it from working.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Fault>,
    /// What else one should know, the most urgent first.
    pub(crate) notes: Vec<String>,
}

/// Health in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum State {
    /// Not synced yet.
    Pending,
    /// All is well.
    Connected,
    /// It works; something wants looking at.
    Attention,
    /// It does not work.
    Failing,
    /// Kept, not synced.
    Paused,
}

impl State {
    /// The word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Connected => "connected",
            Self::Attention => "attention",
            Self::Failing => "failing",
            Self::Paused => "paused",
        }
    }
}

/// A fault in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fault {
    /// The cause's name.
    pub(crate) cause: &'static str,
    /// What is wrong.
    pub(crate) message: &'static str,
    /// The one thing to do.
    pub(crate) remedy: &'static str,
    /// Where to do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    /// Codes and request ids for support.
    pub(crate) detail: String,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
}

impl Fault {
    /// `cause` as it is said of `connection`.
    pub(crate) fn new(connection: &Connection, cause: graph_auth::Cause, detail: &str) -> Self {
        let settings = &connection.settings;
        let explanation = cause.explain();
        // A simulated tenant has no portal.
        let place = explanation.place.filter(|_| !is_simulated(connection));
        Self {
            cause: cause.name(),
            message: explanation.message,
            remedy: explanation.remedy,
            link: place.map(|place| place.url(&settings.cloud, settings.tenant_id, settings.client_id)),
            detail: plain(detail).into_owned(),
            since: None,
        }
    }
}

/// What `status` says of `connection` at `now`.
pub(crate) fn of(connection: &Connection, status: &SyncStatus, now: Timestamp) -> Health {
    let fault = status.failing.as_ref().map(|failing| Fault {
        since: Some(failing.since),
        ..Fault::new(connection, failing.cause, &failing.detail)
    });
    let mut notes = Vec::new();
    notes.extend(connection.settings.secret_expires.and_then(|day| expiry(day, now)));
    notes.extend(status.set_aside.iter().map(|aside| {
        let what = aside_text(&aside.what);
        format!("Set aside and tried again every hour: {what}: {}", plain(&aside.reason))
    }));
    notes.extend(lateness(status));
    let state = match connection.lifecycle {
        Lifecycle::Paused | Lifecycle::Removing => State::Paused,
        Lifecycle::Pending => State::Pending,
        Lifecycle::Connected if fault.is_some() => State::Failing,
        Lifecycle::Connected if !notes.is_empty() => State::Attention,
        Lifecycle::Connected if status.last_success.is_none() => State::Pending,
        Lifecycle::Connected => State::Connected,
    };
    // What is merely told: it is no cause for attention.
    notes.extend(status.not_before.filter(|at| *at > now).map(|at| {
        format!("Microsoft asked to be left alone for another {}", span(at.duration_since(now).as_secs()))
    }));
    notes.extend(
        status.backfill_from.map(|from| format!("Older history is still being read, now at {from:.0}")),
    );
    Health { state, fault, notes }
}

/// What of a stream is set aside.
pub(crate) fn aside_text(aside: &Aside) -> String {
    match aside {
        Aside::Record { id } => format!("record {}", plain(id)),
        Aside::Interval { from, to, .. } => format!("the records from {from} to {to}"),
    }
}

/// `None` when it is far off. Days are counted in UTC.
fn expiry(day: Date, now: Timestamp) -> Option<String> {
    let days = (day - now.to_zoned(TimeZone::UTC).date()).get_days();
    match days {
        ..0 => Some(format!("The client secret expired on {day}: replace it")),
        0 => Some("The client secret expires today: replace it now".to_owned()),
        1 => Some("The client secret expires tomorrow: replace it".to_owned()),
        2..=EXPIRY_NOTICE_DAYS => {
            Some(format!("The client secret expires in {days} days, on {day}: replace it"))
        }
        _ => None,
    }
}

fn lateness(status: &SyncStatus) -> Option<String> {
    let worst = status.observed.worst_lateness_seconds;
    let near = worst * 100 >= status.observed.overlap_seconds * LATENESS_PERCENT && worst > 0;
    near.then(|| {
        format!(
            "Changes become visible up to {worst} s late, near the overlap of {} s; the hourly and daily sweeps find what comes later",
            status.observed.overlap_seconds
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use graph_auth::{Cause, Cloud};
    use graph_security::RecordKind;
    use incident_store::{ConnectionId, Failing, NewConnection, SetAside};

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn connection() -> Connection {
        let settings = NewConnection {
            owner: "local".into(),
            name: None,
            tenant_id: uuid::Uuid::from_u128(1),
            client_id: uuid::Uuid::from_u128(2),
            cloud: Cloud::Global,
            since: now(),
            interval: Duration::from_secs(60),
            secret_expires: None,
        };
        Connection::new(ConnectionId::new(now(), [1; 10]), settings, Lifecycle::Connected, now())
    }

    fn well() -> SyncStatus {
        SyncStatus { last_success: Some(now()), ..SyncStatus::default() }
    }

    #[test]
    fn a_connection_that_was_read_is_connected_and_one_that_was_not_is_pending() {
        assert_eq!(of(&connection(), &well(), now()).state, State::Connected);
        assert_eq!(of(&connection(), &SyncStatus::default(), now()).state, State::Pending);
    }

    #[test]
    fn an_ending_secret_is_announced_thirty_days_ahead() {
        for (day, word) in [
            ("2026-12-24", None),
            ("2026-12-23", Some("in 30 days")),
            ("2026-11-24", Some("tomorrow")),
            ("2026-11-23", Some("today")),
            ("2026-11-22", Some("expired on 2026-11-22")),
        ] {
            let mut connection = connection();
            connection.settings.secret_expires = Some(day.parse().unwrap());
            let health = of(&connection, &well(), now());
            match word {
                None => assert_eq!((health.state, health.notes.len()), (State::Connected, 0), "{day}"),
                Some(word) => {
                    assert_eq!(health.state, State::Attention, "{day}");
                    assert!(health.notes[0].contains(word), "{}", health.notes[0]);
                }
            }
        }
    }

    #[test]
    fn a_failing_connection_says_what_to_do_and_where() {
        let failing = Failing {
            cause: Cause::WrongSecret,
            stream: None,
            detail: "AADSTS7000215".into(),
            since: now(),
            times: 3,
        };
        let health = of(&connection(), &SyncStatus { failing: Some(failing), ..well() }, now());
        let fault = health.fault.unwrap();
        assert_eq!((health.state, fault.cause), (State::Failing, "wrong_secret"));
        assert!(fault.link.unwrap().contains("/Credentials/appId/00000000-0000-0000-0000-000000000002"));
    }

    #[test]
    fn what_is_set_aside_is_named() {
        let aside = SetAside {
            kind: RecordKind::Incident,
            what: Aside::Record { id: "77".into() },
            reason: "server error".into(),
            since: now(),
            last_try: now(),
            tries: 2,
        };
        let health = of(&connection(), &SyncStatus { set_aside: vec![aside], ..well() }, now());
        assert_eq!(health.state, State::Attention);
        assert!(health.notes[0].contains("record 77: server error"), "{}", health.notes[0]);
    }

    #[test]
    fn lateness_near_the_overlap_wants_looking_at() {
        let mut status = well();
        status.observed.overlap_seconds = 300;
        for (worst, state) in [(0, State::Connected), (239, State::Connected), (240, State::Attention)] {
            status.observed.worst_lateness_seconds = worst;
            assert_eq!(of(&connection(), &status, now()).state, state, "{worst}");
        }
    }
}
