//! Loopback servers that do next to nothing, so that what is measured is the other side.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Longer than the slowest start there is: Python's, while the machine is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

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

    pub(crate) fn next(&self) -> anyhow::Result<Arrived> {
        self.arrived.recv_timeout(PATIENCE).context("nothing was asked")
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

fn read_head(stream: &mut TcpStream) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut buffer)?;
        anyhow::ensure!(count > 0, "the connection was closed");
        head.extend_from_slice(&buffer[..count]);
    }
    Ok(())
}
