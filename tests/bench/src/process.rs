//! A program that is measured while it runs: what Linux tells of it.

use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

/// A running program; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) begun: Instant,
}

/// What it has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) cpu: Duration,
    /// KiB, now.
    pub(crate) rss: u64,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        Self::start_into(command, Stdio::null())
    }

    /// With its standard output there.
    pub(crate) fn start_into(command: &mut Command, output: Stdio) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        Self::spawn(command)
    }

    /// A server that says where it listens and ends with its input; and what it says.
    pub(crate) fn start_server(command: &mut Command) -> anyhow::Result<(Self, ChildStdout)> {
        let mut running = Self::spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let output = running.child.stdout.take().context("a pipe")?;
        Ok((running, output))
    }

    fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let child = command.spawn();
        let child = child.with_context(|| format!("{} does not start", command.get_program().display()))?;
        Ok(Self { child, begun })
    }

    /// How the program has ended, if the program has.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// To be asked while it waits: Linux adds up a thread's time when the thread is switched away from.
    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        used(self.child.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of all threads of a process, in nanoseconds of the scheduler
/// (<https://docs.kernel.org/scheduler/sched-stats.html>), and its resident memory.
fn used(process: u32) -> anyhow::Result<Used> {
    let folder = format!("/proc/{process}");
    let mut cpu = Duration::ZERO;
    for task in std::fs::read_dir(format!("{folder}/task"))? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let nanoseconds = text.split(' ').next().context("schedstat is empty")?.parse()?;
        cpu += Duration::from_nanos(nanoseconds);
    }
    Ok(Used { cpu, rss: kib(&Path::new(&folder).join("status"), "VmRSS:")? })
}

/// This process's memory now, in KiB.
pub(crate) fn resident() -> anyhow::Result<u64> {
    kib(Path::new("/proc/self/status"), "VmRSS:")
}

fn kib(status: &Path, name: &str) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(status)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("no such line in status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
