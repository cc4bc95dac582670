//! What one run leaves for the next: both lists, and what they may spend.

use graph_security::{ByKind, RecordKind};
use incident_store::believed::{LONGEST_WAIT, has_passed};
use incident_store::{Connection, Failing};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::allowance::Spent;
use crate::plan::Plan;
use crate::request::Request;
use crate::stream::Stream;

/// A checkpoint of another format cannot be walked on from: everything is read again.
const FORMAT: u32 = 1;

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
        }
    }

    /// The stored one; where there is none or it cannot be read, a new one, which reads everything again
    /// and loses nothing.
    pub(crate) fn load(text: &str, connection: &Connection) -> Self {
        let since = connection.settings.since;
        let mut checkpoint = match serde_json::from_str::<Self>(text) {
            Ok(checkpoint) if checkpoint.format == FORMAT => checkpoint,
            _ if text.is_empty() => Self::new(since),
            _ => {
                tracing::warn!("the checkpoint cannot be read by this version; everything is read again");
                Self::new(since)
            }
        };
        if checkpoint.version != connection.version {
            checkpoint.version = connection.version;
            checkpoint.forget_back_offs();
        }
        checkpoint
    }

    /// Takes down what a person asks for.
    pub(crate) fn request(&mut self, request: Request, connection: &Connection) {
        self.forget_back_offs();
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
