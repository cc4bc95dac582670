//! The documentation's table is the code's.

use graph_auth::Cloud;
use test_connection::{LONGEST_CONSENT_WAIT, LONGEST_WAIT, PAUSE};

#[path = "../../examples/causes/table.rs"]
mod table;

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

/// What a firewall's administrator is told to allow.
#[test]
fn the_hosts_to_allow_are_those_that_are_asked() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/networks.md");
    let text = std::fs::read_to_string(file).unwrap();
    for cloud in Cloud::CHOICES {
        let endpoints = cloud.endpoints();
        let [login, graph] = [endpoints.login, endpoints.graph].map(|url| url.host_str().unwrap().to_owned());
        let row = text.lines().find(|line| line.starts_with(&format!("| `{cloud}`"))).unwrap();
        assert!(row.ends_with(&format!("| `{login}` | `{graph}` |")), "{row}");
    }
}

#[test]
fn the_table_of_causes_is_up_to_date() {
    let text = std::fs::read_to_string(PAGE).unwrap();
    let command = "cargo run -p test-connection --example causes -- docs/connection-test.md";
    assert!(table::inserted(&text).as_deref() == Some(&text), "run: {command}");
}
