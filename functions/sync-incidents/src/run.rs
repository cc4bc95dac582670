//! One run of one connection: ask, store, plan, keep the checkpoint; lane by lane.

use std::time::Duration;

use graph_auth::{AuthError, Cause, Credential, Identity};
use graph_http::{Deadline, Transport};
use graph_security::{
    Evidence, GraphError, Page, PageFault, Record, RecordKind, Session, UNSTATED_RETRY_AFTER, Unreadable,
};
use http::StatusCode;
use incident_store::{ClientSecrets, Connection, Field, Incoming, SyncStore, Upserted};
use tokio::time::Instant;

use crate::checkpoint::Checkpoint;
use crate::ended::{Blocked, Failure, Stop};
use crate::keeper::Keeper;
use crate::plan::{self, Ask, CLOCKS_DIFFER, Failed, Keep, Lane, Next, Novelty, Plan, Row, Taken, Target};
use crate::syncer::Syncer;

/// How many asks of one stream may fail in a row before the run leaves that stream to the next one. The
/// ladder goes on there.
const FAILURES_IN_A_ROW: u32 = 8;

/// A page that has not come within this does not come: Graph gives its own providers 10 s.
const FAIR_TIME: Duration = Duration::from_secs(10);

/// The least of it that a stream in trouble is given before it counts as a failure; at the end of a run there may be less.
const LEAST_TIME: Duration = Duration::from_secs(5);

/// One run in progress.
pub(crate) struct Run<'a, S, T, K, P> {
    pub(crate) syncer: &'a Syncer<S, T, K>,
    pub(crate) connection: &'a Connection,
    pub(crate) session: Session<'a, T>,
    pub(crate) checkpoint: Checkpoint<P>,
    pub(crate) keeper: Keeper<'a, S>,
    /// Pages that were read.
    pub(crate) pages: u32,
    secret_read_again: bool,
}

impl<'a, S: SyncStore, T: Transport, K: ClientSecrets, P: Plan> Run<'a, S, T, K, P> {
    pub(crate) fn new(
        syncer: &'a Syncer<S, T, K>,
        connection: &'a Connection,
        session: Session<'a, T>,
        mut checkpoint: Checkpoint<P>,
        keeper: Keeper<'a, S>,
    ) -> Self {
        checkpoint.streams.values_mut().for_each(|stream| stream.plan.begin());
        Self { syncer, connection, session, checkpoint, keeper, pages: 0, secret_read_again: false }
    }

    /// Reads what there is to read.
    pub(crate) async fn read(&mut self, allowance: u32) -> Result<(), Stop> {
        self.session.set_budget(allowance);
        let read = self.lanes(allowance).await;
        self.tell_unreachable();
        read?;
        if self.session.usage().calls < allowance { Ok(()) } else { Err(Stop::Allowance) }
    }

    /// What is new first, but it leaves the rest a fifth; checks take at most a quarter.
    async fn lanes(&mut self, allowance: u32) -> Result<(), Stop> {
        let begun = Instant::now();
        let time = self.session.deadline().saturating_duration_since(begun);
        let rest = Share { until: begun + time, calls: allowance };
        let most = Share { until: begun + time.mul_f64(0.8), calls: allowance - allowance / 5 };
        self.lane(Lane::Live, most).await?;
        let used = self.session.usage().calls;
        let quarter = Share {
            until: rest.until.min(Instant::now() + time / 4),
            calls: rest.calls.min(used.saturating_add(allowance / 4)),
        };
        self.lane(Lane::Check, quarter).await?;
        if !self.checkpoint.history_waits(self.syncer.graph.clock.now()) {
            self.lane(Lane::History, rest).await?;
        }
        self.lane(Lane::Live, rest).await
    }

