//! Looks: what a turn costs where nothing is new, and that nothing is missed for it.
#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod common;

use std::time::Duration;

use common::{Desk, start};
use defender_sim::{Faults, Generator, Kind, TenantSpec};
use graph_security::RecordKind;
use incident_store::schedule::share_of;
use incident_store::{Claim, Claimed, ConnectionId, Connections as _, SyncState, SyncStore as _, Timing};
use jiff::SignedDuration;
use sync_incidents::{Budget, Outcome, Report, Turn};

/// In which whole hours pass without an incident.
fn quiet() -> TenantSpec {
    TenantSpec::demo(1000).with_generator(Generator {
        incidents: 3,
        documented: false,
        ..Generator::default()
    })
}

fn turn_of(desk: &Desk) -> Turn {
    let slot = desk.clock.now();
    Turn { connection: desk.id, slot, until: slot + SignedDuration::from_mins(2) }
}

async fn turn(desk: &Desk) -> Report {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    Box::pin(desk.syncer.turn(turn_of(desk), deadline)).await.unwrap()
}

async fn fence(desk: &Desk) -> u64 {
    desk.syncer.store.look(desk.id).await.unwrap().unwrap().fence
}

/// A desk whose first sync is done, and whose last ten minutes nothing has happened in.
async fn settled() -> Desk {
    let desk = Desk::with(quiet(), Budget::Unlimited).await;
    desk.runs().await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    while turn(&desk).await.outcome != Outcome::Complete {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    desk
}

#[tokio::test(start_paused = true)]
async fn an_idle_turn_asks_each_list_once_and_writes_nothing_for_ten_minutes() {
    let desk = settled().await;
    let mut written = Vec::new();
    let mut since = 0;
    for _ in 0..180 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let before = (fence(&desk).await, desk.syncer.store.state(desk.id).await.unwrap());
        let report = turn(&desk).await;
        let after = (fence(&desk).await, desk.syncer.store.state(desk.id).await.unwrap());
        since += 1;
        if report.claimed {
            written.push(since);
            since = 0;
        } else {
            assert_eq!((report.outcome, report.usage.calls), (Outcome::Complete, 2));
            assert_eq!(before, after, "a look writes nothing");
        }
        assert!(since <= 10, "what is idle is attempted every ten minutes");
    }
    let idle = written.iter().filter(|since| **since == 10).count();
    assert!(idle > 8, "{written:?}");
    desk.assert_complete().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_new_is_there_after_the_next_turn() {
    let desk = Desk::with(TenantSpec::demo(3), Budget::Microsoft).await;
    desk.runs().await;
    let (mut looks, mut news) = (0, 0);
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let report = turn(&desk).await;
        looks += u32::from(!report.claimed);
        news += u32::from(report.streams.values().any(|stream| stream.created + stream.updated > 0));
        assert!(report.usage.calls <= 23, "a look's two requests are reserved: {}", report.usage.calls);
    }
    assert!(looks > 5 && news > 20, "{looks} looks, {news} with news");
    desk.assert_complete().await;
}

