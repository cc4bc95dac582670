//! Runs that are cut, frozen, or run at once: at any await.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use graph_http::{Request, Transport, TransportError};

/// While it is open, every call of the store and of the network gives way once before and once after it,
/// so that a run can be cut or overtaken there. Closed it costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Opens or closes it.
    pub fn open(&self, open: bool) {
        self.0.store(open, Ordering::Relaxed);
    }

    /// Gives way, where the gate is open.
    pub async fn pass(&self) {
        if self.0.load(Ordering::Relaxed) {
            GiveWay(false).await;
        }
    }
}

struct GiveWay(bool);

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A transport behind a gate.
#[derive(Clone, Debug)]
pub struct Gated<T> {
    /// The transport.
    pub inner: T,
    /// The gate.
    pub gate: Gate,
    /// Prints what is asked, while it is set.
    pub trace: Arc<AtomicBool>,
}

impl<T: Transport> Transport for Gated<T> {
    type Body = T::Body;

    async fn send(&self, request: Request) -> Result<http::Response<T::Body>, TransportError> {
        self.gate.pass().await;
        let asked = self.trace.load(Ordering::Relaxed).then(|| request.uri().to_string());
        let answer = self.inner.send(request).await;
        if let Some(asked) = asked {
            let (status, warned, bytes) = answer.as_ref().map_or((0, false, None), |answer| {
                let warned = answer.headers().contains_key(http::header::WARNING);
                (answer.status().as_u16(), warned, http_body::Body::size_hint(answer.body()).exact())
            });
            let warned = if warned { " with a warning" } else { "" };
            eprintln!("  {status}{warned}, {bytes:?} bytes: {}", asked.replace("%20", " "));
        }
        self.gate.pass().await;
        answer
    }
}

/// Polls a future so many times at most; `None` when it was not ready by then. The future can be gone on
/// with, or dropped.
pub async fn polls<F: Future + Unpin>(future: &mut F, most: u32) -> Option<F::Output> {
    let mut left = most;
    std::future::poll_fn(|context| match Pin::new(&mut *future).poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
