//! What becomes of a request.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// What becomes of a request: mostly an answer.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A whole response.
    Answer(http::Response<Bytes>),
    /// The same, later.
    Delayed(Duration, Box<Outcome>),
    /// The head and so many bytes of the body; then the connection breaks.
    BrokenOff(http::Response<Bytes>, usize),
    /// The head and so many bytes of the body; then nothing comes, and the connection stays.
    StalledBody(http::Response<Bytes>, usize),
    /// The connection breaks before a head.
    Reset,
    /// Nothing comes, and the connection stays.
    Stall,
    /// No connection is made.
    Refused,
}

impl Outcome {
    /// The HTTP status that is answered, if any is.
    #[must_use]
    pub fn status(&self) -> Option<http::StatusCode> {
        match self {
            Self::Answer(response) | Self::BrokenOff(response, _) | Self::StalledBody(response, _) => {
                Some(response.status())
            }
            Self::Delayed(_, later) => later.status(),
            Self::Reset | Self::Stall | Self::Refused => None,
        }
    }
}

/// The connection broke while a body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection reset by peer")
    }
}

impl std::error::Error for Broken {}

/// A body that ends as its [`Outcome`] says.
#[derive(Debug)]
pub struct Content {
    bytes: Bytes,
    end: End,
    waited: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Broken,
    Stalled,
}

impl Content {
    pub(crate) fn new(bytes: Bytes, end: End) -> Self {
        Self { bytes, end, waited: false }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if !self.bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))));
        }
        match self.end {
            End::Whole => Poll::Ready(None),
            // A server sends what it has when it must wait, and throws it away on an error: so wait once.
            End::Broken if !self.waited => {
                self.waited = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::Broken => Poll::Ready(Some(Err(Broken))),
            // Nobody will wake the reader: its own time-out does.
            End::Stalled => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.end == End::Whole && self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.end {
            End::Whole => SizeHint::with_exact(self.bytes.len() as u64),
            End::Broken | End::Stalled => SizeHint::default(),
        }
    }
}

/// Waits out the delays and gives the response whose body then ends as it must; `None` for a reset.
pub async fn perform(outcome: Outcome) -> Option<http::Response<Content>> {
    let mut outcome = outcome;
    loop {
        let (response, sent, end) = match outcome {
            Outcome::Delayed(delay, later) => {
                tokio::time::sleep(delay).await;
                outcome = *later;
                continue;
            }
            Outcome::Answer(response) => (response, usize::MAX, End::Whole),
            Outcome::BrokenOff(response, sent) => (response, sent, End::Broken),
            Outcome::StalledBody(response, sent) => (response, sent, End::Stalled),
            Outcome::Stall => std::future::pending().await,
            Outcome::Reset | Outcome::Refused => return None,
        };
        return Some(response.map(|bytes| Content::new(bytes.slice(..sent.min(bytes.len())), end)));
    }
}
