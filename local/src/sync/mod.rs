//! `sync`: every connection, or one, due or not, until all that can be read is read.

mod again;
mod result;
mod summary;

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use incident_store::{Connection, Connections as _, StoreError};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use sync_incidents::{Outcome, Request};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::args::SyncArgs;
use crate::desk::{Desk, Syncers};
use crate::failure::{Failure, Verdict};
use crate::simulated;
use crate::text::{is_simulated, label};
use again::{After, Again};
use result::{Ended, SyncResult};

/// How long one run may take: longer than the slowest page, which may take 30 s.
pub(crate) const RUN: Duration = Duration::from_secs(60);

/// How many connections are synced at a time: each holds a page of some megabytes.
const PARALLEL: usize = 8;

/// How often the counters on the terminal are drawn.
const REDRAW: Duration = Duration::from_millis(200);

pub(crate) async fn run(desk: &Desk, args: &SyncArgs) -> Result<Verdict, Failure> {
    let request = args.request.request()?;
    let connections = chosen(desk, args).await?;
    if connections.is_empty() {
        eprintln!("there are no connections: `soc-anywhere connections add` enters one");
    }
    let wanted = Wanted { request, wait: args.wait };
    let syncs: Vec<_> = connections.into_iter().map(Sync::new).collect();
    let is_interrupted = until_interrupted(desk, &syncs, wanted, args.json).await?;
    let results: Vec<_> = syncs.iter().map(Sync::result).collect();
    if args.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &results).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    if is_interrupted {
        eprintln!("interrupted; what was read is kept, and the next sync goes on from there");
        return Ok(Verdict::Interrupted);
    }
    let failed = results.iter().any(SyncResult::failed);
    Ok(if failed { Verdict::Bad } else { Verdict::Good })
}

/// What a person wants of each sync.
#[derive(Clone, Copy)]
struct Wanted {
    request: Request,
    wait: bool,
}

/// One connection's sync, and what is known of its result at any time.
#[derive(Clone)]
struct Sync {
    connection: Connection,
    result: Arc<Mutex<SyncResult>>,
}

impl Sync {
    fn new(connection: Connection) -> Self {
        let result = Arc::new(Mutex::new(SyncResult::new(&connection)));
        Self { connection, result }
    }

    fn change(&self, change: impl FnOnce(&mut SyncResult)) {
        change(&mut self.result.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn result(&self) -> SyncResult {
        self.result.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Gives whether a person interrupted the syncs.
async fn until_interrupted(desk: &Desk, syncs: &[Sync], wanted: Wanted, json: bool) -> Result<bool, Failure> {
    let syncers = desk.syncers();
    let mut ended = HashSet::new();
    let interrupted = tokio::select! {
        all = all(desk, &syncers, syncs, wanted, json, &mut ended) => return all.map(|()| false),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    };
    interrupted?;
    syncers.watched.release_all().await?;
    for (_, sync) in syncs.iter().enumerate().filter(|(place, _)| !ended.contains(place)) {
        sync.change(SyncResult::interrupted);
    }
    Ok(true)
}

async fn chosen(desk: &Desk, args: &SyncArgs) -> Result<Vec<Connection>, Failure> {
    match args.connection {
        None => Ok(desk.store.connections(None).await?),
        Some(id) => Ok(vec![desk.store.connection(id).await?.ok_or(Failure::NoConnection(id))?]),
    }
}

/// Runs all of the syncs, some at a time, and puts the places of those that have ended into `ended`. What goes
/// wrong with one is its own. Dropping it stops all syncs.
async fn all(
    desk: &Desk,
    syncers: &Arc<Syncers>,
    syncs: &[Sync],
    wanted: Wanted,
    json: bool,
    ended: &mut HashSet<usize>,
) -> Result<(), Failure> {
    let bars = MultiProgress::new();
    let mut waiting = syncs.iter().enumerate();
    let mut running = JoinSet::new();
    let mut started = HashMap::new();
    loop {
        while running.len() < PARALLEL
            && let Some((place, sync)) = waiting.next()
        {
            let (desk, syncers, bar) = (desk.clone(), syncers.clone(), bars.add(counter(&sync.connection)));
            let sync = sync.clone();
            let task = running.spawn(async move {
                let done = one(&desk, &syncers, &sync, wanted, &bar).await;
                bar.finish_and_clear();
                done
            });
            started.insert(task.id(), place);
        }
        let Some(done) = running.join_next_with_id().await else { return Ok(()) };
        let (task, done) = match done {
            Ok((task, done)) => (task, done.map_err(|error| error.to_string())),
            // A defect of this program; its message is on standard error already.
            Err(panicked) => (panicked.id(), Err("the sync ended unexpectedly".to_owned())),
        };
        let Some(place) = started.remove(&task) else { continue };
        let sync = &syncs[place];
        if let Err(note) = done {
            sync.change(|result| result.broken(note));
        }
        ended.insert(place);
        let result = sync.result();
        bars.suspend(|| {
            for line in summary::waits(&result, desk.clock.now()) {
                eprintln!("{line}");
            }
            if json { Ok(()) } else { writeln!(io::stdout(), "{}", summary::lines(&result)) }
        })?;
    }
}

async fn one(
    desk: &Desk,
    syncers: &Syncers,
    sync: &Sync,
    wanted: Wanted,
    bar: &ProgressBar,
) -> Result<(), StoreError> {
    let connection = &sync.connection;
    if is_simulated(connection) && !simulated::answers(desk, connection).await {
        let note = "its simulator is not running; `soc-anywhere serve` runs it";
        sync.change(|result| result.ended = Ended::Skipped { result: "skipped", note });
        return Ok(());
    }
    let mut again = Again::new(wanted.wait);
    let watched = &syncers.watched;
    let syncer = syncers.of(connection);
    // Until a run has taken it down.
    let mut request = Some(wanted.request);
    loop {
        // A sync's future is some 18 KB: it stands on the heap, for several at a time.
        let run = Box::pin(async {
            let deadline = Instant::now() + RUN;
            match request {
                Some(request) => syncer.sync_now(connection.id, request, deadline).await,
                None => syncer.sync(connection.id, deadline).await,
            }
        });
        let report = counted(run, bar, || watched.progress(connection.id)).await?;
        if report.outcome != Outcome::Busy {
            request = None;
        }
        let after = again.after(&report, desk.clock.now());
        sync.change(|result| result.add(report));
        match after {
            After::Stop => return Ok(()),
            After::Wait(wait) => {
                if wait > Duration::from_secs(1) {
                    bar.set_message(format!("waiting {} s", wait.as_secs()));
                }
                tokio::time::sleep(wait).await;
            }
        }
    }
}

/// Runs `work` and shows what it has read meanwhile.
async fn counted<T>(
    work: impl Future<Output = T>,
    bar: &ProgressBar,
    progress: impl Fn() -> crate::watched::Progress,
) -> T {
    let mut work = std::pin::pin!(work);
    let mut redraw = tokio::time::interval(REDRAW);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = redraw.tick() => {
                let read = progress();
                bar.set_message(format!("{} incidents, {} alerts", read.incidents, read.alerts));
                bar.tick();
            }
        }
    }
}

/// Drawn on standard error where that is a terminal, and not at all elsewhere.
fn counter(connection: &Connection) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {prefix}: {msg} {elapsed:.dim}");
    ProgressBar::new_spinner()
        .with_prefix(label(connection))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
