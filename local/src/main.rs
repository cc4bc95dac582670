//! The same libraries on one machine, on an embedded store.
fn main() {}
