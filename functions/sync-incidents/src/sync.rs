//! The order of a sync: look, claim, go on from the checkpoint, end, release.

use graph_auth::{Cause, Credential, Identity};
use graph_http::{Deadline, Transport};
use graph_security::Session;
use incident_store::schedule::next_slot;
use incident_store::{
    Claim, Claimed, ClientSecrets, Connection, ConnectionId, Connections, Lease, Lifecycle, SecretError,
    StoreError, SyncState, SyncStatus, SyncStore,
};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::Report;
use crate::checkpoint::Checkpoint;
use crate::ended::{Failure, Stop};
use crate::keeper::Keeper;
use crate::look::{Looked, is_idle};
use crate::plan::{Plan, StreamPlan};
use crate::report::{News, Outcome};
use crate::request::Request;
use crate::run::{LONGEST_RUN, Run};
use crate::syncer::Syncer;
use crate::turn::Turn;
use crate::verdict::{End, Work};

impl<S: Connections + SyncStore, T: Transport, K: ClientSecrets> Syncer<S, T, K> {
    /// One sync of one connection, due or not, until `deadline` at the latest.
    ///
    /// # Errors
    /// Only when the store fails; what is wrong with the connection stands in the report.
    pub async fn sync(&self, id: ConnectionId, deadline: Deadline) -> Result<Report, StoreError> {
        self.sync_planned::<StreamPlan>(id, deadline).await
    }

    /// [`Syncer::sync`], because a person asks for it. Where nothing may be asked of Microsoft yet, the next sync does
    /// what was requested; where another run has the connection, nothing is taken down.
    ///
    /// # Errors
    /// As [`Syncer::sync`].
    pub async fn sync_now(
        &self,
        id: ConnectionId,
        request: Request,
        deadline: Deadline,
    ) -> Result<Report, StoreError> {
        self.sync_requested::<StreamPlan>(id, deadline, Some(request)).await
    }

    /// A connection's turn. Where nothing but something new would be to do for it, it is looked whether there is any; it
    /// is claimed and synced where there is something to do, and once in [`crate::Settings::success_every`].
    ///
    /// # Errors
    /// As [`Syncer::sync`].
    pub async fn turn(&self, turn: Turn, deadline: Deadline) -> Result<Report, StoreError> {
        self.turn_planned::<StreamPlan>(turn, deadline).await
    }

    /// [`Syncer::turn`] with another planning in place of the engine's.
    ///
    /// # Errors
    /// As [`Syncer::sync`].
    pub async fn turn_planned<P: Plan>(&self, turn: Turn, deadline: Deadline) -> Result<Report, StoreError> {
        let (begun, now) = (Instant::now(), self.graph.clock.now());
        let id = turn.connection;
        if turn.is_over(now) {
            return Ok(Report::without_run(id, Outcome::Over));
        }
        let seen = match self.store.look(id).await? {
            Some(seen) if seen.connection.lifecycle == Lifecycle::Connected => seen,
            _ => return Ok(Report::without_run(id, Outcome::Inactive)),
        };
        let claimed = match Box::pin(self.look::<P>(&seen, turn, deadline)).await? {
            Looked::Ended(report) => return Ok(*report),
            Looked::Busy(claimed) => claimed.map(|claimed| *claimed),
        };
        let occasion = Occasion { begun, deadline, slot: Some(turn.slot), request: None };
        Box::pin(self.claim_and_sync::<P>(&seen.connection, claimed, occasion)).await
    }

    /// [`Syncer::sync`] with another planning in place of the engine's.
    ///
    /// # Errors
    /// As [`Syncer::sync`].
    pub async fn sync_planned<P: Plan>(
        &self,
        id: ConnectionId,
        deadline: Deadline,
    ) -> Result<Report, StoreError> {
        self.sync_requested::<P>(id, deadline, None).await
    }

    async fn sync_requested<P: Plan>(
        &self,
        id: ConnectionId,
        deadline: Deadline,
        request: Option<Request>,
    ) -> Result<Report, StoreError> {
        let begun = Instant::now();
        let Some(connection) = self.store.connection(id).await? else {
            return Ok(Report::without_run(id, Outcome::Inactive));
        };
        let occasion = Occasion { begun, deadline, slot: None, request };
        self.claim_and_sync::<P>(&connection, None, occasion).await
    }

    async fn claim_and_sync<P: Plan>(
        &self,
        connection: &Connection,
        claimed: Option<Claimed>,
        occasion: Occasion,
    ) -> Result<Report, StoreError> {
        let id = connection.id;
        let Occasion { begun, deadline, slot, request } = occasion;
        let deadline = deadline.min(begun + LONGEST_RUN);
        let now = self.graph.clock.now();
        let lease_time = deadline.saturating_duration_since(Instant::now()) + self.settings.lease_margin;
        let next_due = next_due(connection, slot, now);
        let claimed = match claimed {
            Some(claimed) => claimed,
            None => self.store.claim(id, Claim { now, until: now + lease_time, next_due, slot }).await?,
        };
        match claimed {
            Claimed::Busy { .. } => Ok(Report::without_run(id, Outcome::Busy)),
            Claimed::Over => Ok(Report::without_run(id, Outcome::Over)),
            Claimed::Inactive => Ok(Report::without_run(id, Outcome::Inactive)),
            Claimed::Held { lease, connection, state } => {
                let state = state.unwrap_or_default();
                let held = Held { lease, connection, state, now, next_due, begun, deadline, slot, request };
                self.sync_held::<P>(held).await
            }
        }
    }

