//! Trouble in one stream delays only itself, whatever kind it is; and answers that lie about the time.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::time::Duration;

use common::Desk;
use defender_sim::{Faults, Generator, Kind, Recorded, TenantSpec};
use graph_auth::Cause;
use graph_security::RecordKind;
use incident_store::{Aside, Connections as _};
use jiff::SignedDuration;
use sync_incidents::{Budget, Outcome, Report, Turn};

/// Runs of 20 s, in each minute in which the connection is due, as the function gives each connection.
async fn minutes(desk: &Desk, count: u32) -> Vec<Report> {
    let mut reports = Vec::new();
    for _ in 0..count {
        let begun = tokio::time::Instant::now();
        let (tick, deadline) = (desk.clock.now(), begun + Duration::from_secs(20));
        let due = desk.syncer.store.due(tick, 1).await.unwrap();
        if let Some(turn) = due.these.first().and_then(|due| Turn::of(due, tick)) {
            reports.push(Box::pin(desk.syncer.turn(turn, deadline)).await.unwrap());
        }
        tokio::time::sleep_until(begun + Duration::from_secs(60)).await;
    }
    reports
}

/// One list fails in this way for an hour, in which things happen. What happened to the other one is there within two
/// runs all the time, the trouble is said, and it heals.
async fn one_list(only: Kind, other: RecordKind, faults: Faults) -> Vec<Report> {
    let desk = Desk::demo().await;
    desk.runs().await;
    desk.simulator.set_faults(desk.tenant.tenant_id, Faults { only: Some(only), ..faults.clone() });
    let mut reports = minutes(&desk, 5).await;
    for _ in 0..55 {
        reports.extend(minutes(&desk, 1).await);
        // A change may have come while the run was under way.
        let late = desk.missing_versions(other).await;
        if !late.is_empty() {
            reports.extend(minutes(&desk, 1).await);
            let later = desk.missing_versions(other).await;
            assert!(
                later.iter().all(|version| !late.contains(version)),
                "{faults:?} {other:?}: {:#?}",
                reports.last()
            );
        }
    }
    desk.simulator.set_faults(desk.tenant.tenant_id, Faults::default());
    minutes(&desk, 70).await;
    let last = desk.runs().await;
    assert_eq!(last.last().unwrap().outcome, Outcome::Complete, "{faults:?}: {:#?}", last.last());
    desk.assert_complete().await;
    reports
}

async fn either_list(faults: &Faults) -> Vec<Report> {
    let mut reports = one_list(Kind::Incidents, RecordKind::Alert, faults.clone()).await;
    reports.extend(one_list(Kind::Alerts, RecordKind::Incident, faults.clone()).await);
    reports
}

