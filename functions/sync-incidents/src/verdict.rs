//! From how a run went to what it leaves: the status, the report, and when to come back.

use graph_security::{ByKind, RecordKind};
use incident_store::{ConnectionId, Failing, Observed, SyncStatus};
use jiff::Timestamp;

use crate::allowance::Spent;
use crate::back_off;
use crate::checkpoint::Checkpoint;
use crate::ended::Stop;
use crate::plan::{Plan, Standing};
use crate::report::{News, Outcome, Report, StreamReport, lag};
use crate::stream::Stream;

/// How a run ended.
pub(crate) struct End {
    pub(crate) stop: Option<Stop>,
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
    pub(crate) reports: ByKind<StreamReport>,
}

impl End {
    /// Takes down in `checkpoint` how the run ended, and says what follows.
    pub(crate) fn verdict<P: Plan>(self, checkpoint: &mut Checkpoint<P>) -> Verdict {
        let Self { stop, now, due } = self;
        for kind in RecordKind::ALL {
            checkpoint.streams[kind].end(kind, now);
        }
        checkpoint.not_before = match stop {
            Some(Stop::Throttled(until)) => Some(until),
            _ => None,
        };
        if let Some(Stop::Failed(failure)) = &stop {
            checkpoint.failing = Some(failure.since(None, checkpoint.failing.as_ref(), now));
        }
        let status = status(checkpoint, now);
        let refilled = match stop {
            Some(Stop::Allowance) => Spent::replenished(now),
            _ if checkpoint.streams.values().all(|stream| stream.plan.standing().live_done) => {
                checkpoint.history_from(now).unwrap_or(now)
            }
            _ => now,
        };
        let streams = || checkpoint.streams.values();
        let (resume, next_due) = match (&stop, &checkpoint.failing) {
            (Some(Stop::Failed(_)), Some(failing)) => {
                (None, back_off::until(failing, now).unwrap_or_else(|| back_off::soon(now).min(due)))
            }
            (Some(Stop::Throttled(until)), _) => (None, *until),
            _ => {
                let next = streams().map(|stream| stream.due(now, refilled, due)).min();
                (streams().filter_map(|stream| stream.resume(now, refilled)).min(), next.unwrap_or(due))
            }
        };
        let outcome = outcome(checkpoint, stop.as_ref(), &status, now);
        let reports = ByKind::from_fn(|kind| std::mem::take(&mut checkpoint.streams[kind].report));
        Verdict { outcome, status, resume, next_due: (next_due != due).then_some(next_due), reports }
    }
}

fn outcome<P: Plan>(
    checkpoint: &Checkpoint<P>,
    stop: Option<&Stop>,
    status: &SyncStatus,
    now: Timestamp,
) -> Outcome {
    if let Some(Stop::Failed(failure)) = stop {
        return Outcome::Failed { cause: failure.cause, detail: failure.detail.clone() };
    }
    let streams = || checkpoint.streams.values();
    if let Some(Failing { cause, detail, .. }) = streams().find_map(|stream| stream.failed(now)) {
        return Outcome::Failed { cause: *cause, detail: detail.clone() };
    }
    let put_off = checkpoint.not_before.is_some() || streams().any(|stream| stream.put_off(now).is_some());
    let standings = || streams().map(|stream| stream.plan.standing());
    if put_off || standings().any(|standing| !standing.live_done) {
        Outcome::Interrupted
    } else if standings().any(|standing| standing.pending) || !status.set_aside.is_empty() {
        Outcome::Progressing
    } else {
        Outcome::Complete
    }
}

fn status<P: Plan>(checkpoint: &Checkpoint<P>, now: Timestamp) -> SyncStatus {
    let streams = ByKind::from_fn(|kind| checkpoint.streams[kind].status());
    let standings: Vec<Standing<'_>> =
        checkpoint.streams.values().map(|stream| stream.plan.standing()).collect();
    let oldest = |instants: Vec<Option<Timestamp>>| {
        let all: Option<Vec<Timestamp>> = instants.into_iter().collect();
        all.and_then(|all| all.into_iter().min())
    };
    SyncStatus {
        last_attempt: Some(now),
        last_success: oldest(streams.values().map(|stream| stream.last_success).collect()),
        read_up_to: oldest(streams.values().map(|stream| stream.read_up_to).collect()),
        failing: checkpoint.failing.clone().or_else(|| failing(&checkpoint.streams)),
        not_before: checkpoint.put_off(now),
        set_aside: standings.iter().flat_map(|standing| standing.aside).cloned().collect(),
        backfill_from: standings.iter().filter_map(|standing| standing.history_from).min(),
        observed: standings.iter().fold(Observed::default(), |sum, standing| sum.and(&standing.observed)),
        streams,
    }
}

/// The lists' failures as the connection's: the one cause of both, else the first one's.
fn failing<P: Plan>(streams: &ByKind<Stream<P>>) -> Option<Failing> {
    let all = streams.iter().map(|(_, stream)| stream.status().failing);
    let each: Vec<Failing> = all.flatten().collect();
    let first = each.first()?;
    let is_both =
        each.len() == RecordKind::ALL.len() && each.iter().all(|failing| failing.cause == first.cause);
    Some(Failing { stream: first.stream.filter(|_| !is_both), ..first.clone() })
}

/// What a run did besides its verdict.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) pages: u32,
    pub(crate) usage: graph_security::Usage,
    pub(crate) graph_request_id: Option<String>,
    pub(crate) news: News,
    pub(crate) duration: std::time::Duration,
}

impl Verdict {
    /// The report of a run that ended at `now`.
    pub(crate) fn report(self, connection: ConnectionId, work: Work, now: Timestamp) -> Report {
        Report {
            connection,
            outcome: self.outcome,
            streams: self.reports,
            pages: work.pages,
            usage: work.usage,
            graph_request_id: work.graph_request_id,
            lag_seconds: lag(self.status.read_up_to, now),
            resume: self.resume,
            claimed: true,
            duration_ms: u64::try_from(work.duration.as_millis()).unwrap_or(u64::MAX),
            news: work.news,
            status: self.status,
        }
    }
}
