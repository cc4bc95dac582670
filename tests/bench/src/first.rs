//! A cold start's first invocation: how much CPU until the first byte to Graph, and how long that takes; both also with
//! the CPU share of 128 MB.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::figures::{median, ms, print};
use crate::listener::Listener;
use crate::process::Running;
use crate::quota::Quota;
use crate::row;
use crate::seeded::Seeded;
use crate::startup::{bootstrap, command};

const MEGABYTES: u64 = 128;

/// Until a program that waits for Graph has come to rest.
const REST: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Firsts {
    cpu: Vec<f64>,
    wall: Vec<f64>,
    /// With the quota.
    slow_cpu: Vec<f64>,
    slow_wall: Vec<f64>,
}

pub(crate) fn run(bootstraps: &Path, seeded: &Path, rounds: usize) -> anyhow::Result<()> {
    // Whoever is killed keeps its lease: each start has a connection of its own.
    let seeded = Seeded::start(seeded, 2 * (rounds + 1))?;
    let (runtime_api, graph) = (Listener::start()?, Listener::start()?);
    let quota = Quota::of_megabytes(MEGABYTES);
    let folder = tempfile::tempdir()?;
    let functions = ["sync-incidents", "test-connection"];
    let programs = [
        bootstrap(folder.path(), bootstraps, functions[0])?,
        bootstrap(folder.path(), bootstraps, functions[1])?,
    ];
    let mut all = functions.map(|_| Firsts::default());
    for round in 0..=rounds {
        for (program, firsts) in programs.iter().zip(&mut all) {
            let name = program.name;
            let mut start = command(program, runtime_api.address, seeded.text("aws"));
            start
                .env("SOC_ANYWHERE_LOGIN_URL", seeded.text("origin"))
                .env("SOC_ANYWHERE_GRAPH_URL", format!("http://{}", graph.address));
            let event = |slow: usize| match name {
                "sync-incidents" => Ok(seeded.batch(2 * round + slow, 1)),
                _ => seeded.event("events/test-connection/good.json", 2 * round + slow),
            };
            let [cpu, wall] = one(&mut start, &runtime_api, &graph, &event(0)?, name)?;
            let [slow_cpu, slow_wall] = match &quota {
                Some(quota) => one(&mut quota.within(&start), &runtime_api, &graph, &event(1)?, name)?,
                None => [f64::NAN; 2],
            };
            if round > 0 {
                firsts.cpu.push(cpu);
                firsts.wall.push(wall);
                firsts.slow_cpu.push(slow_cpu);
                firsts.slow_wall.push(slow_wall);
            }
        }
    }
    let mut rows = vec![row![
        "from spawn to the first byte to Graph",
        "CPU, ms",
        "time, ms",
        "CPU with the share of 128 MB, ms",
        "time with it, ms",
    ]];
    for (name, firsts) in functions.into_iter().zip(all) {
        let [cpu, wall, slow_cpu, slow_wall] =
            [firsts.cpu, firsts.wall, firsts.slow_cpu, firsts.slow_wall].map(median);
        let slow = |figure: f64| {
            if figure.is_nan() { "no quota could be set".into() } else { format!("{figure:.1}") }
        };
        rows.push(row![name, format!("{cpu:.2}"), format!("{wall:.1}"), slow(slow_cpu), slow(slow_wall)]);
    }
    print(&format!("First invocation, {rounds} interleaved rounds"), &rows);
    Ok(())
}

/// CPU and time from spawn until Graph is asked, in ms. The event is there before it is asked for, as it is at a cold
/// start.
fn one(
    command: &mut Command,
    runtime_api: &Listener,
    graph: &Listener,
    event: &str,
    name: &str,
) -> anyhow::Result<[f64; 2]> {
    graph.forget();
    let mut running = Running::start(command)?;
    let mut next = runtime_api.next(&mut running).with_context(|| format!("{name} does not start"))?;
    next.give_event(event, name)?;
    let asked = graph.next(&mut running).with_context(|| format!("{name} does not ask Graph"))?;
    std::thread::sleep(REST);
    Ok([ms(running.used()?.cpu), ms(asked.at - running.begun)])
}
