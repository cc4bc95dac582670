//! The documentation's table is the code's.

#[path = "../../examples/causes/table.rs"]
mod table;

use test_connection::{LONGEST_CONSENT_WAIT, LONGEST_WAIT, PAUSE};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connection-test.md");

#[test]
fn the_times_of_the_wait_are_the_codes() {
    let text = std::fs::read_to_string(PAGE).unwrap().replace('\n', " ");
    for said in [
        format!("tries again every {} s", PAUSE.as_secs()),
        format!(
            "up to {} s after a refused secret, application or federated credential",
            LONGEST_WAIT.as_secs()
        ),
        format!("up to {} s after a missing consent", LONGEST_CONSENT_WAIT.as_secs()),
    ] {
        assert!(text.contains(&said), "docs/connection-test.md does not say: {said}");
    }
}

#[test]
fn the_table_of_causes_is_up_to_date() {
    let text = std::fs::read_to_string(PAGE).unwrap();
    let command = "cargo run -p test-connection --example causes -- docs/connection-test.md";
    assert!(table::inserted(&text).as_deref() == Some(&text), "run: {command}");
}
