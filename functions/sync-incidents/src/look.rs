//! A look: what a sync would read, without the lease and without a write.
//!
//! A look asks both lists from the watermark on and compares what comes with what is stored, by the sync's own plan and
//! rule. Only a look that finds all as it was saves its connection the sync. Whatever else comes of it, also a failure,
//! is left to the sync that then follows, which takes nothing from the look.

use graph_auth::Cause;
use graph_http::{Deadline, Transport};
use graph_security::{GraphError, RecordKind};
use incident_store::schedule::next_slot;
use incident_store::{
    Claim, Claimed, ClientSecrets, ConnectionId, Connections, Seen, StoreError, SyncStatus, SyncStore,
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::allowance::LOOK;
use crate::checkpoint::Checkpoint;
use crate::ended::Stop;
use crate::keeper::Keeper;
use crate::plan::{Lane, Plan};
use crate::report::{Outcome, Report};
use crate::run::Run;
use crate::syncer::Syncer;
use crate::turn::Turn;
use crate::verdict::{End, Verdict, Work};

/// A turn comes so much earlier or later in its slot than the one before it.
const ROOM: SignedDuration = SignedDuration::from_secs(30);

/// What a look comes to.
pub(crate) enum Looked {
    /// All is as it was, or Microsoft does not answer in time.
    Ended(Box<Report>),
    /// There is something to do, or it may be; the lease, where it is claimed already.
    Busy(Option<Box<Claimed>>),
}

impl<S: Connections + SyncStore, T: Transport, K: ClientSecrets> Syncer<S, T, K> {
    /// Looks at what was `seen`, where nothing else is to be done for the connection.
    pub(crate) async fn look<P: Plan>(
        &self,
        seen: &Seen,
        turn: Turn,
        deadline: Deadline,
    ) -> Result<Looked, StoreError> {
        let (begun, now) = (Instant::now(), self.graph.clock.now());
        let connection = &seen.connection;
        let Some((checkpoint, before)) = self.all_was_well::<P>(seen, now) else {
            return Ok(Looked::Busy(None));
        };
        let session = match self.session(connection, deadline).await {
            Ok(session) => session,
            Err(Stop::Store(error)) => return Err(error),
            Err(_) => return Ok(Looked::Busy(None)),
        };
        let keeper = Keeper::looking(&self.store, connection.id);
        let mut run = Run::new(self, connection, session, checkpoint, keeper);
        let came = match run.look().await {
            Ok(came) => came,
            Err(Stop::Store(error)) => return Err(error),
            Err(_) => return Ok(Looked::Busy(None)),
        };
        let attempted = self.is_recent(seen.last_attempt.map(|at| at - ROOM), self.graph.clock.now());
        match came {
            Came::Both => {}
            // No time is left for a sync, and a queue of slow turns must not grow. Once in a while a sync follows all the
            // same and writes its failure: the next turn then begins with a sync, which has all of the time.
            Came::Neither if attempted => {
                let report = self.unanswered(connection.id, before, &run, begun);
                return Ok(Looked::Ended(Box::new(report)));
            }
            Came::Neither | Came::One => return Ok(Looked::Busy(None)),
        }
        let work = Work { pages: run.pages, usage: run.session.usage(), ..Work::default() };
        let mut work = Work { graph_request_id: run.session.request_id().map(str::to_owned), ..work };
        let mut checkpoint = run.checkpoint;
        checkpoint.spent.add(work.usage.calls, now);
        let ended = self.graph.clock.now();
        let next_due = next_slot(connection.id, connection.settings.interval, turn.slot);
        let end = End { stop: None, now: ended, due: next_due };
        let verdict = end.verdict(&mut checkpoint);
        if !is_idle(&before, &verdict) || checkpoint.changes() > 0 {
            return Ok(Looked::Busy(None));
        }
        let is_written = attempted && self.is_recent(before.last_success.map(|at| at - ROOM), ended);
        if !is_written {
            let state = Keeper::<S>::state(&checkpoint, &verdict.status)?;
            let claim = Claim { now, until: now, next_due, slot: Some(turn.slot) };
            if let Some(claimed) = self.store.settle(seen, claim, &state).await? {
                return Ok(Looked::Busy(Some(Box::new(claimed))));
            }
        }
        work.duration = begun.elapsed();
        let report = verdict.report(connection.id, work, ended);
        Ok(Looked::Ended(Box::new(Report { claimed: !is_written, ..report })))
    }

    /// The report of a look that Microsoft did not answer.
    fn unanswered<P: Plan>(
        &self,
        id: ConnectionId,
        before: SyncStatus,
        run: &Run<'_, S, T, K, P>,
        begun: Instant,
    ) -> Report {
        let detail = "neither list has come in its time".to_owned();
        let report = Report::put_off(id, before, self.graph.clock.now());
        Report {
            outcome: Outcome::Failed { cause: Cause::Unreachable, detail },
            usage: run.session.usage(),
            graph_request_id: run.session.request_id().map(str::to_owned),
            duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..report
        }
    }

    /// What the last run left, where it left nothing to be done but to look for what is new.
    fn all_was_well<P: Plan>(&self, seen: &Seen, now: Timestamp) -> Option<(Checkpoint<P>, SyncStatus)> {
        let state = seen.state.as_ref()?;
        let before = SyncStatus::parse(&state.status);
        if self.settings.success_every <= SignedDuration::ZERO || !before.is_quiet() {
            return None;
        }
        let mut checkpoint = Checkpoint::<P>::of_connection(&state.checkpoint, &seen.connection)?;
        checkpoint.is_quiet(now).then_some((checkpoint, before))
    }

    /// Whether this is so short ago that nothing need be written of it again.
    pub(crate) fn is_recent(&self, at: Option<Timestamp>, now: Timestamp) -> bool {
        at.is_some_and(|at| now.duration_since(at).abs() < self.settings.success_every)
    }
}

/// Whether a run found all as it was.
pub(crate) fn is_idle(before: &SyncStatus, verdict: &Verdict) -> bool {
    before.is_quiet() && verdict.status.is_quiet() && verdict.outcome == Outcome::Complete
}

/// Which lists came in their time.
enum Came {
    Both,
    One,
    Neither,
}

impl<S: SyncStore, T: Transport, K: ClientSecrets, P: Plan> Run<'_, S, T, K, P> {
    /// Asks each list once for what is new, and gives each half of the time.
    async fn look(&mut self) -> Result<Came, Stop> {
        let (begun, end) = (Instant::now(), self.session.deadline());
        let half = end.saturating_duration_since(begun) / 2;
        self.session.set_budget(LOOK);
        self.session.repeat_transient(false);
        let mut came = 0;
        for kind in RecordKind::ALL {
            let now = self.syncer.graph.clock.now();
            let Some(ask) = self.checkpoint.plan(kind).ask(Lane::Live, now) else { return Err(Stop::News) };
            self.session.set_deadline(end.min(Instant::now() + half));
            match self.answer(kind, &ask.target).await {
                Ok(page) => {
                    self.checkpoint.answered(kind);
                    self.take(kind, ask.keep, page).await?;
                    came += 1;
                }
                Err(GraphError::OutOfTime) => {}
                // What fails otherwise is a sync's to sort.
                Err(_) => return Err(Stop::News),
            }
        }
        let now = self.syncer.graph.clock.now();
        for stream in self.checkpoint.streams.values_mut().filter(|_| came == 2) {
            if Lane::ALL.into_iter().any(|lane| stream.plan.ask(lane, now).is_some()) {
                return Err(Stop::News);
            }
        }
        Ok(match came {
            0 => Came::Neither,
            1 => Came::One,
            _ => Came::Both,
        })
    }
}
