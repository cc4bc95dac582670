//! What an idle connection costs a warm bootstrap: batches of the queue, one after the other.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::figures::{float, median, mib, ms, print};
use crate::listener::{HUNG, accept, event_answer};
use crate::process::{Running, Used};
use crate::row;
use crate::seeded::Seeded;
use crate::startup::{bootstrap, command};

/// Connections of one batch, as the template has it; see [`IDLE`].
const BATCH: usize = 10;

const BATCHES: usize = 5;

/// Until the simulator has nothing more to find: first syncs, and what is checked after them.
const WARM: usize = 6;

pub(crate) fn run(bootstraps: &Path, seeded: &Path, rounds: usize) -> anyhow::Result<()> {
    let seeded = Seeded::start(seeded, BATCH * BATCHES)?;
    let name = "sync-incidents";
    let folder = tempfile::tempdir()?;
    let program = bootstrap(folder.path(), bootstraps, name)?;
    let runtime_api = TcpListener::bind("127.0.0.1:0")?;
    let mut start = command(&program, runtime_api.local_addr()?, seeded.text("aws"));
    start
        .env("SOC_ANYWHERE_LOGIN_URL", seeded.text("origin"))
        .env("SOC_ANYWHERE_GRAPH_URL", seeded.text("origin"));
    let mut log = Log::new(folder.path().join("log"));
    let mut running = Running::start_into(&mut start, File::create(&log.path)?.into())?;
    let stream = accept(&runtime_api, &mut running)?;
    stream.set_read_timeout(Some(HUNG))?;
    let mut conversation = Conversation { stream: BufReader::new(stream) };
    conversation.asked("GET", "/next")?;
    let (mut first, mut warm) = (Vec::new(), Vec::new());
    let mut last = Used::default();
    for round in 0..WARM + rounds {
        for batch in 0..BATCHES {
            std::thread::sleep(std::time::Duration::from_millis(10));
            let before = running.used()?.cpu;
            conversation.give(&seeded.batch(batch * BATCH, BATCH), name)?;
            std::thread::sleep(std::time::Duration::from_millis(10));
            last = running.used()?;
            let told = log.of_batch()?;
            ensure!(round < WARM || told == IDLE, "a batch that should be idle: {told:?}");
            let each = ms(last.cpu.saturating_sub(before)) / float(BATCH as u64);
            match round {
                0 => first.push(each),
                round if round >= WARM => warm.push(each),
                _ => {}
            }
        }
    }
    let idle = median(warm);
    let rows = vec![
        row!["sync-incidents, batches of 10 connections", "CPU a connection, ms", "RSS, MiB"],
        row!["first sync, 3 incidents", format!("{:.2}", median(first)), ""],
        row!["idle", format!("{idle:.2}"), format!("{:.1}", mib(last.rss))],
    ];
    print("A warm bootstrap, DynamoDB and Secrets Manager included", &rows);
    Ok(())
}

/// What the bootstrap prints.
struct Log {
    path: PathBuf,
    read: usize,
}

/// Its metric line about a batch; whole numbers.
#[derive(Debug, Deserialize, PartialEq)]
struct Told {
    complete: f64,
    graph_calls: f64,
    #[serde(rename = "records_written")]
    written: f64,
}

/// Of ten connections, each of whose lists was asked once.
const IDLE: Told = Told { complete: 10.0, graph_calls: 20.0, written: 0.0 };

impl Log {
    fn new(path: PathBuf) -> Self {
        Self { path, read: 0 }
    }

    /// The line that was printed since the last one.
    fn of_batch(&mut self) -> anyhow::Result<Told> {
        let all = std::fs::read_to_string(&self.path)?;
        let new = all.get(self.read..).unwrap_or_default();
        self.read = all.len();
        let line = new.lines().find(|line| line.contains(r#""_aws""#));
        Ok(serde_json::from_str(line.context("there is no metric line")?)?)
    }
}

/// The Runtime API over the one connection that the runtime keeps.
struct Conversation {
    stream: BufReader<TcpStream>,
}

impl Conversation {
    /// Waits for a request of this method and reads all of it.
    fn asked(&mut self, method: &str, what: &str) -> anyhow::Result<()> {
        let (mut line, mut length) = (String::new(), 0);
        self.stream.read_line(&mut line)?;
        let is_expected = line.starts_with(method) && line.contains(what);
        ensure!(is_expected, "expected {method} of {what}, was asked {line}");
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().context("a length")?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let told = String::from_utf8_lossy(&body);
        ensure!(!told.contains("itemIdentifier"), "a sync failed: {told}");
        Ok(())
    }

    /// Gives an event to who has asked for one, takes its answer, and waits until it asks again.
    fn give(&mut self, event: &str, function: &str) -> anyhow::Result<()> {
        write!(self.stream.get_mut(), "{}", event_answer(event, function))?;
        self.asked("POST", "/response")?;
        write!(self.stream.get_mut(), "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
        self.asked("GET", "/next")
    }
}