    /// Both streams in turn, ask by ask, until neither has anything to ask or the share is used up. One that is in
    /// trouble comes second, and what is new in the other comes before all of it: it must delay only itself.
    async fn lane(&mut self, lane: Lane, share: Share) -> Result<(), Stop> {
        loop {
            let mut asked = false;
            let mut order = RecordKind::ALL;
            order.sort_by_key(|kind| self.is_in_trouble(*kind));
            for kind in order {
                if Instant::now() >= share.until || self.session.usage().calls >= share.calls {
                    return Ok(());
                }
                let now = self.syncer.graph.clock.now();
                let waits = asked && lane == Lane::Live && self.is_in_trouble(kind);
                if waits || !self.checkpoint.streams[kind].may_be_asked(now) {
                    continue;
                }
                if let Some(ask) = self.checkpoint.plan(kind).ask(lane, now) {
                    asked = true;
                    if self.checkpoint.streams[ask.target.list(kind)].may_be_asked(now) {
                        self.step(kind, ask).await?;
                    } else {
                        self.failed(kind, PageFault::ServerError, Cause::Throttled);
                    }
                }
            }
            if !asked {
                return Ok(());
            }
        }
    }

    fn is_in_trouble(&self, kind: RecordKind) -> bool {
        self.checkpoint.streams[kind].is_in_trouble()
    }

    fn block(&mut self, kind: RecordKind, blocked: Blocked) {
        self.checkpoint.streams[kind].blocked = Some(blocked);
    }

    async fn step(&mut self, kind: RecordKind, ask: Ask) -> Result<(), Stop> {
        let (asked, end) = (Instant::now(), self.session.deadline());
        let in_trouble = self.is_in_trouble(kind);
        let fair = FAIR_TIME.min(end.saturating_duration_since(asked) / 2);
        // A record that is read alone was in trouble before, and is tried again by itself.
        self.session.repeat_transient(!in_trouble && !matches!(ask.target, Target::Record(_)));
        self.session.set_deadline(if in_trouble { asked + fair } else { end });
        let answer = self.answer(kind, &ask.target).await;
        self.session.set_deadline(end);
        match answer {
            Ok(page) => {
                let is_well_again = self.checkpoint.answered(kind);
                self.take(kind, ask.keep, page).await?;
                if is_well_again {
                    self.keeper.keep_now(&self.checkpoint).await?;
                }
            }
            Err(GraphError::OutOfTime) if in_trouble || asked.elapsed() >= FAIR_TIME => {
                if asked.elapsed() >= LEAST_TIME {
                    // It had its chance: were it only asked again in the next run, it would stall that one, too.
                    self.failed(kind, PageFault::Incomplete, Cause::UnexpectedAnswer);
                }
                self.block(kind, Blocked::Tried);
            }
            Err(error) => self.fail(kind, &ask.target, &error)?,
        }
        self.keep_checkpoint().await
    }

    fn failed(&mut self, kind: RecordKind, fault: PageFault, cause: Cause) {
        let now = self.syncer.graph.clock.now();
        let failure = self.failure(Failed::Page(fault), cause);
        self.checkpoint.plan(kind).failed(&failure, now);
    }

    /// A failure of the last request.
    fn failure(&self, how: Failed, cause: Cause) -> plan::Failure {
        plan::Failure { how, evidence: Evidence { cause: Some(cause), ..self.session.evidence() } }
    }

    /// A stream whose connection breaks while the other one is answered is in trouble of its own.
    fn tell_unreachable(&mut self) {
        if self.pages == 0 {
            return;
        }
        for kind in RecordKind::ALL {
            if matches!(self.checkpoint.streams[kind].blocked, Some(Blocked::Unreachable(_))) {
                // Nothing answered, so there is no id.
                let evidence = Evidence { cause: Some(Cause::Unreachable), ..Evidence::default() };
                let failure = plan::Failure { how: Failed::Page(PageFault::ServerError), evidence };
                let now = self.syncer.graph.clock.now();
                self.checkpoint.plan(kind).failed(&failure, now);
            }
        }
    }

