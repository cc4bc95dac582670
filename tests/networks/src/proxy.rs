//! A proxy that opens tunnels, or does not.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::listening::Listening;

const UNAUTHORIZED: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";

/// How it meets a request for a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manners {
    /// It opens one.
    Tunnel,
    /// It opens one for who knows this user and password, and answers 407 otherwise.
    Basic(String, String),
    /// It sends this and closes the connection; where it is empty, it only closes it.
    Answer(&'static str),
    /// It answers a TLS handshake with this fatal alert: the numbers are those of RFC 8446, section 6.
    Alert(u8),
}

/// A request for a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The host and port that the tunnel should lead to.
    pub target: String,
    /// `Proxy-Authorization`.
    pub authorization: Option<String>,
}

/// A proxy on loopback. Ends when it is dropped.
pub struct Proxy {
    listening: Listening,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Proxy {
    /// One that speaks plain HTTP or, with `tls`, HTTPS.
    pub async fn start(manners: Manners, tls: Option<Arc<ServerConfig>>) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = asked.clone();
        let listening = Listening::start(move |stream| {
            let (manners, tls, log) = (manners.clone(), tls.clone(), log.clone());
            async move {
                match tls {
                    None => serve(stream, &manners, &log).await,
                    Some(tls) => {
                        if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                            serve(stream, &manners, &log).await;
                        }
                    }
                }
            }
        })
        .await;
        Self { listening, asked }
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.listening.address.port()
    }

    /// What it was asked for so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut outside: impl AsyncRead + AsyncWrite + Unpin, manners: &Manners, log: &Mutex<Vec<Asked>>) {
    // Who asks may have gone: that is no news.
    let Some(asked) = read(&mut outside).await else {
        let refusal: &[u8] = match manners {
            Manners::Alert(alert) => &[21, 3, 3, 0, 2, 2, *alert],
            _ => b"HTTP/1.1 400 Bad Request\r\n\r\n",
        };
        let _ = outside.write_all(refusal).await;
        let _ = outside.shutdown().await;
        // Closed with bytes that nobody read, the connection would be reset, and the answer lost.
        let _ = tokio::io::copy(&mut outside, &mut tokio::io::sink()).await;
        return;
    };
    log.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
    let refusal = match manners {
        Manners::Tunnel | Manners::Alert(_) => None,
        Manners::Basic(user, password) => {
            let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
            (asked.authorization != Some(expected)).then_some(UNAUTHORIZED)
        }
        Manners::Answer(text) => Some(*text),
    };
    if let Some(text) = refusal {
        let _ = outside.write_all(text.as_bytes()).await;
        let _ = outside.shutdown().await;
        return;
    }
    let Ok(mut inside) = TcpStream::connect(&asked.target).await else { return };
    if outside.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
        let _ = copy_bidirectional(&mut outside, &mut inside).await;
    }
}

/// `None` for what is no request for a tunnel, as soon as that is seen.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok().filter(u8::is_ascii)?);
        if head[0] != b'C' {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let authorization = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
    Some(Asked { target, authorization: authorization.map(str::to_owned) })
}
