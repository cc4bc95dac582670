//! Looks every second for what is due, and syncs it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use graph_auth::Cause;
use incident_store::{ConnectionId, Connections as _, StoreError};
use sync_incidents::{Outcome, Report};
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use crate::desk::{Desk, Syncers};
use crate::failure::Failure;
use crate::simulated::Simulation;
use crate::sync::RUN;
use crate::text::{count, label};

/// How often it looks. A sync itself is due once a minute, and at once where the last one left something.
const LOOK: Duration = Duration::from_secs(1);

/// How many connections are synced at a time: each holds a page of some megabytes.
const PARALLEL: usize = 8;

type Synced = Result<Option<(String, Report)>, StoreError>;

/// Returns when it is time to end.
pub(super) async fn ending(stopped: &mut watch::Receiver<bool>) {
    // An error is the sender's end, which is one, too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Syncs one desk's connections.
pub(super) struct Keeper {
    desk: Desk,
    simulate: bool,
    simulation: Simulation,
    syncers: Arc<Syncers>,
    running: JoinSet<Synced>,
    /// Which connection each running task syncs.
    busy: HashMap<Id, ConnectionId>,
    /// What was said to be failing, so that it is said once.
    said: HashMap<ConnectionId, Cause>,
    /// The same of looking itself.
    trouble: Option<String>,
}

impl Keeper {
    pub(super) fn new(desk: Desk, simulate: bool) -> Self {
        let syncers = desk.syncers();
        Self {
            desk,
            simulate,
            simulation: Simulation::default(),
            syncers,
            running: JoinSet::new(),
            busy: HashMap::new(),
            said: HashMap::new(),
            trouble: None,
        }
    }

    /// Until it is told to stop. What it cannot do now it says, and tries again with the next look.
    pub(super) async fn run(
        mut self,
        mut wake: mpsc::Receiver<ConnectionId>,
        mut stopped: watch::Receiver<bool>,
    ) {
        if self.simulate
            && let Err(failure) = self.simulation.begin(&self.desk).await
        {
            eprintln!("no simulated tenant: {failure}");
        }
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ending(&mut stopped) => break,
                Some(id) = wake.recv() => self.begin(id),
                Some(ended) = self.running.join_next_with_id() => {
                    let (task, synced) = match ended {
                        Ok((task, synced)) => (task, synced),
                        // Its message is on standard error already; the others go on.
                        Err(panicked) => (panicked.id(), Ok(None)),
                    };
                    if let Some(id) = self.busy.remove(&task) {
                        self.note(id, synced);
                    }
                }
                _ = look.tick() => {
                    let looked = self.look().await;
                    self.note_look(looked);
                }
            }
        }
        if let Err(failure) = self.end().await {
            eprintln!("{failure}");
        }
    }

    async fn look(&mut self) -> Result<(), Failure> {
        self.simulation.look(&self.desk).await?;
        let now = self.desk.clock.now();
        for due in self.desk.store.due(now, PARALLEL * 2).await?.these {
            if self.running.len() < PARALLEL {
                self.begin(due.timing.id);
            }
        }
        Ok(())
    }

    fn begin(&mut self, id: ConnectionId) {
        let busy: HashSet<_> = self.busy.values().collect();
        if busy.contains(&id) {
            return;
        }
        let (desk, syncers) = (self.desk.clone(), self.syncers.clone());
        let task = self.running.spawn(async move {
            let Some(connection) = desk.store.connection(id).await? else { return Ok(None) };
            let report = syncers.of(&connection).sync(id, Instant::now() + RUN).await?;
            Ok(Some((label(&connection), report)))
        });
        self.busy.insert(task.id(), id);
    }

    /// Says what keeps it from looking, once until it changes.
    fn note_look(&mut self, looked: Result<(), Failure>) {
        let trouble = looked.err().map(|failure| failure.to_string());
        if trouble != self.trouble
            && let Some(trouble) = &trouble
        {
            eprintln!("{trouble}");
        }
        self.trouble = trouble;
    }

    /// Says what is worth saying.
    fn note(&mut self, id: ConnectionId, synced: Synced) {
        let (label, report) = match synced {
            Ok(Some(synced)) => synced,
            Ok(None) => return,
            Err(error) => return eprintln!("connection {id}: {error}"),
        };
        let failing = match &report.outcome {
            Outcome::Failed { cause, detail } => {
                if self.said.get(&id) != Some(cause) {
                    let explanation = cause.explain();
                    eprintln!("{label}: {} {} ({cause}: {detail})", explanation.message, explanation.remedy);
                }
                Some(*cause)
            }
            Outcome::Busy | Outcome::Inactive => return,
            _ => None,
        };
        match failing {
            Some(cause) => {
                self.said.insert(id, cause);
            }
            None if self.said.remove(&id).is_some() => eprintln!("{label}: works again"),
            None => {}
        }
        let created = report.streams.incidents.created;
        if created > 0 {
            eprintln!("{label}: {}", count(created, "new incident"));
        }
    }

    /// Stops the syncs that are under way, each at its last checkpoint, and the simulator.
    async fn end(&mut self) -> Result<(), Failure> {
        self.running.shutdown().await;
        self.syncers.watched.release_all().await?;
        self.simulation.end(&self.desk).await
    }
}
