//! What must hold over all crates of the workspace.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn each_crate_that_runs_is_among_those_whose_lines_are_logged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut crates = BTreeSet::from(["soc_anywhere".to_owned()]);
    for folder in ["functions", "shared"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().join("Cargo.toml").exists() {
                crates.insert(entry.file_name().to_str().unwrap().replace('-', "_"));
            }
        }
    }
    assert_eq!(crates, logging::OURS.map(str::to_owned).into());
}
