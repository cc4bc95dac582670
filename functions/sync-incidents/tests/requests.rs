//! What a person may ask of a sync besides what is new.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::time::Duration;

use common::{Desk, start};
use defender_sim::{Faults, Kind};
use jiff::SignedDuration;
use sync_incidents::{Outcome, Report, Request};

async fn request(desk: &Desk, request: Request) -> Report {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    desk.syncer.sync_now(desk.id, request, deadline).await.unwrap()
}

/// A desk whose first sync is done, and with it what was scheduled at once.
async fn settled() -> Desk {
    let desk = Desk::demo().await;
    desk.runs().await;
    let idle = request(&desk, Request::Sync).await;
    assert_eq!(idle.usage.calls, 2, "one call per list: {idle:#?}");
    desk
}

/// Rows read by this run and those that go on from it.
async fn seen(desk: &Desk, first: &Report) -> u64 {
    let rows = |report: &Report| report.streams.values().map(|stream| stream.seen).sum::<u64>();
    rows(first) + desk.runs().await.iter().map(rows).sum::<u64>()
}

#[tokio::test(start_paused = true)]
async fn what_changed_since_an_instant_is_read_again_and_not_written_again() {
    let desk = settled().await;
    let since = start() - SignedDuration::from_hours(10 * 24);
    desk.simulator.advance(desk.clock.now());
    let mut changed = 0;
    for kind in [Kind::Incidents, Kind::Alerts] {
        let history = desk.simulator.history(desk.tenant.tenant_id, kind);
        let ids: std::collections::BTreeSet<_> =
            history.iter().filter(|version| version.instant >= since).map(|version| &version.id).collect();
        changed += ids.len() as u64;
    }
    assert!(changed > 20, "{changed}");
    let first = request(&desk, Request::AgainSince(since)).await;
    assert_eq!(first.streams.incidents.created + first.streams.incidents.updated, 0, "{first:#?}");
    let seen = seen(&desk, &first).await;
    assert!(seen >= changed, "{seen} of {changed}");
    desk.assert_complete().await;
    assert_eq!(request(&desk, Request::Sync).await.usage.calls, 2, "once");
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_checkpoint_reads_everything_and_writes_nothing() {
    let desk = settled().await;
    let (incidents, alerts) = (desk.stored(Kind::Incidents), desk.stored(Kind::Alerts));
    let first = request(&desk, Request::ForgetCheckpoint).await;
    let all = (incidents + alerts) as u64;
    let seen = seen(&desk, &first).await;
    assert!(seen >= all, "{seen} of {all}");
    assert_eq!(first.streams.alerts.created + first.streams.alerts.updated, 0, "{first:#?}");
    desk.assert_complete().await;
}

#[tokio::test(start_paused = true)]
async fn the_sweeps_run_now() {
    let desk = settled().await;
    let swept = request(&desk, Request::Sweep).await;
    let calls: u32 = std::iter::once(&swept).chain(&desk.runs().await).map(|report| report.usage.calls).sum();
    // Of both lists what is new, the last day, the last week and the records without an instant.
    assert!(calls >= 8, "{calls}: {swept:#?}");
    assert_eq!(request(&desk, Request::Sync).await.usage.calls, 2, "once");
}

#[tokio::test(start_paused = true)]
async fn what_is_set_aside_is_tried_on_request_only() {
    let desk = Desk::demo().await;
    let history = desk.simulator.history(desk.tenant.tenant_id, Kind::Incidents);
    let poison = [history[history.len() / 2].id.to_string()].into();
    let poisoned = Faults { poison, poison_spares_select: true, ..Faults::default() };
    desk.simulator.set_faults(desk.tenant.tenant_id, poisoned);
    desk.runs().await;
    desk.runs().await;
    desk.simulator.set_faults(desk.tenant.tenant_id, Faults::default());
    assert_eq!(request(&desk, Request::Sync).await.status.set_aside.len(), 1);
    assert_eq!(request(&desk, Request::RetrySetAside).await.status.set_aside, []);
    desk.assert_complete().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_while_nothing_may_be_asked_is_done_by_the_next_sync() {
    let desk = settled().await;
    let throttled = Faults { graph_status: Some((429, Some(600))), ..Faults::default() };
    desk.simulator.set_faults(desk.tenant.tenant_id, throttled);
    let first = request(&desk, Request::Sync).await;
    assert_eq!((first.outcome, first.resume), (Outcome::Interrupted, None));
    desk.simulator.set_faults(desk.tenant.tenant_id, Faults::default());
    let put_off = request(&desk, Request::Sweep).await;
    assert_eq!((put_off.outcome, put_off.usage.calls), (Outcome::Interrupted, 0));
    tokio::time::sleep(Duration::from_secs(600)).await;
    let calls: u32 = desk.runs().await.iter().map(|report| report.usage.calls).sum();
    assert!(calls >= 8, "{calls}");
}