#[tokio::test(start_paused = true)]
async fn two_lookers_at_once_and_one_that_sleeps_between_look_and_claim_write_once() {
    let desk = Desk::with(TenantSpec::demo(3), Budget::Unlimited).await;
    desk.runs().await;
    for minute in 0..60 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let before = fence(&desk).await;
        let (deadline, turn) = (tokio::time::Instant::now() + Duration::from_secs(20), turn_of(&desk));
        let seen = desk.syncer.store.look(desk.id).await.unwrap().unwrap();
        let (one, other) = tokio::join!(
            Box::pin(desk.syncer.turn(turn, deadline)),
            Box::pin(desk.syncer.turn(turn, deadline))
        );
        let claimed = [one.unwrap(), other.unwrap()].iter().filter(|report| report.claimed).count();
        let after = fence(&desk).await;
        assert!(claimed <= 1 && after - before <= 1, "minute {minute}: {claimed} runs of one slot");
        // What it has seen is of before that.
        let now = desk.clock.now();
        let claim = Claim { now, until: now, next_due: now, slot: Some(turn.slot) };
        let stale = SyncState { checkpoint: "stale".into(), status: "stale".into() };
        if after > before {
            let late = desk.syncer.store.settle(&seen, claim, &stale).await.unwrap();
            assert_eq!(late, Some(Claimed::Over), "its slot has had its run");
        }
        assert_ne!(desk.syncer.store.state(desk.id).await.unwrap(), Some(stale));
    }
    desk.assert_complete().await;
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_too_late_is_dropped_and_one_slot_has_one_run() {
    let desk = settled().await;
    let late = Turn { until: desk.clock.now(), ..turn_of(&desk) };
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let report = Box::pin(desk.syncer.turn(late, deadline)).await.unwrap();
    assert_eq!((report.outcome, report.claimed, report.usage.calls), (Outcome::Over, false, 0));

    let due = desk.syncer.store.due(desk.clock.now() + SignedDuration::from_mins(1), 9).await.unwrap();
    let [due] = &due.these[..] else { panic!("it is due") };
    let tick = due.timing.next_due.max(desk.clock.now());
    let given = Turn::of(due, tick).unwrap();
    assert_eq!(given.until.duration_since(tick), SignedDuration::from_mins(2), "two ticks at least");
    let mut hourly = due.clone();
    hourly.timing = Timing { interval: Duration::from_secs(3_600), ..hourly.timing };
    let given = Turn::of(&hourly, tick).unwrap();
    assert_eq!(given.until.duration_since(tick), SignedDuration::from_hours(1), "an interval");
}

#[tokio::test(start_paused = true)]
async fn a_person_s_change_and_a_failure_are_no_look() {
    let desk = settled().await;
    let connection = desk.syncer.store.connection(desk.id).await.unwrap().unwrap();
    desk.syncer.store.update(&connection).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(turn(&desk).await.claimed, "what a person has changed is synced");
    let mut turns = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        turns += 1;
        if !turn(&desk).await.claimed {
            break;
        }
        assert!(turns < 60, "nothing is idle");
    }
    let refused = Faults { graph_status: Some((403, None)), ..Faults::default() };
    desk.simulator.set_faults(desk.tenant.tenant_id, refused);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let failed = turn(&desk).await;
    assert!(failed.claimed && matches!(failed.outcome, Outcome::Failed { .. }), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_change_of_format_what_is_new_is_read_at_once_and_histories_are_spread_over_hours() {
    let desk = Desk::with(TenantSpec::demo(3), Budget::Unlimited).await;
    let now = desk.clock.now();
    let claim = Claim { now, until: now, next_due: now, slot: None };
    let Claimed::Held { lease, .. } = desk.syncer.store.claim(desk.id, claim).await.unwrap() else {
        panic!("it is free")
    };
    let other = SyncState { checkpoint: r#"{"format":0}"#.into(), status: String::new() };
    desk.syncer.store.save(&lease, &other, None).await.unwrap();
    desk.syncer.store.release(&lease).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let share = share_of(desk.id, SignedDuration::from_hours(6));
    assert!(share > SignedDuration::from_mins(10), "{share}");
    let began = desk.clock.now();
    let first = turn(&desk).await;
    assert!(first.streams.incidents.created > 0 && first.streams.incidents.live_done, "{first:?}");
    let whole = desk.stored(Kind::Incidents) as u64;
    assert!(first.streams.incidents.created < whole, "history waits");
    assert_eq!(first.resume, Some(began + share), "until its time");
    while desk.clock.now() < began + share {
        assert!(!desk.missing(RecordKind::Incident).await.is_empty(), "history waits");
        tokio::time::sleep(Duration::from_secs(600)).await;
        turn(&desk).await;
    }
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        turn(&desk).await;
    }
    desk.assert_complete().await;

    // Of a thousand connections no tenth of an hour has much more than its part.
    let of = |number: u16| {
        let mut random = [0; 10];
        random[..2].copy_from_slice(&number.to_be_bytes());
        share_of(ConnectionId::new(start(), random), SignedDuration::from_hours(6)).as_secs() / 360
    };
    let mut parts = vec![0; 60];
    (0..1_000).for_each(|number| parts[usize::try_from(of(number)).unwrap()] += 1);
    assert!(parts.iter().all(|part| (3..40).contains(part)), "{parts:?}");
}
