//! A server in a process of its own, so that its CPU is not counted with the others'.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command;

use crate::list::Size;
use crate::process::{Running, Used};

/// It ends when this is dropped, and when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Server {
    running: Running,
    pub(crate) origin: String,
}

impl Server {
    /// The list server: `serve`.
    pub(crate) fn of_list(size: Size) -> anyhow::Result<Self> {
        let (incidents, alerts) = (size.incidents.to_string(), size.alerts.to_string());
        let evidence = size.evidence.to_string();
        Self::start(&["serve", "--incidents", &incidents, "--alerts", &alerts, "--evidence", &evidence])
    }

    /// The tenants of so many connections: `tenants`.
    pub(crate) fn of_tenants(count: u64) -> anyhow::Result<Self> {
        Self::start(&["tenants", &count.to_string()])
    }

    fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let (running, output) = Running::start_server(command.args(arguments))?;
        let mut server = Self { running, origin: String::new() };
        BufReader::new(output).read_line(&mut server.origin)?;
        server.origin.truncate(server.origin.trim_end().len());
        anyhow::ensure!(server.origin.starts_with("http://"), "the server does not start");
        Ok(server)
    }

    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        self.running.used()
    }
}

/// Serves until standard input ends.
pub(crate) async fn until_left(serving: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let left = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        served = serving => served,
        left = left => Ok(left?.map(drop)?),
    }
}