#[tokio::test(start_paused = true)]
async fn a_list_that_hangs() {
    either_list(&Faults { stall: true, ..Faults::default() }).await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_throttled() {
    // For longer than the time between two runs.
    for seconds in [30, 600, 3_600] {
        let throttled = Faults { graph_status: Some((429, Some(seconds))), ..Faults::default() };
        let reports = either_list(&throttled).await;
        assert!(reports.iter().all(|report| report.lag_seconds.is_some()), "lag is told of every run");
        assert!(reports.iter().any(|report| report.lag_seconds > Some(1_800)), "and grows");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_forbidden() {
    let reports = either_list(&Faults { graph_status: Some((403, None)), ..Faults::default() }).await;
    let failing = reports.iter().filter_map(|report| report.status.failing.as_ref());
    assert!(failing.clone().all(|failing| failing.stream.is_some()), "the failure is one list's");
    assert!(failing.count() > 10);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_asks_to_be_left_alone_for_good() {
    let reports = either_list(&Faults { graph_status: Some((503, Some(30))), ..Faults::default() }).await;
    let of_lists = |report: &Report| report.status.streams.clone().map(|stream| stream.not_before);
    let put_off = reports.iter().map(of_lists);
    assert!(put_off.clone().any(|lists| lists.incidents.is_some()));
    assert!(put_off.clone().any(|lists| lists.alerts.is_some()));
    assert!(put_off.clone().all(|lists| lists.incidents.is_none() || lists.alerts.is_none()));
    assert!(reports.iter().all(|report| report.status.not_before.is_none()), "one list may always be asked");
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_connection_breaks() {
    let reports = either_list(&Faults { reset: true, ..Faults::default() }).await;
    let said = |report: &&Report| report.status.failing.is_some();
    assert!(reports.iter().filter(said).count() > reports.len() / 2);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fails_is_an_outage_within_two_runs_and_nothing_is_set_aside() {
    let reports = either_list(&Faults { graph_status: Some((500, None)), ..Faults::default() }).await;
    let is_outage =
        |report: &Report| matches!(report.outcome, Outcome::Failed { cause: Cause::MicrosoftTrouble, .. });
    assert!(is_outage(&reports[1]), "{:#?}", reports[1]);
    assert!(reports.iter().all(|report| report.status.set_aside.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_ends_sets_nothing_aside() {
    let desk = Desk::demo().await;
    desk.runs().await;
    for length in [3, 7, 20, 90] {
        let down = Faults { graph_status: Some((500, None)), ..Faults::default() };
        desk.simulator.set_faults(desk.tenant.tenant_id, down);
        minutes(&desk, length).await;
        desk.simulator.set_faults(desk.tenant.tenant_id, Faults::default());
        for report in minutes(&desk, 5).await {
            let intervals =
                report.status.set_aside.iter().filter(|aside| matches!(aside.what, Aside::Interval { .. }));
            assert_eq!(intervals.count(), 0, "{length} minutes: {report:#?}");
        }
        desk.runs().await;
        desk.assert_complete().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_from_another_day_moves_nothing() {
    for days in [1, -1, 400, -400] {
        let desk = Desk::demo().await;
        desk.runs().await;
        let date_ahead = SignedDuration::from_hours(24 * days);
        desk.simulator.set_faults(desk.tenant.tenant_id, Faults { date_ahead, ..Faults::default() });
        minutes(&desk, 3).await;
        desk.simulator.set_faults(desk.tenant.tenant_id, Faults::default());
        for report in minutes(&desk, 20).await {
            let lag = report.lag_seconds.unwrap();
            assert!((0..300).contains(&lag), "{days} days, {lag} s: {report:#?}");
        }
        desk.runs().await;
        desk.assert_complete().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_ends_a_back_off_also_in_a_run_that_is_killed() {
    // With nothing new in the answer there is nothing else to be kept.
    let quiet = TenantSpec::demo(3).with_generator(Generator::default());
    let desk = Desk::with(quiet, Budget::Unlimited).await;
    desk.runs().await;
    let forbidden = Faults { graph_status: Some((403, None)), ..Faults::default() };
    desk.simulator.set_faults(desk.tenant.tenant_id, forbidden.clone());
    // After 1, 5 and 15 minutes; the next try is an hour later.
    let rows = minutes(&desk, 25).await;
    assert_eq!(rows.last().unwrap().status.failing.as_ref().unwrap().times, 4);
    let hangs = Faults { stall: true, only: Some(Kind::Alerts), ..Faults::default() };
    desk.simulator.set_faults(desk.tenant.tenant_id, hangs);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    // The process ends when the alerts are asked for, which are never answered. Time stands still until then.
    let now = desk.clock.now();
    let asks_for_alerts = async {
        let is_of_alerts = |request: &Recorded| request.at >= now && request.target.contains("alerts_v2");
        while !desk.simulator.requests().iter().any(is_of_alerts) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        report = desk.run() => panic!("{report:?}"),
        () = asks_for_alerts => {}
    }
    desk.simulator.set_faults(desk.tenant.tenant_id, forbidden);
    let reports = minutes(&desk, 6).await;
    let failed = reports.iter().filter_map(|report| report.status.streams.incidents.failing.as_ref());
    assert_eq!(failed.map(|failing| failing.times).collect::<Vec<_>>(), [1, 2], "{reports:#?}");
}
