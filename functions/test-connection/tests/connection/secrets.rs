//! A secret appears in no report, no shown check, no log line and no `Debug`, at the most talkative level.

use std::fmt::Write as _;

use defender_sim::{Scenario, TenantSpec};
use logging::testing::Lines;
use secrecy::SecretString;
use test_connection::Input;

use crate::support::{Desk, input, spec};

/// As secrets look, with what breaks a careless form, shell or URL.
const SENTINEL: &str = "S3n8Q~tinel+&=%41 /\"<'\\.x-y_zABCDEFGHIJ";

#[tokio::test]
async fn the_secret_is_shown_nowhere() {
    let lines = Lines::default();
    let everything = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_writer(lines.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(everything);
    tracing::info!("listening");
    let mut seen = String::new();
    for (seed, (_, scenario)) in (0..).zip(Scenario::all()) {
        let scenario = match scenario {
            Scenario::Throttled { entra, graph, .. } => {
                Scenario::Throttled { entra, graph, retry_after: Some(60) }
            }
            Scenario::EntraTrouble => continue, // its waits are long and its path is `Refuse`'s
            other => other,
        };
        let desk = Desk::open().await;
        let spec = TenantSpec { secret: SENTINEL.into(), ..spec(seed, scenario) };
        let tenant = desk.simulator.add_tenant(spec);
        let entered = input(&tenant);
        let mut shown = Vec::new();
        let report = desk.tester().test(&entered, |check| shown.push(check.clone())).await;
        seen += &serde_json::to_string(&report).unwrap();
        let debug = (shown, report, &entered, entered.candidate(), desk.tester());
        write!(seen, "{debug:?}").unwrap();
    }
    // Also where it stands in the wrong field.
    let misplaced = Input {
        tenant_id: SENTINEL.into(),
        client_id: SENTINEL.into(),
        client_secret: SecretString::from(SENTINEL),
        cloud: SENTINEL.into(),
    };
    let report = Desk::open().await.tester().test(&misplaced, |_| {}).await;
    seen += &serde_json::to_string(&report).unwrap();
    seen += &lines.text();
    assert!(seen.contains("listening") && seen.contains("AADSTS7000215"));
    // Any part of it, escaped or not.
    for part in ["S3n8Q", "tinel", "ABCDEFGHIJ"] {
        assert!(!seen.contains(part), "{part}");
    }
}
