//! Whether one more run of the same connection brings more, and when.

use std::time::Duration;

use jiff::Timestamp;
use sync_incidents::{Outcome, Report};

/// Between two tries while another process syncs the connection.
const BUSY: Duration = Duration::from_secs(1);

/// How often: for longer than a lease lasts that a killed process has left.
const BUSY_AT_MOST: u32 = 180;

/// A run that could send nothing although its time had come is repeated after this.
const NOTHING_SENT: Duration = Duration::from_secs(5);

/// How often in a row: five minutes of that are no limit of a minute.
const NOTHING_SENT_AT_MOST: u32 = 60;

/// What to do after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// No run now would bring more.
    Stop,
    /// Run again after this time.
    Wait(Duration),
}

/// What the runs before were like.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// Whether to wait for the lists that Microsoft asked to leave alone.
    waits: bool,
    busy: u32,
    nothing_sent: u32,
}

impl Again {
    /// `waits`: go on also with the lists that Microsoft asked to leave alone, when their time has come.
    pub(super) fn new(waits: bool) -> Self {
        Self { waits, ..Self::default() }
    }

    pub(super) fn after(&mut self, report: &Report, now: Timestamp) -> After {
        if report.outcome == Outcome::Busy {
            self.busy += 1;
            return if self.busy < BUSY_AT_MOST { After::Wait(BUSY) } else { After::Stop };
        }
        let throttled = || report.status.throttled(now).into_iter().map(|(_, until)| until).min();
        let resume = report.resume.or_else(|| throttled().filter(|_| self.waits));
        let Some(resume) = resume else { return After::Stop };
        let wait = Duration::try_from(resume.duration_since(now)).unwrap_or(Duration::ZERO);
        if report.usage.calls > 0 || !wait.is_zero() {
            self.nothing_sent = 0;
            return After::Wait(wait);
        }
        self.nothing_sent += 1;
        if self.nothing_sent < NOTHING_SENT_AT_MOST { After::Wait(NOTHING_SENT) } else { After::Stop }
    }
}

#[cfg(test)]
mod tests {
    use graph_security::{ByKind, Usage};
    use incident_store::{ConnectionId, SyncStatus};

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn report(outcome: Outcome, calls: u32, resume: Option<Timestamp>) -> Report {
        Report {
            connection: ConnectionId::new(now(), [1; 10]),
            outcome,
            streams: ByKind::default(),
            pages: calls,
            usage: Usage { calls, ..Usage::default() },
            graph_request_id: None,
            lag_seconds: None,
            resume,
            claimed: true,
            duration_ms: 1,
            news: sync_incidents::News::default(),
            status: SyncStatus::default(),
        }
    }

    #[test]
    fn what_is_left_is_read_when_its_time_comes_and_nothing_left_is_the_end() {
        let mut again = Again::default();
        let at = now() + Duration::from_secs(17);
        let left = report(Outcome::Interrupted, 1, Some(at));
        assert_eq!(again.after(&left, now()), After::Wait(Duration::from_secs(17)));
        assert_eq!(again.after(&left, at), After::Wait(Duration::ZERO));
        assert_eq!(again.after(&report(Outcome::Progressing, 5, None), now()), After::Stop);
    }

    #[test]
    fn a_run_that_can_send_nothing_is_not_repeated_for_ever() {
        let mut again = Again::default();
        let nothing = report(Outcome::Interrupted, 0, Some(now()));
        for _ in 1..NOTHING_SENT_AT_MOST {
            assert_eq!(again.after(&nothing, now()), After::Wait(NOTHING_SENT));
        }
        assert_eq!(again.after(&nothing, now()), After::Stop);
    }

    #[test]
    fn what_microsoft_asked_to_leave_alone_is_waited_for_on_request_only() {
        let until = now() + Duration::from_secs(600);
        let mut throttled = report(Outcome::Interrupted, 3, None);
        throttled.status.streams.alerts.not_before = Some(until);
        assert_eq!(Again::default().after(&throttled, now()), After::Stop);
        assert_eq!(Again::new(true).after(&throttled, now()), After::Wait(Duration::from_secs(600)));
        assert_eq!(Again::new(true).after(&throttled, until), After::Stop);
        // What may be asked sooner is read sooner.
        throttled.resume = Some(now());
        assert_eq!(Again::new(true).after(&throttled, now()), After::Wait(Duration::ZERO));
    }

    #[test]
    fn another_process_is_waited_for_but_not_for_ever() {
        let mut again = Again::default();
        let busy = report(Outcome::Busy, 0, None);
        let waits = (0..1000).take_while(|_| again.after(&busy, now()) == After::Wait(BUSY)).count();
        assert_eq!(waits, BUSY_AT_MOST as usize - 1);
    }
}
