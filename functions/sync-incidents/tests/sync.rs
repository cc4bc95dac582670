//! The engine against an honest tenant and its small misfortunes, in simulated time.

mod common;

use std::time::Duration;

use common::Desk;
use defender_sim::{Faults, TenantSpec};
use graph_auth::Cause;
use sync_incidents::{Budget, Outcome};

#[tokio::test(start_paused = true)]
async fn a_first_sync_brings_the_horizon_and_a_second_one_writes_nothing() {
    let desk = Desk::demo().await;
    let reports = desk.runs().await;
    assert_eq!(reports.last().unwrap().outcome, Outcome::Complete, "{reports:#?}");
    desk.assert_complete().await;
    let created: u64 = reports.iter().map(|report| report.streams.incidents.created).sum();
    assert!(created > 50, "{created}");

    let again = desk.run().await;
    assert_eq!((again.streams.incidents.created, again.streams.incidents.updated), (0, 0));
    assert_eq!((again.streams.alerts.created, again.streams.alerts.updated), (0, 0));
    assert_eq!(again.outcome, Outcome::Complete);
    assert_eq!(again.usage.calls, 2, "one call per stream");
}

#[tokio::test(start_paused = true)]
async fn what_happens_between_two_syncs_is_there_after_the_second() {
    let desk = Desk::demo().await;
    desk.runs().await;
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        desk.runs().await;
        desk.assert_complete().await;
    }
}

#[tokio::test(start_paused = true)]
async fn within_the_budget_a_backlog_takes_more_runs_and_loses_nothing() {
    let desk = Desk::with(TenantSpec::demo(5), Budget::Microsoft).await;
    let reports = desk.runs().await;
    desk.assert_complete().await;
    assert!(reports.iter().all(|report| report.usage.calls <= 25), "{reports:#?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_more_than_a_day_is_a_gap_that_is_read_newest_first() {
    let desk = Desk::demo().await;
    desk.runs().await;
    desk.simulator.set_down(true);
    tokio::time::sleep(Duration::from_secs(30 * 3_600)).await;
    let failed = desk.run().await;
    assert!(matches!(failed.outcome, Outcome::Failed { cause: Cause::Unreachable, .. }), "{failed:?}");
    desk.simulator.set_down(false);
    let reports = desk.runs().await;
    assert_eq!(reports.last().unwrap().outcome, Outcome::Complete);
    desk.assert_complete().await;
}

#[tokio::test(start_paused = true)]
async fn poison_records_are_set_aside_by_name_and_heal() {
    set_aside_and_heal(true).await;
}

#[tokio::test(start_paused = true)]
async fn poison_that_fails_even_in_a_page_of_ids_is_set_aside_as_an_instant() {
    set_aside_and_heal(false).await;
}

/// One incident and one alert that fail in any page; `ids_can_be_read`: not in a page of ids.
#[expect(clippy::unwrap_used, reason = "part of two tests")]
async fn set_aside_and_heal(ids_can_be_read: bool) {
    let desk = Desk::demo().await;
    let history = desk.simulator.history(desk.tenant.tenant_id, defender_sim::Kind::Incidents);
    let incident = history[history.len() / 2].id.to_string();
    let alerts = desk.simulator.history(desk.tenant.tenant_id, defender_sim::Kind::Alerts);
    let alert = alerts[alerts.len() / 2].id.to_string();
    let poison = [incident.clone(), alert.clone()].into();
    desk.simulator.set_faults(
        desk.tenant.tenant_id,
        Faults { poison, poison_spares_select: ids_can_be_read, ..Faults::default() },
    );
    desk.runs().await;
    // The waits took a while; what changed meanwhile is the next sync's.
    let reports = desk.runs().await;
    let last = reports.last().unwrap();
    let named = format!("{:?}", last.status.set_aside);
    assert_eq!(named.contains(&incident) && named.contains(&alert), ids_can_be_read, "{named}");
    assert_eq!(last.status.set_aside.len(), 2, "{named}");
    assert_eq!(last.outcome, Outcome::Progressing);
    let missing = desk.missing(graph_security::RecordKind::Incident).await;
    assert!(missing.iter().all(|id| *id == incident), "{missing:?} {named}");
    let missing = desk.missing(graph_security::RecordKind::Alert).await;
    assert!(missing.iter().all(|id| *id == alert), "{missing:?} {named}");

    desk.simulator.set_faults(desk.tenant.tenant_id, Faults::default());
    tokio::time::sleep(Duration::from_secs(3_700)).await;
    let reports = desk.runs().await;
    assert_eq!(reports.last().unwrap().status.set_aside, []);
    desk.assert_complete().await;
}

#[tokio::test(start_paused = true)]
async fn a_replaced_secret_is_used_by_the_next_sync() {
    let desk = Desk::demo().await;
    desk.runs().await;
    desk.simulator.replace_secret(desk.tenant.tenant_id, "new~secret+1");
    desk.simulator.revoke_tokens(desk.tenant.tenant_id);
    let failed = desk.run().await;
    assert!(matches!(failed.outcome, Outcome::Failed { cause: Cause::WrongSecret, .. }), "{failed:?}");
    desk.secrets.replace("new~secret+1");
    assert_eq!(desk.runs().await.last().unwrap().outcome, Outcome::Complete);
}
