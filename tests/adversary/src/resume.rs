//! Results in a file, one JSON a line, so that anybody can add years to it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use adversary::result::SeedResult;
use anyhow::Context;

pub(crate) struct Kept(Option<Mutex<File>>);

impl Kept {
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = OpenOptions::new().read(true).append(true).create(true).open(path);
        Ok(Self(Some(Mutex::new(file.with_context(|| format!("cannot open {}", path.display()))?))))
    }

    /// A line that is no result was cut by the end of a process: its seed is run again.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<SeedResult>> {
        let Some(file) = &self.0 else { return Ok(Vec::new()) };
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = BufReader::new(&*file).lines();
        let results = lines.map(|line| Ok(serde_json::from_str(&line?).ok()));
        results.filter_map(Result::transpose).collect()
    }

    pub(crate) fn append(&self, result: &SeedResult) -> anyhow::Result<()> {
        let Some(file) = &self.0 else { return Ok(()) };
        // A newline before it, too: what stands there may have been cut.
        let line = format!("\n{}\n", serde_json::to_string(result)?);
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(file.write_all(line.as_bytes())?)
    }
}
