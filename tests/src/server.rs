//! A server program that a test starts: its port, its start, its output, its end.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// Ports below those that Linux gives to clients and to listeners on port 0 (32768 and above, unless
/// `net.ipv4.ip_local_port_range` was changed).
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A server that is still running and does not answer after this time counts as hung. The time is long because a
/// machine that builds beside the tests may be slow; a server that has ended is noticed at once.
pub(crate) const HUNG: Duration = Duration::from_secs(300);

/// How long to wait between two questions whether the server answers.
const PAUSE: Duration = Duration::from_millis(20);

/// A port of 127.0.0.1 that this value's owner alone uses. A file lock keeps other test processes away, and
/// [`PORTS`] keeps the system from giving the port to anything else. The lock ends with this value.
#[derive(Debug)]
pub struct Port {
    /// 127.0.0.1 with the port.
    pub address: SocketAddr,
    _lock: File,
}

impl Port {
    /// Reserves a port.
    ///
    /// # Errors
    /// When the lock files cannot be made, or no port is free.
    pub fn reserve() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join("soc-anywhere-test-ports");
        std::fs::create_dir_all(&folder)?;
        let offset = fastrand::u16(..);
        for step in 0..PORTS.len() {
            let port = PORTS.start + u16::try_from((usize::from(offset) + step) % PORTS.len())?;
            let lock = File::create(folder.join(port.to_string()))?;
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            // The bind finds a server that does not know of the locks.
            if lock.try_lock().is_ok() && TcpListener::bind(address).is_ok() {
                return Ok(Self { address, _lock: lock });
            }
        }
        bail!("no port of {PORTS:?} is free")
    }
}

/// A running server. Dropping this value ends the server and what the server started.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    child: Child,
    output: File,
    /// The server's ports, reserved until the server has ended.
    _ports: Vec<Port>,
}

impl Server {
    /// Starts `command`, which listens on `ports`.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(mut command: Command, ports: Vec<Port>) -> anyhow::Result<Self> {
        let program = PathBuf::from(command.get_program());
        let output = tempfile::tempfile()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output.try_clone()?)
            // A group of its own, so that what the server starts ends with the server.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        Ok(Self { program, child, output, _ports: ports })
    }

    /// Returns when `answers` is true.
    ///
    /// # Errors
    /// When the server ends before that, or runs for [`HUNG`] without an answer. The error has the server's output.
    pub async fn wait_until(&mut self, answers: impl AsyncFn() -> bool) -> anyhow::Result<()> {
        let until = Instant::now() + HUNG;
        loop {
            // First, so that nobody else's answer counts for a server that has ended.
            if let Some(status) = self.child.try_wait()? {
                let output = self.output()?;
                bail!("{} has ended ({status}): {output}", self.program.display());
            }
            if answers().await {
                return Ok(());
            }
            if Instant::now() >= until {
                let output = self.output()?;
                bail!("{} does not answer in {HUNG:?}: {output}", self.program.display());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// All that the server has printed.
    ///
    /// # Errors
    /// When the output cannot be read.
    pub fn output(&mut self) -> anyhow::Result<String> {
        let mut bytes = Vec::new();
        self.output.rewind()?;
        self.output.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        // The group is gone where all of its programs have ended by themselves.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_port_is_given_out_once_while_it_is_held() {
        let held: Vec<_> = (0..50).map(|_| Port::reserve().unwrap()).collect();
        let different: BTreeSet<_> = held.iter().map(|port| port.address).collect();
        assert_eq!(different.len(), held.len());
    }

    #[tokio::test]
    async fn a_server_that_ends_early_is_noticed_with_its_last_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo address in use; exit 3"]);
        let mut server = Server::spawn(command, Vec::new()).unwrap();
        let error = server.wait_until(async || false).await.unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("address in use"), "{error}");
    }
}
