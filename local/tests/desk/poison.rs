//! One incident and one alert that fail in any page that holds them.

use defender_sim::{Faults, Kind, Scenario};

use crate::support::{Desk, Tenant};

#[test]
fn what_always_fails_is_named_and_comes_when_the_server_heals() {
    for ids_can_be_read in [true, false] {
        let tenant = Tenant::new(Scenario::Good);
        let desk = Desk::at(&tenant);
        let middle = |kind| {
            let ids = tenant.ids(kind);
            ids[ids.len() / 2].clone()
        };
        tenant.simulator.advance(jiff::Timestamp::now());
        let (incident, alert) = (middle(Kind::Incidents), middle(Kind::Alerts));
        tenant.simulator.set_faults(
            tenant.handle.tenant_id,
            Faults {
                poison: [incident.clone(), alert.clone()].into(),
                poison_spares_select: ids_can_be_read,
                ..Faults::default()
            },
        );
        desk.add(&tenant);
        let synced = desk.run("sync --json");
        let listed = desk.run("connections list");
        let named = |text: &str| text.contains(&incident) && text.contains(&alert);
        if ids_can_be_read {
            assert!(named(&synced.out), "{}", synced.out);
            assert!(named(&listed.out), "{}", listed.out);
        } else {
            // Nobody can know their ids; the instant that fails is named.
            assert!(synced.out.contains("\"interval\""), "{}", synced.out);
            assert!(listed.out.contains("2026-"), "{}", listed.out);
        }
        let stored = desk.run("incidents --json").out;
        for kind in [Kind::Incidents, Kind::Alerts] {
            let here = |id: &&String| stored.contains(&format!("\"{id}\""));
            let ids = tenant.ids(kind);
            let missing: Vec<_> =
                ids.iter().filter(|id| !here(id) || **id == incident || **id == alert).collect();
            assert_eq!(missing.len(), 1, "{kind:?} {missing:?}");
        }

        tenant.simulator.set_faults(tenant.handle.tenant_id, Faults::default());
        // A plain sync leaves what is set aside to its hour.
        let plain = desk.run("connections list --json");
        desk.run("sync --json");
        let still = desk.run("connections list --json");
        assert_eq!(plain.json()[0]["setAside"], still.json()[0]["setAside"]);
        let healed = desk.run("sync --json --retry-set-aside");
        assert_eq!(healed.code, 0, "{healed:?}");
        let stored = desk.run("incidents --json").out;
        assert!(stored.contains(&incident) && stored.contains(&alert));
        let list = desk.run("connections list --json").json();
        assert_eq!(list[0]["setAside"], serde_json::json!([]), "{list}");
    }
}
