//! What an idle connection costs a warm bootstrap: batches of the queue, one after the other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::figures::{float, median, mib, ms, print};
use crate::listener::{Listener, event_answer};
use crate::process::{Running, Used};
use crate::row;
use crate::seeded::Seeded;
use crate::startup::{Program, command};

/// Connections of one batch, as the template has it.
const BATCH: usize = 10;

const BATCHES: usize = 5;

/// Until the simulator has nothing more to find: first syncs, and what is checked after them.
const WARM: usize = 6;

pub(crate) fn run(bootstraps: &Path, seeded: &Path, rounds: usize) -> anyhow::Result<()> {
    let seeded = Seeded::start(seeded, BATCH * BATCHES)?;
    let name = "sync-incidents";
    let program = Program { name, path: bootstraps.join(name), argument: None };
    let runtime_api = TcpListener::bind("127.0.0.1:0")?;
    // `command` takes a listener for its address only.
    let unused = Listener::start()?;
    let mut start: Command = command(&program, &unused, seeded.text("aws"));
    start
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.local_addr()?.to_string())
        .env("SOC_ANYWHERE_LOGIN_URL", seeded.text("origin"))
        .env("SOC_ANYWHERE_GRAPH_URL", seeded.text("origin"));
    let running = Running::start(&mut start)?;
    let (stream, _) = runtime_api.accept()?;
    let mut conversation = Conversation { stream: BufReader::new(stream) };
    conversation.asked("GET")?;
    let (mut first, mut warm) = (Vec::new(), Vec::new());
    let mut last = Used::default();
    for round in 0..WARM + rounds {
        for batch in 0..BATCHES {
            std::thread::sleep(std::time::Duration::from_millis(10));
            let before = running.used()?.cpu;
            conversation.give(&seeded.batch(batch * BATCH, BATCH), name)?;
            std::thread::sleep(std::time::Duration::from_millis(10));
            last = running.used()?;
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

/// The Runtime API over the one connection that the runtime keeps.
struct Conversation {
    stream: BufReader<TcpStream>,
}

impl Conversation {
    /// Waits for a request of this method and reads all of it.
    fn asked(&mut self, method: &str) -> anyhow::Result<()> {
        let (mut line, mut length) = (String::new(), 0);
        self.stream.read_line(&mut line)?;
        ensure!(line.starts_with(method), "expected {method}, was asked {line}");
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
        self.asked("POST")?;
        write!(self.stream.get_mut(), "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
        self.asked("GET")
    }
}
