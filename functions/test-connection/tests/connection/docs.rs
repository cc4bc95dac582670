//! The documentation's table is the code's.

#[path = "../../examples/causes/table.rs"]
mod table;

#[test]
fn the_table_of_causes_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connection-test.md");
    let text = std::fs::read_to_string(file).unwrap();
    let command = "cargo run -p test-connection --example causes -- docs/connection-test.md";
    assert!(table::inserted(&text).as_deref() == Some(&text), "run: {command}");
}
