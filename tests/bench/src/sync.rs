//! A tenant's first sync into SQLite: the desk runner against plain `requests` and Microsoft's SDK, all three
//! from the same list server, interleaved.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::figures::{median, mib, ms, print};
use crate::list::Size;
use crate::measure::{Whole, whole};
use crate::row;
use crate::server::Server;

const FLOOR: &str = "floor.py";

const TENANT: &str = "7d8ecb38-4b56-4d55-8a5b-2b6c0a3f8c11";
const CLIENT: &str = "b0b1c2d3-0f3d-4c39-9f7c-6d1a9a4b7e55";

/// The programs and where they are.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) desk: std::path::PathBuf,
    pub(crate) python: std::path::PathBuf,
    pub(crate) scripts: std::path::PathBuf,
}

/// A first sync by the desk runner, into a new store.
pub(crate) fn desk(tools: &Tools, server: &Server, size: Size) -> anyhow::Result<Whole> {
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("store.db");
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&tools.desk);
        command
            .args(arguments)
            .arg("--store")
            .arg(&store)
            .env("SOC_ANYWHERE_CLIENT_SECRET", "secret")
            .env("SOC_ANYWHERE_LOGIN_URL", &server.origin)
            .env("SOC_ANYWHERE_GRAPH_URL", &server.origin);
        command
    };
    let add = ["connections", "add", "--no-test", "--tenant-id", TENANT, "--client-id", CLIENT];
    let entered = command(&add).output()?;
    ensure!(
        entered.status.success(),
        "no connection: {}{}",
        String::from_utf8_lossy(&entered.stdout),
        String::from_utf8_lossy(&entered.stderr)
    );
    let synced = whole(&command(&["sync", "--json"]))?;
    let told: Value = serde_json::from_str(&synced.output)?;
    let created = |stream: &str| told[0][stream]["created"].as_u64().context("not told");
    let created = (created("incidents")?, created("alerts")?);
    ensure!(created == (size.incidents.into(), size.alerts.into()), "{created:?}: {told:#}");
    Ok(synced)
}

fn peer(tools: &Tools, script: &str, server: &Server, size: Size) -> anyhow::Result<Whole> {
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("store.db");
    let mut command = Command::new(&tools.python);
    command.arg(tools.scripts.join(script));
    match script {
        FLOOR => command.arg(store).arg(size.incidents.to_string()).arg(size.alerts.to_string()),
        _ => command.arg(&server.origin).arg(store),
    };
    let synced = whole(&command)?;
    let expected = format!("{} incidents, {} alerts", size.incidents, size.alerts);
    ensure!(synced.output.trim() == expected, "{script}: {}", synced.output);
    Ok(synced)
}

pub(crate) fn run(tools: &Tools, size: Size, rounds: usize, sdk: bool) -> anyhow::Result<()> {
    let server = Server::of_list(size)?;
    let names = ["soc-anywhere sync", "requests + sqlite3", "SQLite alone, out of memory", "msgraph-sdk"];
    let mut runs = names.map(|name| (name, Vec::new(), Vec::new()));
    for round in 0..rounds {
        for (number, (_, wholes, served)) in runs.iter_mut().enumerate() {
            let before = server.used()?.cpu;
            let run = match number {
                0 => desk(tools, &server, size)?,
                1 => peer(tools, "plain.py", &server, size)?,
                2 => peer(tools, FLOOR, &server, size)?,
                // Minutes: once is enough to see where it stands.
                _ if round == 0 && sdk => peer(tools, "sdk.py", &server, size)?,
                _ => continue,
            };
            wholes.push(run);
            served.push(server.used()?.cpu.saturating_sub(before));
        }
    }
    let mut rows = vec![row![
        "first sync into SQLite",
        "runs",
        "CPU, ms",
        "CPU / ours",
        "wall, ms",
        "peak RSS, MiB",
        "server's CPU, ms"
    ]];
    let cpu = |wholes: &[Whole]| median(wholes.iter().map(|run| ms(run.cpu)).collect());
    let ours = cpu(&runs[0].1);
    for (name, wholes, served) in runs.iter().filter(|(_, wholes, _)| !wholes.is_empty()) {
        rows.push(row![
            name,
            wholes.len(),
            format!("{:.0}", cpu(wholes)),
            format!("{:.1}", cpu(wholes) / ours),
            format!("{:.0}", median(wholes.iter().map(|run| ms(run.wall)).collect())),
            format!("{:.1}", median(wholes.iter().map(|run| mib(run.peak)).collect())),
            format!("{:.0}", median(served.iter().copied().map(ms).collect())),
        ]);
    }
    print(&format!("Sync of {} incidents and {} alerts", size.incidents, size.alerts), &rows);
    Ok(())
}

/// Peak memory by the number of pages, and of pages with much evidence.
pub(crate) fn memory(tools: &Tools, pages: &[u32]) -> anyhow::Result<()> {
    let mut rows =
        vec![row!["first sync into SQLite", "incidents", "alerts", "CPU, ms a page", "peak RSS, MiB"]];
    // Half of the pages are incidents of 50, half alerts of 100.
    let plain = pages.iter().map(|pages| (*pages, 1)).chain([(100, 4), (100, 16)]);
    for (pages, evidence) in plain {
        let size = Size { incidents: pages / 2 * 50, alerts: pages / 2 * 100, evidence };
        let server = Server::of_list(size)?;
        let run = desk(tools, &server, size)?;
        let name = match evidence {
            1 => format!("{pages} pages"),
            times => format!("{pages} pages, each of 100 alerts with the evidence of {}", times * 100),
        };
        let each = format!("{:.2}", ms(run.cpu) / f64::from(pages));
        rows.push(row![name, size.incidents, size.alerts, each, format!("{:.1}", mib(run.peak))]);
    }
    print("Memory", &rows);
    Ok(())
}

/// Where the programs are, from the project's folder.
pub(crate) fn tools(python: &Path, scripts: &Path) -> Tools {
    Tools { desk: "target/release/soc-anywhere".into(), python: python.into(), scripts: scripts.into() }
}
