//! The list server in a process of its own, so that its CPU is not counted with the others'.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use crate::list::Size;
use crate::process::{Used, used};

/// It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) origin: String,
}

impl Server {
    pub(crate) fn start(size: Size) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--incidents", &size.incidents.to_string()])
            .args(["--alerts", &size.alerts.to_string()])
            .args(["--evidence", &size.evidence.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("a pipe")?;
        let mut server = Self { child, origin: String::new() };
        BufReader::new(output).read_line(&mut server.origin)?;
        server.origin.truncate(server.origin.trim_end().len());
        anyhow::ensure!(server.origin.starts_with("http://"), "the list server does not start");
        Ok(server)
    }

    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        used(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
