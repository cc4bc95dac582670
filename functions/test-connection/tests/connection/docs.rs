//! The documentation's table is the code's.

#[path = "../../examples/causes.rs"]
mod causes;

#[test]
fn the_table_of_causes_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/connection-test.md");
    let text = std::fs::read_to_string(file).unwrap();
    let written = causes::between_markers(&text).unwrap();
    assert_eq!(
        written,
        causes::table(),
        "run: cargo run -p test-connection --example causes -- docs/connection-test.md"
    );
}