    /// One answer; where Entra refuses the secret, once more with the secret read anew.
    pub(crate) async fn answer(&mut self, kind: RecordKind, target: &Target) -> Result<Page, GraphError> {
        let error = match self.request(kind, target).await {
            Err(GraphError::Auth(error)) if error.cause().is_about_the_secret() => error,
            other => return other,
        };
        if self.secret_read_again || !self.read_secret_again().await {
            return Err(error.into());
        }
        self.request(kind, target).await
    }

    async fn request(&mut self, kind: RecordKind, target: &Target) -> Result<Page, GraphError> {
        match target {
            Target::Page(query) => self.session.page(query).await,
            Target::Link(link) => self.session.next(kind, link).await,
            Target::AlertsOf(incident) => self.session.alerts_of(incident).await,
            Target::Record(id) => self.session.record(kind, id).await,
        }
    }

    /// Whether there is another secret than the refused one: it may have been replaced since it was read.
    async fn read_secret_again(&mut self) -> bool {
        self.secret_read_again = true;
        let Ok(secret) = self.syncer.secrets.client_secret(self.connection.id, true).await else {
            return false;
        };
        let credential = Credential::ClientSecret(secret);
        let settings = &self.connection.settings;
        let identity = Identity { tenant_id: settings.tenant_id, client_id: settings.client_id, credential };
        self.session.replace_identity(identity)
    }

    /// Stores an answer's records, then tells the plan: the order is the guarantee.
    pub(crate) async fn take(&mut self, kind: RecordKind, keep: Keep, page: Page) -> Result<(), Stop> {
        let now = self.syncer.graph.clock.now();
        let next = match page.next {
            None => Next::End,
            Some(Ok(link)) => Next::Link(link),
            Some(Err(_)) => Next::Foreign,
        };
        let kept = |record: &Record| match keep {
            Keep::All | Keep::Over(_) => true,
            Keep::Undated => record.head.updated.is_none(),
            Keep::Nothing => false,
        };
        let mut rows: Vec<Row> = page.records.iter().map(row_of).collect();
        let keeps: Vec<bool> = page.records.iter().map(kept).collect();
        let date = page.date.filter(|date| date.duration_since(now).abs() <= CLOCKS_DIFFER);
        let (answered, is_dated) = (date.unwrap_or(now), date.is_some());
        let over = match keep {
            Keep::Over(over) => Some(over),
            Keep::All | Keep::Undated | Keep::Nothing => None,
        };
        let incoming: Vec<Incoming> = (page.records.into_iter().zip(&keeps))
            .filter_map(|(record, keep)| keep.then_some(Incoming { record, answered, is_dated, over }))
            .collect();
        let upserted = self.keeper.upsert(kind, &incoming).await?;
        let written = rows.iter_mut().zip(&keeps).filter_map(|(row, keep)| keep.then_some(row));
        for (row, upserted) in written.zip(&upserted) {
            row.novelty = novelty_of(upserted);
            if kind == RecordKind::Incident && row.novelty.is_change() {
                self.checkpoint.plan(RecordKind::Alert).changed(&row.id);
            }
        }
        self.pages += 1;
        self.checkpoint.streams[kind].report.count(&upserted);
        self.report_unreadable(kind, page.unreadable);
        let evidence = self.session.evidence();
        let (total, partial, said) = (page.rows, page.partial, page.date);
        let taken = Taken { rows: &rows, total, next, date, said, partial, now, evidence };
        self.checkpoint.plan(kind).took(&taken);
        Ok(())
    }

    fn report_unreadable(&mut self, kind: RecordKind, unreadable: Vec<Unreadable>) {
        for row in &unreadable {
            tracing::warn!(
                connection = %self.connection.id, ?kind, id = row.id.as_deref(), reason = row.reason,
                "a record cannot be read"
            );
        }
        self.checkpoint.streams[kind].report.unreadable(unreadable);
    }

