//! From spawn to the first `GET /next`, interleaved: each round starts every program once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::figures::{median, mib, ms, print};
use crate::listener::Listener;
use crate::process::Running;
use crate::row;

/// Until a program that has asked for its first event has come to rest.
const REST: Duration = Duration::from_millis(30);

/// What is started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) argument: Option<PathBuf>,
}

#[derive(Default)]
struct Starts {
    wall: Vec<f64>,
    cpu: Vec<f64>,
    /// With what it does while it waits for its event.
    cpu_at_rest: Vec<f64>,
    rss: Vec<f64>,
}

/// A bootstrap, copied to `folder`: a linker leaves a file in small pieces in the page cache, and mapping those costs a
/// tenth more than what was copied there, or unpacked from an archive.
pub(crate) fn bootstrap(folder: &Path, bootstraps: &Path, name: &'static str) -> anyhow::Result<Program> {
    let path = folder.join(name);
    std::fs::copy(bootstraps.join(name), &path).with_context(|| format!("no bootstrap {name}"))?;
    Ok(Program { name, path, argument: None })
}

/// The least function, ours, and the same in Python.
pub(crate) fn programs(
    folder: &Path,
    bootstraps: &Path,
    python: &Path,
    scripts: &Path,
) -> anyhow::Result<Vec<Program>> {
    let bootstrap = |name| bootstrap(folder, bootstraps, name);
    let script = Some(scripts.join("function.py"));
    Ok(vec![
        bootstrap("hello")?,
        bootstrap("sync-incidents")?,
        bootstrap("test-connection")?,
        bootstrap("connections")?,
        Program { name: "Python", path: python.to_owned(), argument: script },
    ])
}

/// As Lambda starts it, and nothing of this environment. `aws` is where AWS is.
pub(crate) fn command(program: &Program, runtime_api: SocketAddr, aws: &str) -> Command {
    let mut command = Command::new(&program.path);
    command
        .args(&program.argument)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", program.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", aws)
        .env("SOC_ANYWHERE_TABLE", "incidents")
        .env("SOC_ANYWHERE_STACK", "test")
        .env("SOC_ANYWHERE_API_ID", "api-id")
        .env("SOC_ANYWHERE_TENANT_CALLS", "arn:aws:lambda:eu-west-1:123456789012:function:none:live");
    command
}

pub(crate) fn run(programs: &[Program], rounds: usize) -> anyhow::Result<()> {
    let (runtime_api, aws) = (Listener::start()?, Listener::start()?);
    let endpoint = format!("http://{}", aws.address);
    let mut all: Vec<Starts> = programs.iter().map(|_| Starts::default()).collect();
    // One round more, which is not counted: it fills the page cache and writes Python's bytecode.
    for round in 0..=rounds {
        for place in 0..programs.len() {
            // Each comes after each: who follows Python finds the caches cold.
            let number = (round + place) % programs.len();
            let (program, starts) = (&programs[number], &mut all[number]);
            let mut running = Running::start(&mut command(program, runtime_api.address, &endpoint))?;
            let next =
                runtime_api.next(&mut running).with_context(|| format!("{} does not start", program.name))?;
            // It waits for its event by now, unless it has more to do meanwhile.
            let cpu = running.used()?.cpu;
            std::thread::sleep(REST);
            let rest = running.used()?;
            if round > 0 {
                starts.wall.push(ms(next.at - running.begun));
                starts.cpu.push(ms(cpu));
                starts.cpu_at_rest.push(ms(rest.cpu));
                starts.rss.push(mib(rest.rss));
            }
        }
        aws.forget();
    }
    let medians: Vec<[f64; 4]> = all
        .into_iter()
        .map(|starts| [starts.wall, starts.cpu, starts.cpu_at_rest, starts.rss].map(median))
        .collect();
    let (hello, python) = (medians[0], medians[medians.len() - 1]);
    let mut rows = vec![row![
        "started",
        "spawn → /next, ms",
        "× hello",
        "Python / it",
        "CPU until then, ms",
        "× hello",
        "Python / it",
        "CPU at rest, ms",
        "RSS at rest, MiB",
        "bytes",
    ]];
    for (program, [wall, cpu, at_rest, rss]) in programs.iter().zip(medians) {
        let bytes = std::fs::metadata(&program.path)?.len();
        rows.push(row![
            program.name,
            format!("{wall:.2}"),
            format!("{:.2}", wall / hello[0]),
            format!("{:.0}", python[0] / wall),
            format!("{cpu:.2}"),
            format!("{:.2}", cpu / hello[1]),
            format!("{:.0}", python[1] / cpu),
            format!("{at_rest:.2}"),
            format!("{rss:.1}"),
            if program.argument.is_some() { String::new() } else { bytes.to_string() },
        ]);
    }
    print(&format!("Start-up, {rounds} interleaved rounds"), &rows);
    Ok(())
}
