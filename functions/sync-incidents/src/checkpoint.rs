//! What one run leaves for the next: both lists, and what they may spend.

use graph_security::{ByKind, RecordKind};
use incident_store::believed::{LONGEST_WAIT, has_passed};
use incident_store::schedule::share_of;
use incident_store::{Connection, Failing};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::allowance::Spent;
use crate::plan::{Lane, Plan};
use crate::request::Request;
use crate::stream::Stream;

/// A checkpoint of another format cannot be walked on from: everything is read again. What is new and the last day are
/// read at once, the history before it within [`SPREAD`].
const FORMAT: u32 = 1;

/// Over how long the histories of all connections are spread that are read again. A version of ours with another format
/// reads each of them with the next tick, and thousands of histories would be read at the same time.
const SPREAD: SignedDuration = SignedDuration::from_hours(6);

/// Kept as JSON in [`incident_store::SyncState::checkpoint`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "P: Serialize + DeserializeOwned")]
pub(crate) struct Checkpoint<P> {
    format: u32,
    /// The connection's version at the last run: a person who changes a connection wants what failed to be tried.
    version: u64,
    pub(crate) streams: ByKind<Stream<P>>,
    /// What keeps both lists from being asked.
    pub(crate) failing: Option<Failing>,
    /// Until when Entra asks to be left alone.
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) spent: Spent,
    /// History is not read before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    history_from: Option<Timestamp>,
}

impl<P: Plan> Checkpoint<P> {
    pub(crate) fn new(since: Timestamp) -> Self {
        Self {
            format: FORMAT,
            version: 0,
            streams: ByKind::from_fn(|kind| Stream::new(kind, since)),
            failing: None,
            not_before: None,
            spent: Spent::default(),
            history_from: None,
        }
    }

    /// The stored one; where there is none or it cannot be read, a new one, which reads everything again
    /// and loses nothing: in a connection's `turn` the history in its own time.
    pub(crate) fn load(text: &str, connection: &Connection, turn: Option<Timestamp>) -> Self {
        let since = connection.settings.since;
        let mut checkpoint = match serde_json::from_str::<Self>(text) {
            Ok(checkpoint) if checkpoint.format == FORMAT => checkpoint,
            _ if text.is_empty() => Self::new(since),
            _ => {
                tracing::warn!("the checkpoint cannot be read by this version; everything is read again");
                let history_from = turn.map(|now| now + share_of(connection.id, SPREAD));
                Self { history_from, ..Self::new(since) }
            }
        };
        if checkpoint.version != connection.version {
            checkpoint.version = connection.version;
            checkpoint.forget_back_offs();
        }
        checkpoint
    }

    /// The one that the last run of this version of `connection` left; `None` where there is none.
    pub(crate) fn of_connection(text: &str, connection: &Connection) -> Option<Self> {
        let checkpoint: Self = serde_json::from_str(text).ok()?;
        (checkpoint.format == FORMAT && checkpoint.version == connection.version).then_some(checkpoint)
    }

    /// Whether nothing is to be done but to look for what is new.
    pub(crate) fn is_quiet(&mut self, now: Timestamp) -> bool {
        let fails = self.failing.is_some() || self.not_before.is_some();
        !fails
            && self.streams.values_mut().all(|stream| {
                let standing = stream.plan.standing();
                let lanes = [Lane::Check, Lane::History];
                !standing.pending
                    && !standing.in_trouble
                    && standing.read_up_to.is_some()
                    && lanes.into_iter().all(|lane| stream.plan.ask(lane, now).is_none())
            })
    }

    /// Since when history may be read, where it may not yet.
    pub(crate) fn history_from(&self, now: Timestamp) -> Option<Timestamp> {
        self.history_from.filter(|from| !has_passed(*from, SPREAD, now))
    }

    pub(crate) fn history_waits(&self, now: Timestamp) -> bool {
        self.history_from(now).is_some()
    }

    /// Takes down what a person asks for.
    pub(crate) fn request(&mut self, request: Request, connection: &Connection) {
        self.forget_back_offs();
        self.history_from = None;
        match request {
            Request::Sync => {}
            Request::AgainSince(since) => self.plans().for_each(|plan| plan.read_again(since)),
            Request::RetrySetAside => self.plans().for_each(P::retry_aside),
            Request::Sweep => self.plans().for_each(P::sweep_now),
            Request::ForgetCheckpoint => {
                for kind in RecordKind::ALL {
                    *self.plan(kind) = P::new(kind, connection.settings.since);
                }
            }
        }
    }

    fn plans(&mut self) -> impl Iterator<Item = &mut P> {
        self.streams.values_mut().map(|stream| &mut stream.plan)
    }

    pub(crate) fn plan(&mut self, kind: RecordKind) -> &mut P {
        &mut self.streams[kind].plan
    }

    /// Takes down that Microsoft has answered this list. Whether that ends a failure: the end is then to be kept at once,
    /// because a run that is killed does not come to its own end, and a back-off would go on that is over.
    pub(crate) fn answered(&mut self, kind: RecordKind) -> bool {
        let is_end_of_all = self.failing.take().is_some();
        self.streams[kind].answered() || is_end_of_all
    }

    /// What failed is to be tried now.
    pub(crate) fn forget_back_offs(&mut self) {
        self.streams.values_mut().for_each(Stream::forget_back_off);
    }

    /// Until when nothing at all may be asked.
    pub(crate) fn put_off(&self, now: Timestamp) -> Option<Timestamp> {
        let of_entra = self.not_before.filter(|until| !has_passed(*until, LONGEST_WAIT, now));
        of_entra.or_else(|| {
            let each: Option<Vec<_>> = self.streams.values().map(|stream| stream.put_off(now)).collect();
            each?.into_iter().min()
        })
    }

    /// Grows with everything that is worth keeping beyond the watermarks.
    pub(crate) fn changes(&self) -> u64 {
        self.streams.values().map(|stream| stream.plan.standing().changes).sum()
    }
}
