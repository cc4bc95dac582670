//! Tenants too small to show in which order their lists come.

mod common;

use std::time::Duration;

use common::Desk;
use defender_sim::{Faults, Generator, Kind, TenantSpec};
use graph_auth::Cause;
use graph_security::RecordKind;
use incident_store::Aside;
use sync_incidents::Budget;

/// Requests for alerts since the first `since`.
fn asked_for_alerts(desk: &Desk, since: usize) -> Vec<String> {
    let requests = desk.simulator.requests().split_off(since);
    requests
        .into_iter()
        .map(|request| request.target)
        .filter(|target| target.contains("/alerts_v2"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn one_poison_alert_is_named_by_its_id_costs_little_and_takes_no_neighbour_with_it() {
    let mut tried = 0;
    for seed in 0..40_u32 {
        let incidents = 1 + seed % 5;
        let generator = Generator {
            incidents,
            documented: false,
            // All of it is new, so that one range holds it.
            over: Duration::from_secs(20 * 3_600),
            past_closings: 0,
            ..Generator::default()
        };
        let spec = TenantSpec::demo(u64::from(seed)).with_generator(generator);
        let desk = Desk::with(spec, Budget::Unlimited).await;
        let mut ids: Vec<String> = desk
            .simulator
            .history(desk.tenant.tenant_id, Kind::Alerts)
            .iter()
            .map(|one| one.id.to_string())
            .collect();
        ids.sort();
        ids.dedup();
        if ids.len() > 12 {
            continue;
        }
        tried += 1;
        let poison = ids[usize::try_from(seed).unwrap() % ids.len()].clone();
        let faults =
            Faults { poison: [poison.clone()].into(), poison_spares_select: true, ..Faults::default() };
        desk.simulator.set_faults(desk.tenant.tenant_id, faults);
        let reports = desk.runs().await;

        let named: Vec<_> =
            reports.last().unwrap().status.set_aside.iter().map(|aside| aside.what.clone()).collect();
        assert_eq!(named, [Aside::Record { id: poison.clone() }], "seed {seed}");
        assert_eq!(desk.missing(RecordKind::Alert).await, std::slice::from_ref(&poison), "seed {seed}");
        let evidence = &reports.last().unwrap().status.set_aside[0].evidence;
        assert_eq!(
            (evidence.status, evidence.cause),
            (Some(500), Some(Cause::MicrosoftTrouble)),
            "seed {seed}"
        );
        assert!(evidence.request_id.is_some() && evidence.client_request_id.is_some(), "{evidence:?}");
        let asked = asked_for_alerts(&desk, 0);
        let alone =
            asked.iter().position(|target| target.ends_with(&format!("/alerts_v2/{poison}"))).unwrap();
        assert!(alone < 20, "seed {seed}: named after {alone} requests: {asked:#?}");

        let before = desk.simulator.requests().len();
        tokio::time::sleep(Duration::from_secs(3_590)).await;
        desk.runs().await;
        let quiet = asked_for_alerts(&desk, before).len();
        tokio::time::sleep(Duration::from_secs(20)).await;
        let before = desk.simulator.requests().len();
        desk.runs().await;
        let retry = asked_for_alerts(&desk, before);
        assert!(
            retry.iter().any(|target| target.contains(&poison)),
            "seed {seed}: {retry:?}, {quiet} before"
        );
        let of_poison = retry.iter().filter(|target| target.contains(&poison)).count();
        assert!(of_poison <= 3, "seed {seed}: {retry:#?}");
    }
    assert!(tried > 10, "{tried}");
}
