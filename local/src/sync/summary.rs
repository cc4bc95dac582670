//! What a person reads after a sync: one line for a connection, and one for each thing that is not well.

use std::fmt::Write as _;

use graph_security::RecordKind;
use jiff::Timestamp;
use sync_incidents::{Outcome, StreamReport};

use super::result::{Ended, SyncResult};
use crate::text::{aside_text, count, plain};

pub(super) fn lines(result: &SyncResult) -> String {
    let mut text = format!("{}: {}", result.label, first(result));
    // Writing to a string cannot fail.
    if let Some(fault) = &result.fault {
        let _ = write!(text, "\n  {}\n  {}", fault.message, fault.remedy);
        if let Some(link) = &fault.link {
            let _ = write!(text, "\n  {link}");
        }
        let _ = write!(text, "\n  {}: {}", fault.cause, plain(&fault.detail));
    }
    for (stream, what) in [(&result.streams.incidents, "incident"), (&result.streams.alerts, "alert")] {
        for row in &stream.unreadable {
            let id = row.id.as_deref().map_or_else(|| "without an id".into(), plain);
            let _ = write!(text, "\n  unreadable {what} {id}: {}", plain(&row.reason));
        }
        let more = stream.unreadable_total.saturating_sub(stream.unreadable.len() as u64);
        if more > 0 {
            let _ = write!(text, "\n  and {more} more unreadable {what} rows");
        }
    }
    for aside in &result.status.set_aside {
        let _ = write!(text, "\n  set aside: {}: {}", aside_text(&aside.what), plain(&aside.reason));
        let evidence = aside.evidence.to_string();
        if !evidence.is_empty() {
            let _ = write!(text, " ({})", plain(&evidence));
        }
    }
    text
}

/// A line for each list that Microsoft asked to leave alone, and for how long.
pub(super) fn waits(result: &SyncResult, now: Timestamp) -> Vec<String> {
    let line = |(list, until): (Option<RecordKind>, Timestamp)| {
        let what = list.map_or("Microsoft", RecordKind::plural);
        let seconds = until.duration_since(now).as_secs();
        let until = until.strftime("%F %H:%M UTC");
        format!(
            "{}: {what} may not be asked for another {seconds} s (until {until}); `sync --wait` waits",
            result.label
        )
    };
    result.status.throttled(now).into_iter().map(line).collect()
}

fn first(result: &SyncResult) -> String {
    let outcome = match &result.ended {
        Ended::Skipped { note, .. } => return format!("skipped: {note}"),
        Ended::Broken { note, .. } => return format!("FAILED: {}", plain(note)),
        Ended::Ran(Outcome::Inactive) => return "not synced: it is paused or not complete".to_owned(),
        Ended::Ran(Outcome::Busy) => return "not synced: another run has it".to_owned(),
        Ended::Ran(outcome) => outcome,
    };
    let found = if result.written() == 0 {
        format!(
            "nothing new: nothing written, {} and {} unchanged",
            count(result.streams.incidents.unchanged, "incident"),
            count(result.streams.alerts.unchanged, "alert")
        )
    } else {
        format!(
            "{}; {}",
            stream("incident", &result.streams.incidents),
            stream("alert", &result.streams.alerts)
        )
    };
    let seconds = std::time::Duration::from_millis(result.duration_ms).as_secs_f64();
    let cost = format!("{} in {seconds:.1} s", count(result.pages.into(), "page"));
    match outcome {
        Outcome::Failed { .. } => format!("FAILED after {cost}; {found}"),
        Outcome::Interrupted => format!("not finished; {found}; {cost}"),
        Outcome::Progressing => format!("{found}; {cost}; something is set aside"),
        _ => format!("{found}; {cost}"),
    }
}

