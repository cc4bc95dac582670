//! TLS in front of a server that speaks none.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::listening::Listening;

/// Passes on what it decrypts, and back. Ends when it is dropped.
pub struct Front {
    listening: Listening,
    opened: Arc<AtomicUsize>,
    forgotten: watch::Sender<()>,
}

impl Front {
    /// TLS as `tls` says, in front of the server at `behind`.
    pub async fn start(tls: Arc<ServerConfig>, behind: SocketAddr) -> Self {
        let (forgotten, forget) = watch::channel(());
        let opened = Arc::new(AtomicUsize::new(0));
        let counted = opened.clone();
        let listening = Listening::start(move |stream| {
            let (tls, counted, mut forget) = (tls.clone(), counted.clone(), forget.clone());
            forget.mark_unchanged();
            async move {
                let Ok(mut outside) = TlsAcceptor::from(tls).accept(stream).await else { return };
                let Ok(mut inside) = TcpStream::connect(behind).await else { return };
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::select! {
                    _ = copy_bidirectional(&mut outside, &mut inside) => {}
                    _ = forget.changed() => {
                        // Both ends stay open, and nothing passes.
                        let _held = (outside, inside);
                        std::future::pending::<()>().await;
                    }
                }
            }
        })
        .await;
        Self { listening, opened, forgotten }
    }

    /// Where it is.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.listening.address.port())
    }

    /// How many connections were opened through it.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// Lets the connections that there are die without a word, as a router does that forgets them: nothing passes any
    /// more, and no end is told. Later ones are served.
    pub fn forget(&self) {
        self.forgotten.send_replace(());
    }
}
