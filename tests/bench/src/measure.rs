//! A program from its start to its end: CPU of the user's and the system's side, peak memory, time.
//!
//! Linux adds these up for a process's children together, so each program has a process of its own that
//! starts it: this program again, with `measure`.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

/// What a program has used in all.
#[derive(Clone, Debug)]
pub(crate) struct Whole {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// KiB.
    pub(crate) peak: u64,
    /// What it printed.
    pub(crate) output: String,
}

/// Runs a program to its end.
pub(crate) fn whole(command: &Command) -> anyhow::Result<Whole> {
    let mut measured = Command::new(std::env::current_exe()?);
    measured.arg("measure").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            measured.env(name, value);
        }
    }
    let output = measured.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{} failed: {text}", command.get_program().display());
    let last = text.trim_end().lines().next_back().context("it printed nothing")?;
    let told: Value = serde_json::from_str(last)?;
    let number = |name: &str| told[name].as_u64().context("not told");
    Ok(Whole {
        wall: Duration::from_micros(number("wall_us")?),
        cpu: Duration::from_micros(number("cpu_us")?),
        peak: number("peak_kib")?,
        output: text.trim_end().strip_suffix(last).unwrap_or_default().to_owned(),
    })
}

/// `measure PROGRAM ARGUMENTS…`: runs it and prints one more line.
pub(crate) fn run(program: &[OsString]) -> anyhow::Result<()> {
    let (program, arguments) = program.split_first().context("which program?")?;
    let begun = Instant::now();
    let status = Command::new(program).args(arguments).status()?;
    let wall = begun.elapsed();
    ensure!(status.success(), "{}: {status}", program.display());
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let told = json!({
        "wall_us": wall.as_micros(),
        "cpu_us": micros(usage.user_time()) + micros(usage.system_time()),
        "peak_kib": usage.max_rss(),
    });
    println!("{told}");
    Ok(())
}