    /// Sorts a failure by what it is about: the ask, the stream, or the connection.
    fn fail(&mut self, kind: RecordKind, target: &Target, error: &GraphError) -> Result<(), Stop> {
        let now = self.syncer.graph.clock.now();
        let cause = error.cause_for(kind, self.session.roles());
        let failure = || Failure { cause, detail: error.to_string() };
        let failed = match (error, target) {
            (GraphError::OutOfBudget | GraphError::OutOfTime, _) => return Err(Stop::Allowance),
            (GraphError::Throttled { retry_after, detail }, _) => {
                // 503 and 504 may be one page's: the ladder takes a step each time, however long is to be waited.
                if detail.status != StatusCode::TOO_MANY_REQUESTS {
                    self.failed(kind, PageFault::ServerError, cause);
                }
                let until = now + retry_after.unwrap_or(UNSTATED_RETRY_AFTER);
                self.block(target.list(kind), Blocked::Until(until));
                return Ok(());
            }
            (GraphError::Auth(AuthError::Refused(refused)), _) if cause == Cause::Throttled => {
                return Err(Stop::Throttled(now + refused.retry_after.unwrap_or(UNSTATED_RETRY_AFTER)));
            }
            (GraphError::Auth(_), _) => return Err(Stop::Failed(failure())),
            (GraphError::TokenRefused(_) | GraphError::Forbidden(_), Target::AlertsOf(_)) => {
                Failed::Page(PageFault::NotFound)
            }
            (GraphError::Unreachable(_), _) if self.pages == 0 => {
                self.block(kind, Blocked::Unreachable(failure()));
                return Ok(());
            }
            // The other one is answered.
            (GraphError::Unreachable(_), _) => Failed::Page(PageFault::ServerError),
            (GraphError::Page { fault, .. }, _) => Failed::Page(*fault),
            (GraphError::Rejected(_) | GraphError::Forbidden(_), Target::Link(_)) => Failed::Link,
            (GraphError::Forbidden(_), Target::Record(_)) | (GraphError::Rejected(_), _) => Failed::Rejected,
            // Also a token that Graph does not take: the other list may well take the same one.
            (GraphError::TokenRefused(_) | GraphError::Forbidden(_) | GraphError::MissingRoles { .. }, _) => {
                self.block(kind, Blocked::Failed(failure()));
                return Ok(());
            }
        };
        tracing::debug!(connection = %self.connection.id, ?kind, %error, "an ask failed");
        let told = self.failure(failed, cause);
        let stream = &mut self.checkpoint.streams[kind];
        stream.plan.failed(&told, now);
        stream.failures_in_a_row += 1;
        if stream.plan.standing().outage {
            stream.blocked = Some(Blocked::Failed(failure()));
        } else if stream.failures_in_a_row >= FAILURES_IN_A_ROW {
            stream.blocked = Some(Blocked::Tried);
        }
        Ok(())
    }

    /// Written after every answer that moved the walk, except an idle live read.
    async fn keep_checkpoint(&mut self) -> Result<(), Stop> {
        self.keeper.keep(&self.checkpoint).await
    }
}

/// How much of a run a lane may use.
#[derive(Clone, Copy)]
struct Share {
    until: Deadline,
    calls: u32,
}

fn row_of(record: &Record) -> Row {
    let head = &record.head;
    Row { id: head.id.clone(), created: head.created, updated: head.updated, novelty: Novelty::Passed }
}

fn novelty_of(upserted: &Upserted) -> Novelty {
    match upserted {
        Upserted::Updated { went_back: true, .. } => Novelty::WentBack,
        Upserted::Updated { fields, .. } if !fields.contains(&Field::Updated) => Novelty::ChangedInPlace,
        Upserted::Created { .. } | Upserted::Updated { .. } => Novelty::Changed,
        Upserted::Unchanged => Novelty::Known,
        Upserted::Older { revision } => Novelty::Older { revision: *revision },
    }
}

/// The longest a run may take: a lease that outlives it must end some time.
pub(crate) const LONGEST_RUN: Duration = Duration::from_secs(15 * 60);
