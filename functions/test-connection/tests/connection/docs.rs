//! The documentation's table is the code's.

use graph_auth::Cloud;

#[path = "../../examples/causes/table.rs"]
mod table;

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
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connection-test.md");
    let text = std::fs::read_to_string(file).unwrap();
    let command = "cargo run -p test-connection --example causes -- docs/connection-test.md";
    assert!(table::inserted(&text).as_deref() == Some(&text), "run: {command}");
}
