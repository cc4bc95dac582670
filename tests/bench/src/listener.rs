//! Loopback servers that do next to nothing, so that what is measured is the other side.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::process::Running;

/// What has not come by then does not come: a busy machine needs long for all else.
pub(crate) const HUNG: Duration = Duration::from_secs(300);

/// How often a program that something is awaited of is looked after.
const LOOK: Duration = Duration::from_millis(100);

/// One request whose head has arrived. It is not answered unless the caller does.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) at: Instant,
    pub(crate) stream: TcpStream,
}

/// Takes the first request of each connection and notes when it was there.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    arrived: Receiver<Arrived>,
}

impl Listener {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, arrived) = channel();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                // Who connects and goes away has asked nothing.
                if read_head(&mut stream).is_err() {
                    continue;
                }
                if sender.send(Arrived { at: Instant::now(), stream }).is_err() {
                    break;
                }
            }
        });
        Ok(Self { address, arrived })
    }

    /// The next request, which is to come from `running`.
    pub(crate) fn next(&self, running: &mut Running) -> anyhow::Result<Arrived> {
        let until = Instant::now() + HUNG;
        loop {
            // Before the look: what a program asked before its end has been asked.
            let ended = running.ended()?;
            match self.arrived.recv_timeout(LOOK) {
                Ok(arrived) => return Ok(arrived),
                Err(RecvTimeoutError::Disconnected) => bail!("nobody listens any more"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = ended {
                bail!("nothing was asked, and the program has ended: {status}");
            }
            ensure!(Instant::now() < until, "nothing was asked in {HUNG:?}");
        }
    }

    /// Forgets what has come so far.
    pub(crate) fn forget(&self) {
        while self.arrived.try_recv().is_ok() {}
    }
}

impl Arrived {
    /// Answers `GET /next` with an event.
    pub(crate) fn give_event(&mut self, event: &str, function: &str) -> anyhow::Result<()> {
        Ok(self.stream.write_all(event_answer(event, function).as_bytes())?)
    }
}

/// The Runtime API's answer with an event
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next>).
pub(crate) fn event_answer(event: &str, function: &str) -> String {
    let deadline = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:{function}\r\n\
         \r\n{event}",
        event.len(),
        deadline.as_millisecond()
    )
}

/// The next connection, which is to come from `running`.
pub(crate) fn accept(listener: &TcpListener, running: &mut Running) -> anyhow::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let until = Instant::now() + HUNG;
    loop {
        let ended = running.ended()?;
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(status) = ended {
            bail!("nobody has connected, and the program has ended: {status}");
        }
        ensure!(Instant::now() < until, "nobody has connected in {HUNG:?}");
        std::thread::sleep(LOOK);
    }
}

fn read_head(stream: &mut TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HUNG))?;
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "the connection was closed");
        head.extend_from_slice(&buffer[..count]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A program that ends at once and asks nothing.
    fn silent() -> Running {
        Running::start(Command::new("sh").args(["-c", "exit 3"])).unwrap()
    }

    #[test]
    fn a_program_that_ends_without_asking_is_noticed() {
        let error = Listener::start().unwrap().next(&mut silent()).unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn a_program_that_ends_without_connecting_is_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = accept(&listener, &mut silent()).unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
    }
}
