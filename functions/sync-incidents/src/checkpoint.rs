//! What one run leaves for the next: both streams' plans, and what they may spend.

use graph_security::RecordKind;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::allowance::Spent;
use crate::plan::Plan;

/// A checkpoint of another format cannot be walked on from: everything is read again.
const FORMAT: u32 = 1;

/// Both streams' plans. Kept as JSON in [`incident_store::SyncState::checkpoint`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "P: Serialize + DeserializeOwned")]
pub(crate) struct Checkpoint<P> {
    format: u32,
    pub(crate) incidents: P,
    pub(crate) alerts: P,
    #[serde(default)]
    pub(crate) spent: Spent,
}

impl<P: Plan> Checkpoint<P> {
    pub(crate) fn new(since: Timestamp) -> Self {
        Self {
            format: FORMAT,
            incidents: P::new(RecordKind::Incident, since),
            alerts: P::new(RecordKind::Alert, since),
            spent: Spent::default(),
        }
    }

    /// The stored one; where there is none or it cannot be read, a new one, which reads everything again
    /// and loses nothing.
    pub(crate) fn load(text: Option<&str>, since: Timestamp) -> Self {
        match text.map(serde_json::from_str::<Self>) {
            Some(Ok(checkpoint)) if checkpoint.format == FORMAT => checkpoint,
            Some(_) => {
                tracing::warn!("the checkpoint cannot be read by this version; everything is read again");
                Self::new(since)
            }
            None => Self::new(since),
        }
    }

    pub(crate) fn plan(&mut self, kind: RecordKind) -> &mut P {
        match kind {
            RecordKind::Incident => &mut self.incidents,
            RecordKind::Alert => &mut self.alerts,
        }
    }
}