fn stream(what: &str, report: &StreamReport) -> String {
    let mut text = format!(
        "{} created, {} updated, {} unchanged",
        count(report.created, what),
        report.updated,
        report.unchanged
    );
    if report.older > 0 {
        let _ = write!(text, ", {} older than stored", report.older);
    }
    if report.unreadable_total > 0 {
        let _ = write!(text, ", {} unreadable", report.unreadable_total);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use graph_auth::{Cause, Cloud};
    use graph_security::{ByKind, Unreadable, Usage};
    use incident_store::{Connection, ConnectionId, Failing, Lifecycle, NewConnection, SyncStatus};
    use sync_incidents::Report;

    use super::*;

    /// As the engine leaves it: what failed stands in the status, too.
    fn status(outcome: &Outcome) -> SyncStatus {
        let failing = match outcome {
            Outcome::Failed { cause, detail } => Some(Failing {
                cause: *cause,
                stream: None,
                detail: detail.clone(),
                since: Timestamp::UNIX_EPOCH,
                times: 1,
            }),
            _ => None,
        };
        SyncStatus { failing, ..SyncStatus::default() }
    }

    fn result(outcome: Outcome, incidents: StreamReport) -> SyncResult {
        let now = Timestamp::UNIX_EPOCH;
        let settings = NewConnection {
            group: "local".into(),
            name: Some("Contoso\u{1b}[31m".into()),
            tenant_id: uuid::Uuid::from_u128(1),
            client_id: uuid::Uuid::from_u128(2),
            cloud: Cloud::Global,
            since: now,
            interval: Duration::from_secs(60),
            secret_expires: None,
        };
        let id = ConnectionId::new(now, [0; 10]);
        let connection = Connection::new(id, settings, Lifecycle::Connected, now);
        let mut result = SyncResult::new(&connection);
        let status = status(&outcome);
        result.add(Report {
            connection: id,
            outcome,
            streams: ByKind { incidents, alerts: StreamReport::default() },
            pages: 2,
            usage: Usage::default(),
            graph_request_id: None,
            lag_seconds: Some(1),
            resume: None,
            claimed: true,
            duration_ms: 1500,
            news: sync_incidents::News::default(),
            status,
        });
        result
    }

    #[test]
    fn an_unchanged_tenant_is_said_to_be_unchanged() {
        let unchanged = StreamReport { seen: 3, unchanged: 3, ..StreamReport::default() };
        assert_eq!(
            lines(&result(Outcome::Complete, unchanged)),
            "Contoso\u{fffd}[31m: nothing new: nothing written, 3 incidents and 0 alerts unchanged; 2 pages in 1.5 s"
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let report = StreamReport {
            created: 1,
            unreadable: vec![
                Unreadable { id: Some("7".into()), reason: "lastUpdateDateTime is no instant".into() },
                Unreadable { id: None, reason: "a row has no id".into() },
            ],
            unreadable_total: 5,
            ..StreamReport::default()
        };
        let lines = lines(&result(Outcome::Complete, report));
        assert!(lines.contains("unreadable incident 7: lastUpdateDateTime is no instant"), "{lines}");
        assert!(lines.contains("unreadable incident without an id: a row has no id"), "{lines}");
        assert!(lines.contains("and 3 more unreadable incident rows"), "{lines}");
    }

    #[test]
    fn a_list_that_waits_is_named_with_its_time() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut result = result(Outcome::Interrupted, StreamReport::default());
        assert_eq!(waits(&result, now), [""; 0]);
        result.status.streams.alerts.not_before = Some(now + Duration::from_secs(600));
        let lines = waits(&result, now);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("alerts may not be asked for another 600 s"), "{lines:?}");
        assert!(lines[0].contains("12:10"), "{lines:?}");
    }

    #[test]
    fn a_failure_says_what_to_do() {
        let failed = Outcome::Failed { cause: Cause::SecretExpired, detail: "AADSTS7000222".into() };
        let result = result(failed, StreamReport::default());
        let lines = lines(&result);
        assert!(result.failed());
        assert!(
            lines.contains("The client secret has expired.") && lines.contains("AADSTS7000222"),
            "{lines}"
        );
    }
}
