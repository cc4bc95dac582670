//! A cold start's first invocation: how much CPU until the first byte to Graph, and how long that takes with the
//! CPU share of 128 MB.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::figures::{median, ms, print};
use crate::listener::Listener;
use crate::process::Running;
use crate::quota::Quota;
use crate::row;
use crate::seeded::Seeded;
use crate::startup::{Program, command};

const MEGABYTES: u64 = 128;

/// Until a program that waits for Graph has come to rest.
const REST: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Firsts {
    /// From spawn.
    cpu: Vec<f64>,
    /// From the event.
    cpu_of_event: Vec<f64>,
    wall: Vec<f64>,
    /// With the quota.
    slow: Vec<f64>,
}

pub(crate) fn run(bootstraps: &Path, seeded: &Path, rounds: usize) -> anyhow::Result<()> {
    // Whoever is killed keeps its lease: each start has a connection of its own.
    let seeded = Seeded::start(seeded, 2 * (rounds + 1))?;
    let (runtime_api, graph) = (Listener::start()?, Listener::start()?);
    let quota = Quota::of_megabytes(MEGABYTES);
    let functions = ["sync-incidents", "test-connection"];
    let mut all = functions.map(|_| Firsts::default());
    for round in 0..=rounds {
        for (name, firsts) in functions.into_iter().zip(&mut all) {
            let program = Program { name, path: bootstraps.join(name), argument: None };
            let mut start = command(&program, &runtime_api, seeded.text("aws"));
            start
                .env("SOC_ANYWHERE_LOGIN_URL", seeded.text("origin"))
                .env("SOC_ANYWHERE_GRAPH_URL", format!("http://{}", graph.address));
            let event = |slow: usize| match name {
                "sync-incidents" => Ok(seeded.batch(2 * round + slow, 1)),
                _ => seeded.event("events/test-connection/good.json", 2 * round + slow),
            };
            let [cpu, cpu_of_event, wall] = one(&mut start, &runtime_api, &graph, &event(0)?, name)?;
            let slow = match &quota {
                Some(quota) => one(&mut quota.within(&start), &runtime_api, &graph, &event(1)?, name)?[2],
                None => f64::NAN,
            };
            if round > 0 {
                firsts.cpu.push(cpu);
                firsts.cpu_of_event.push(cpu_of_event);
                firsts.wall.push(wall);
                firsts.slow.push(slow);
            }
        }
    }
    let mut rows = vec![row![
        "until the first byte to Graph",
        "CPU from spawn, ms",
        "of it from the event, ms",
        "event → Graph, ms",
        "the same with the CPU of 128 MB, ms",
    ]];
    for (name, firsts) in functions.into_iter().zip(all) {
        let [cpu, of_event, wall, slow] =
            [firsts.cpu, firsts.cpu_of_event, firsts.wall, firsts.slow].map(median);
        let slow = if slow.is_nan() { "no quota could be set".into() } else { format!("{slow:.0}") };
        rows.push(row![name, format!("{cpu:.2}"), format!("{of_event:.2}"), format!("{wall:.1}"), slow]);
    }
    print(&format!("First invocation, {rounds} interleaved rounds"), &rows);
    Ok(())
}

/// CPU from spawn and from the event, and the time from the event; all in ms, until Graph is asked.
fn one(
    command: &mut Command,
    runtime_api: &Listener,
    graph: &Listener,
    event: &str,
    name: &str,
) -> anyhow::Result<[f64; 3]> {
    graph.forget();
    let running = Running::start(command)?;
    let mut next = runtime_api.next()?;
    std::thread::sleep(REST);
    let before = running.used()?.cpu;
    let given = std::time::Instant::now();
    next.give_event(event, name)?;
    let asked = graph.next()?;
    std::thread::sleep(REST);
    let cpu = running.used()?.cpu;
    Ok([ms(cpu), ms(cpu.saturating_sub(before)), ms(asked.at - given)])
}
