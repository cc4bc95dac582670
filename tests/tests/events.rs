//! The event files are those of the simulator's scenarios.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use soc_anywhere_tests::events;

#[test]
fn every_event_file_fits_its_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/test-connection");
    let written: BTreeSet<_> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let expected = events::all();
    let names: BTreeSet<_> = expected.iter().map(|event| format!("{}.json", event.name)).collect();
    assert_eq!(written, names);
    for event in expected {
        let text = std::fs::read_to_string(folder.join(format!("{}.json", event.name))).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json, event.json, "run: cargo run -p soc-anywhere-tests --example events");
    }
}
