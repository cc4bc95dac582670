//! Writes the event files anew: `cargo run -p soc-anywhere-tests --example events`.

use std::path::Path;

use soc_anywhere_tests::events;

fn main() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/test-connection");
    std::fs::create_dir_all(&folder)?;
    for event in events::all() {
        let text = serde_json::to_string_pretty(&event.json)? + "\n";
        std::fs::write(folder.join(format!("{}.json", event.name)), text)?;
    }
    Ok(())
}