    async fn sync_held<P: Plan>(&self, held: Held) -> Result<Report, StoreError> {
        let Held { lease, connection, state, now, next_due, begun, deadline, slot, request } = held;
        let id = connection.id;
        let before = SyncStatus::parse(&state.status);
        let mut checkpoint = Checkpoint::<P>::load(&state.checkpoint, &connection, slot.map(|_| now));
        if let Some(request) = request {
            checkpoint.request(request, &connection);
        }
        let mut keeper = Keeper::new(&self.store, lease, state.status);
        if let Some(until) = checkpoint.put_off(now) {
            // The claim has put it off by its interval, which may be a day.
            keeper.put_off(&checkpoint, until).await?;
            keeper.release().await?;
            return Ok(Report { claimed: true, ..Report::put_off(id, before, now) });
        }
        let (stop, mut work) = match self.session(&connection, deadline).await {
            Err(stopped) => (Some(stopped), Work::default()),
            Ok(session) => {
                let allowance = checkpoint.spent.left(self.settings.budget, now, slot.is_some());
                let mut run = Run::new(self, &connection, session, checkpoint, keeper);
                let stop = run.read(allowance).await.err();
                let (usage, graph_request_id) =
                    (run.session.usage(), run.session.request_id().map(str::to_owned));
                (checkpoint, keeper) = (run.checkpoint, run.keeper);
                checkpoint.spent.add(usage.calls, now);
                (stop, Work { pages: run.pages, usage, graph_request_id, ..Work::default() })
            }
        };
        if let Some(Stop::Store(error)) = stop {
            return Err(error);
        }
        let ended = self.graph.clock.now();
        let due = self::next_due(&connection, slot, now);
        let end = End { stop, now: ended, due };
        let mut verdict = end.verdict(&mut checkpoint);
        if due != next_due {
            // The interval was changed just before the claim, which did not know the new one.
            verdict.next_due = verdict.next_due.or(Some(due));
        }
        let idle = is_idle(&before, &verdict) && !keeper.has_kept();
        if !(idle && due == next_due && self.is_recent(before.last_success, ended)) {
            keeper.finish(&checkpoint, &verdict.status, verdict.next_due).await?;
        }
        // Whoever changes a connection makes it due at once, and what was found out before must not undo that.
        if verdict.next_due.is_some_and(|due| due > ended) && self.was_changed(&connection).await? {
            keeper.finish(&checkpoint, &verdict.status, Some(ended)).await?;
        }
        keeper.release().await?;
        (work.news, work.duration) = (News::between(&before, &verdict.status), begun.elapsed());
        Ok(verdict.report(id, work, ended))
    }

    /// Whether a person has changed it since it was claimed.
    async fn was_changed(&self, claimed: &Connection) -> Result<bool, StoreError> {
        let now = self.store.connection(claimed.id).await?;
        Ok(now.is_some_and(|now| now.version != claimed.version))
    }

    pub(crate) async fn session(
        &self,
        connection: &Connection,
        deadline: Deadline,
    ) -> Result<Session<'_, T>, Stop> {
        let settings = &connection.settings;
        let secret = self.secrets.client_secret(connection.id, false).await.map_err(|error| match error {
            SecretError::Missing => {
                Stop::Failed(Failure { cause: Cause::SecretMissing, detail: error.to_string() })
            }
            SecretError::Unavailable(_) => Stop::Store(StoreError::Unavailable(error.to_string())),
        })?;
        let identity = Identity {
            tenant_id: settings.tenant_id,
            client_id: settings.client_id,
            credential: Credential::ClientSecret(secret),
        };
        let endpoints = self.endpoints.endpoints(&settings.cloud);
        let now = self.graph.clock.now().as_nanosecond();
        let seed = self.settings.seed ^ u64::try_from(now.rem_euclid(1 << 62)).unwrap_or(0);
        let rng = fastrand::Rng::with_seed(seed);
        Ok(Session::new(&self.graph, endpoints, identity, deadline, u32::MAX, rng))
    }
}

/// When a connection is due again that is claimed now: in its next slot, where it is claimed for one.
fn next_due(connection: &Connection, slot: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let interval = connection.settings.interval;
    slot.map_or(now + interval, |slot| next_slot(connection.id, interval, slot))
}

/// What a sync is for.
struct Occasion {
    begun: Instant,
    deadline: Deadline,
    /// When the slot began that it is for.
    slot: Option<Timestamp>,
    request: Option<Request>,
}

/// A claimed connection.
struct Held {
    lease: Lease,
    connection: Connection,
    state: SyncState,
    now: Timestamp,
    /// When it is due again, as the claim has said.
    next_due: Timestamp,
    begun: Instant,
    deadline: Deadline,
    slot: Option<Timestamp>,
    request: Option<Request>,
}
