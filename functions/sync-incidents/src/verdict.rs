//! From how a run went to what it leaves: the status, the report, and when to come back.

use graph_auth::Cause;
use graph_security::RecordKind;
use incident_store::{Failing, Observed, SyncStatus};
use jiff::{SignedDuration, Timestamp};

use crate::allowance::Spent;
use crate::checkpoint::Checkpoint;
use crate::plan::Plan;
use crate::report::Outcome;
use crate::run::{Blocked, Failure, Stop};

/// A customer's fault is tried again after 1, 5, 15 and then every 60 minutes: often enough that a cure is
/// noticed, seldom enough that a tenant in trouble is left alone.
const BACK_OFF: [SignedDuration; 4] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(60),
];

/// How a run ended.
pub(crate) struct End<'a, P> {
    pub(crate) checkpoint: &'a Checkpoint<P>,
    pub(crate) stop: Option<Stop>,
    pub(crate) blocked: Vec<(RecordKind, Blocked)>,
    /// Pages that were read.
    pub(crate) pages: u32,
    pub(crate) now: Timestamp,
    /// When the connection is due again by its interval.
    pub(crate) due: Timestamp,
}

/// What follows from it.
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) status: SyncStatus,
    /// When to run again to go on.
    pub(crate) resume: Option<Timestamp>,
    /// When the connection is due again, where its interval does not say so.
    pub(crate) next_due: Option<Timestamp>,
}

impl<P: Plan> End<'_, P> {
    pub(crate) fn verdict(self, before: SyncStatus) -> Verdict {
        let (incidents, alerts) = (self.checkpoint.incidents.standing(), self.checkpoint.alerts.standing());
        let live_done = incidents.live_done && alerts.live_done;
        let pending = incidents.pending || alerts.pending;
        let mut status = SyncStatus {
            last_attempt: Some(self.now),
            last_success: if live_done { Some(self.now) } else { before.last_success },
            read_up_to: incidents.read_up_to.zip(alerts.read_up_to).map(|(a, b)| a.min(b)),
            failing: None,
            not_before: None,
            set_aside: [incidents.aside, alerts.aside].concat(),
            backfill_from: [incidents.history_from, alerts.history_from].into_iter().flatten().min(),
            observed: sum(&incidents.observed, &alerts.observed),
        };
        status.not_before = self.not_before();
        if let Some(failure) = self.failure() {
            return self.failed(failure, status, before.failing);
        }
        let has_passed = |failing: &Failing| match failing.stream {
            Some(RecordKind::Incident) => incidents.live_done,
            Some(RecordKind::Alert) => alerts.live_done,
            None => self.pages > 0,
        };
        status.failing = before.failing.filter(|failing| !has_passed(failing));
        let (outcome, resume) = match self.stop {
            _ if status.not_before.is_some() => (Outcome::Interrupted, status.not_before),
            Some(Stop::Allowance) if pending || !live_done => {
                let outcome = if live_done { Outcome::Progressing } else { Outcome::Interrupted };
                (outcome, Some(Spent::replenished(self.now)))
            }
            _ if !live_done => (Outcome::Interrupted, Some(self.now)),
            _ if pending => (Outcome::Progressing, Some(self.now)),
            _ if !status.set_aside.is_empty() => (Outcome::Progressing, None),
            _ => (Outcome::Complete, None),
        };
        // What is left does not wait for an interval that may be a day; only Microsoft may put off what is due.
        let next_due = status.not_before.or(resume.filter(|at| *at < self.due));
        Verdict { outcome, status, resume, next_due }
    }

    /// The connection's failure, or a stream's; both streams' with the same cause are the connection's.
    fn failure(&self) -> Option<Failure> {
        if let Some(Stop::Failed(failure)) = &self.stop {
            return Some(failure.clone());
        }
        let mut failures = self.blocked.iter().filter_map(|(_, blocked)| match blocked {
            Blocked::Failed(failure) | Blocked::Unreachable(failure) => Some(failure),
            Blocked::Tried | Blocked::Until(_) => None,
        });
        let first = failures.next()?;
        let is_both = failures.next().is_some_and(|second| second.cause == first.cause);
        Some(Failure { stream: first.stream.filter(|_| !is_both), ..first.clone() })
    }

    /// Until when Microsoft asks to be left alone.
    fn not_before(&self) -> Option<Timestamp> {
        let of_streams = self.blocked.iter().filter_map(|(_, blocked)| match blocked {
            Blocked::Until(until) => Some(*until),
            _ => None,
        });
        let of_entra = match self.stop {
            Some(Stop::Throttled(until)) => Some(until),
            _ => None,
        };
        of_streams.chain(of_entra).max()
    }

    fn failed(self, failure: Failure, mut status: SyncStatus, before: Option<Failing>) -> Verdict {
        let same = before.filter(|before| before.cause == failure.cause && before.stream == failure.stream);
        let times = same.as_ref().map_or(1, |before| before.times.saturating_add(1));
        let back_off = self.now + BACK_OFF[(times as usize - 1).min(BACK_OFF.len() - 1)];
        // What passes by itself is looked at again soon; only a person's fault is backed off from.
        let soon = Some(self.now + BACK_OFF[0]).filter(|soon| *soon < self.due);
        let next_due = if failure.cause.may_pass() { soon } else { Some(back_off) };
        status.failing = Some(Failing {
            cause: failure.cause,
            stream: failure.stream,
            detail: failure.detail.clone(),
            since: same.map_or(self.now, |before| before.since),
            times,
        });
        let Failure { cause, detail, .. } = failure;
        Verdict { outcome: Outcome::Failed { cause, detail }, status, resume: None, next_due }
    }
}

/// A connection that could not even begin: no secret.
pub(crate) fn no_secret(detail: String, cause: Cause) -> Stop {
    Stop::Failed(Failure { cause, stream: None, detail })
}

fn sum(a: &Observed, b: &Observed) -> Observed {
    Observed {
        overlap_seconds: a.overlap_seconds.max(b.overlap_seconds),
        worst_lateness_seconds: a.worst_lateness_seconds.max(b.worst_lateness_seconds),
        sweeps_stretched: a.sweeps_stretched.max(b.sweeps_stretched),
        found_by_hourly_sweep: a.found_by_hourly_sweep + b.found_by_hourly_sweep,
        found_by_daily_sweep: a.found_by_daily_sweep + b.found_by_daily_sweep,
        changed_in_place: a.changed_in_place + b.changed_in_place,
        unasked_pages: a.unasked_pages + b.unasked_pages,
        undated_answers: a.undated_answers + b.undated_answers,
        partial_answers: a.partial_answers + b.partial_answers,
        unreadable_rows: a.unreadable_rows + b.unreadable_rows,
    }
}
