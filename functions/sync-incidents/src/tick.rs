//! The schedule's tick: what is due is put on the queue, or synced at once.

use std::time::Duration;

use incident_store::dynamodb::{AllDue, Due};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use lambda_support::metrics;
use serde::Serialize;
use sync_incidents::Shift;
use tokio::time::Instant;

use crate::account::{count, seconds};
use crate::work::{Function, sync};

/// How much before its time a connection counts as due: half of the tick's minute. Its next turn is a minute
/// after the moment at which it was claimed, and that is never quite a minute before the next tick; without
/// this, every other tick would miss it.
const EARLY: SignedDuration = SignedDuration::from_secs(30);

/// The most connections of one tick; the longest due come first, and the others with the next tick.
const MOST: usize = 10_000;

/// How long before its end a secret is to be replaced at the latest.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a tick did.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ticked {
    due: usize,
    queued: usize,
    failed: usize,
}

impl Ticked {
    /// Whether it brought on something of what was due. Its alarm counts the ticks that did.
    fn ended_well(&self, over_a_queue: bool) -> bool {
        !over_a_queue || self.due == 0 || self.queued > 0
    }
}

pub(crate) async fn run(
    function: &Function,
    scheduled: &str,
    shift: Shift,
    service: &str,
) -> Result<Ticked, Error> {
    let (now, begun) = (function.syncer.graph.clock.now(), Instant::now());
    let AllDue { due, unreadable } = function.syncer.store.due_with_owners(now + EARLY, MOST).await?;
    for connection in &unreadable {
        tracing::error!(connection, "a connection's item cannot be read, and is left out");
    }
    let overdue = due.first().map(|first| now.duration_since(first.since)).unwrap_or_default();
    let expiring = expiring(&due, now);
    let mut ticked = Ticked { due: due.len(), ..Ticked::default() };
    if let Some(queue) = &function.queue {
        ticked.queued = queue.send(&due, now).await;
        ticked.failed = due.len() - ticked.queued;
    } else {
        ticked.failed = sync(function, due.iter().map(|due| due.id), shift, service).await.len();
    }
    let overdue = Duration::try_from(overdue).unwrap_or_default();
    let ended_well = ticked.ended_well(function.queue.is_some());
    let Ticked { due, queued, failed } = ticked;
    let overdue_seconds = overdue.as_secs();
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(scheduled, due, queued, failed, overdue_seconds, duration_ms, "ticked");
    let metrics = [
        count("ticks", usize::from(ended_well)),
        count("due", due),
        count("queued", queued),
        count("connections_unreadable", unreadable.len()),
        count("secrets_expiring", expiring),
        seconds("overdue_seconds", overdue_seconds),
    ];
    metrics::print(service, "tick", now, &metrics);
    if ended_well { Ok(ticked) } else { Err("nothing of what is due could be put on the queue".into()) }
}

/// Of how many the secret ends within [`SOON`], or has ended. Each connection with the default interval is due with
/// each tick.
fn expiring(due: &[Due], now: Timestamp) -> usize {
    let soon = (now + SOON).to_zoned(TimeZone::UTC).date();
    due.iter().filter(|due| due.secret_expires.is_some_and(|day| day <= soon)).count()
}

#[cfg(test)]
mod tests {
    use incident_store::ConnectionId;

    use super::*;

    #[test]
    fn a_secret_that_ends_in_seven_days_is_told_of() {
        let now: Timestamp = "2026-11-02T23:00:00Z".parse().unwrap();
        let due = |expires: Option<&str>| Due {
            id: ConnectionId::new(now, [0; 10]),
            group: "group".into(),
            secret_expires: expires.map(|day| day.parse().unwrap()),
            since: now,
        };
        let all = [None, Some("2026-11-10"), Some("2026-11-09"), Some("2026-11-01")].map(due);
        assert_eq!(expiring(&all, now), 2);
    }

    #[test]
    fn a_tick_ends_well_unless_nothing_of_what_is_due_got_on_the_queue() {
        let ticked = |due, queued| Ticked { due, queued, failed: due - queued };
        assert!(!ticked(3, 0).ended_well(true));
        for (ticked, over_a_queue) in [(ticked(0, 0), true), (ticked(3, 1), true), (ticked(3, 0), false)] {
            assert!(ticked.ended_well(over_a_queue), "{ticked:?}");
        }
    }
}
