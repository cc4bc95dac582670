//! The schedule's tick: what is due is put on the queue, or synced at once.

use std::time::Duration;

use incident_store::{Connections as _, Due, Found, GroupId};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use lambda_support::metrics;
use serde::Serialize;
use sync_incidents::{Shift, Turn};
use tokio::time::Instant;

use crate::account::{count, rare, seconds};
use crate::work::{Function, sync};

/// The most turns of one tick; the longest expected come first.
const MOST: usize = 10_000;

/// A tick is not tried again for longer: see `MaximumEventAgeInSeconds` in the template.
const LATEST: SignedDuration = SignedDuration::from_mins(2);

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
    let tick = tick_of(scheduled, now);
    let Found { these: due, unreadable } = function.syncer.store.due(tick, usize::MAX).await?;
    for connection in &unreadable {
        tracing::error!(connection, "a connection's item cannot be read, and is left out");
    }
    let overdue = due.first().map(|first| now.duration_since(first.timing.expected())).unwrap_or_default();
    let expiring = expiring(&due, now);
    let turns = due.into_iter().filter_map(|due| Some((Turn::of(&due, tick)?, due.group)));
    let turns: Vec<(Turn, GroupId)> = turns.take(MOST).collect();
    let mut ticked = Ticked { due: turns.len(), ..Ticked::default() };
    if let Some(queue) = &function.queue {
        ticked.queued = queue.send(&turns).await;
        ticked.failed = turns.len() - ticked.queued;
    } else {
        ticked.failed = sync(function, turns.into_iter().map(|(turn, _)| turn), shift, service).await.len();
    }
    let overdue = Duration::try_from(overdue).unwrap_or_default();
    let ended_well = ticked.ended_well(function.queue.is_some());
    let Ticked { due, queued, failed } = ticked;
    let overdue_seconds = overdue.as_secs();
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(scheduled, due, queued, failed, overdue_seconds, duration_ms, "ticked");
    let mut metrics = vec![
        count("ticks", usize::from(ended_well)),
        count("due", due),
        count("queued", queued),
        seconds("overdue_seconds", overdue_seconds),
    ];
    metrics.extend(rare("connections_unreadable", unreadable.len()));
    metrics.extend(rare("secrets_expiring", expiring));
    metrics::print(service, "tick", now, &metrics);
    if ended_well { Ok(ticked) } else { Err("nothing of what is due could be put on the queue".into()) }
}

/// The tick's time is the scheduler's, whatever the time of the invocation: a tick that comes twice gives the same turns.
/// A time that is none of a tick of these minutes is not believed.
fn tick_of(scheduled: &str, now: Timestamp) -> Timestamp {
    let scheduled = scheduled.parse().ok();
    scheduled.filter(|tick: &Timestamp| now.duration_since(*tick).abs() <= LATEST).unwrap_or(now)
}

/// Of how many the secret ends within [`SOON`]. One that has ended is its customer's to replace: it would hide all that
/// end after it. Each connection with the default interval is due with each tick.
fn expiring(due: &[Due], now: Timestamp) -> usize {
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let soon = date(now)..=date(now + SOON);
    due.iter().filter(|due| due.secret_expires.is_some_and(|day| soon.contains(&day))).count()
}

#[cfg(test)]
mod tests {
    use incident_store::{ConnectionId, Timing};

    use super::*;

    #[test]
    fn a_secret_that_ends_in_seven_days_is_told_of() {
        let now: Timestamp = "2026-11-02T23:00:00Z".parse().unwrap();
        let due = |expires: Option<&str>| Due {
            timing: Timing {
                id: ConnectionId::new(now, [0; 10]),
                interval: Duration::from_secs(60),
                next_due: now,
                last_attempt: None,
            },
            group: "group".into(),
            secret_expires: expires.map(|day| day.parse().unwrap()),
        };
        let days = ["2026-11-10", "2026-11-09", "2026-11-02", "2026-11-01"].map(Some);
        assert_eq!(days.map(|day| expiring(&[due(day)], now)), [0, 1, 1, 0]);
        assert_eq!(expiring(&[due(None)], now), 0);
    }

    #[test]
    fn a_tick_is_of_the_scheduler_s_time_unless_that_is_none() {
        let now: Timestamp = "2026-11-02T23:00:37Z".parse().unwrap();
        let scheduled = "2026-11-02T23:00:07Z";
        assert_eq!(tick_of(scheduled, now), scheduled.parse().unwrap());
        for none in ["", "now", "2026-11-02T22:00:07Z", "2026-11-03T23:00:07Z"] {
            assert_eq!(tick_of(none, now), now, "{none}");
        }
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
