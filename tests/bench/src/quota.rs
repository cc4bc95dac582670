//! The CPU share of a small Lambda, by the kernel's own means: a control group with a quota.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// A share of one vCPU: Lambda gives a whole one at 1,769 MB, and less in proportion
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
const WHOLE: u64 = 1_769;

/// Microseconds. Lambda's own period is not published; this is the kernel's default.
const PERIOD: u64 = 100_000;

/// A group that is removed when this is dropped; all its processes must have ended then.
#[derive(Debug)]
pub(crate) struct Quota {
    folder: PathBuf,
}

impl Quota {
    /// `None` where this user may set none, or this machine has none.
    pub(crate) fn of_megabytes(megabytes: u64) -> Option<Self> {
        let quota = PERIOD * megabytes / WHOLE;
        let name = format!("soc-anywhere-bench-{}", std::process::id());
        let (v1, v2) =
            (PathBuf::from("/sys/fs/cgroup/cpu").join(&name), PathBuf::from("/sys/fs/cgroup").join(&name));
        let folder = if std::fs::create_dir(&v1).is_ok() { v1 } else { v2 };
        let _ = std::fs::create_dir(&folder);
        let group = Self { folder };
        // Without `create`: where there are no control groups this is a folder like any other.
        let write = |file: &str, text: String| {
            let file = OpenOptions::new().write(true).open(group.folder.join(file));
            file.and_then(|mut file| file.write_all(text.as_bytes())).is_ok()
        };
        let set = write("cpu.max", format!("{quota} {PERIOD}"))
            || (write("cpu.cfs_period_us", PERIOD.to_string())
                && write("cpu.cfs_quota_us", quota.to_string()));
        (set && group.holds_back()).then_some(group)
    }

    /// Whether the kernel keeps waiting who wants more than his share.
    fn holds_back(&self) -> bool {
        let mut busy = Command::new("/bin/sh");
        busy.args(["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"]);
        let ended = self.within(&busy).status().is_ok_and(|status| status.success());
        let stat = std::fs::read_to_string(self.folder.join("cpu.stat")).unwrap_or_default();
        let times = stat.lines().find_map(|line| line.strip_prefix("nr_throttled "));
        ended && times.is_some_and(|times| times.trim() != "0")
    }

    /// The same command, begun within the group.
    pub(crate) fn within(&self, command: &Command) -> Command {
        let mut within = Command::new("/bin/sh");
        within.env_clear();
        within.args(["-c", r#"echo $$ > "$1/cgroup.procs" && shift && exec "$@""#, "sh"]);
        within.arg(&self.folder).arg(command.get_program()).args(command.get_args());
        within.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        within
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.folder);
    }
}
