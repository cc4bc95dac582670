//! `sync`: every connection, or one, due or not, until all that can be read is read.

mod again;
mod result;
mod summary;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use incident_store::{Connection, Connections as _, StoreError};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
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
    let connections = chosen(desk, args).await?;
    if connections.is_empty() {
        eprintln!("there are no connections: `soc-anywhere connections add` enters one");
    }
    let results = if connections.is_empty() {
        Vec::new()
    } else {
        until_interrupted(desk, connections, args.json).await?
    };
    if args.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &results).map_err(io::Error::from)?;
        writeln!(out)?;
    }
    let failed = results.iter().any(SyncResult::failed);
    Ok(if failed { Verdict::Bad } else { Verdict::Good })
}

async fn until_interrupted(
    desk: &Desk,
    connections: Vec<Connection>,
    json: bool,
) -> Result<Vec<SyncResult>, Failure> {
    let syncers = desk.syncers();
    tokio::select! {
        results = all(desk, &syncers, connections, json) => results,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            syncers.watched.release_all().await?;
            let kept = "interrupted; what was read is kept, and the next sync goes on from there";
            Err(Failure::Refused(kept.into()))
        }
    }
}

async fn chosen(desk: &Desk, args: &SyncArgs) -> Result<Vec<Connection>, Failure> {
    match args.connection {
        None => Ok(desk.store.connections(None).await?),
        Some(id) => Ok(vec![desk.store.connection(id).await?.ok_or(Failure::NoConnection(id))?]),
    }
}

/// Syncs all of them, some at a time, and gives their results in the connections' order. What goes wrong with
/// one is its own. Dropping it stops all syncs.
async fn all(
    desk: &Desk,
    syncers: &Arc<Syncers>,
    connections: Vec<Connection>,
    json: bool,
) -> Result<Vec<SyncResult>, Failure> {
    let bars = MultiProgress::new();
    let mut waiting = connections.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut started = HashMap::new();
    let mut results = Vec::new();
    loop {
        while running.len() < PARALLEL
            && let Some((place, connection)) = waiting.next()
        {
            let (desk, syncers, bar) = (desk.clone(), syncers.clone(), bars.add(counter(&connection)));
            let of = connection.clone();
            let task = running.spawn(async move {
                let result = one(&desk, &syncers, &connection, &bar).await;
                bar.finish_and_clear();
                result
            });
            started.insert(task.id(), (place, of));
        }
        let Some(ended) = running.join_next_with_id().await else { break };
        let (task, result) = match ended {
            Ok((task, result)) => (task, result.map_err(|error| error.to_string())),
            // A defect of this program; its message is on standard error already.
            Err(panicked) => (panicked.id(), Err("the sync ended unexpectedly".to_owned())),
        };
        let Some((place, connection)) = started.remove(&task) else { continue };
        let result = result.unwrap_or_else(|note| SyncResult::broken(&connection, note));
        if !json {
            let lines = summary::lines(&result);
            bars.suspend(|| writeln!(io::stdout(), "{lines}"))?;
        }
        results.push((place, result));
    }
    results.sort_by_key(|(place, _)| *place);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

async fn one(
    desk: &Desk,
    syncers: &Syncers,
    connection: &Connection,
    bar: &ProgressBar,
) -> Result<SyncResult, StoreError> {
    let mut result = SyncResult::new(connection);
    if is_simulated(connection) && !simulated::answers(desk, connection).await {
        result.ended = Ended::Skipped {
            result: "skipped",
            note: "its simulator is not running; `soc-anywhere serve` runs it",
        };
        return Ok(result);
    }
    let mut again = Again::default();
    let watched = &syncers.watched;
    let syncer = syncers.of(connection);
    let mut is_first = true;
    loop {
        // A sync's future is some 18 KB: it stands on the heap, for several at a time.
        let run = Box::pin(async {
            let deadline = Instant::now() + RUN;
            // The first run also tries what was set aside; the others go on from there.
            if is_first {
                syncer.sync_now(connection.id, deadline).await
            } else {
                syncer.sync(connection.id, deadline).await
            }
        });
        let report = counted(run, bar, || watched.progress(connection.id)).await?;
        is_first = false;
        let after = again.after(&report, desk.clock.now());
        result.add(report);
        match after {
            After::Stop => return Ok(result),
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
