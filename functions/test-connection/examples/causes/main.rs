//! Every cause with its remedy: `cargo run -p test-connection --example causes -- docs/connection-test.md`
//! writes the table between that file's markers.

mod table;

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let file = std::env::args().nth(1).context("which file?")?;
    let text = std::fs::read_to_string(&file)?;
    let written = table::inserted(&text).with_context(|| format!("{file} has no markers"))?;
    Ok(std::fs::write(&file, written)?)
}
