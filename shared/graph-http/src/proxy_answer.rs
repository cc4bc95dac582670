//! What a proxy answers when it is asked for a tunnel that it did not open: the HTTP client does not tell.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::proxy::Via;

/// The most of an answer's head that is read; its first line is some 30 bytes.
const LONGEST_HEAD: u64 = 4096;

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyAnswer {
    /// A status.
    Status(u16),
    /// 200 with a page in place of a tunnel, as a portal answers that wants a sign-in first.
    Page,
    /// Nothing, and the end of the connection.
    Closed,
    /// Something else than HTTP.
    NotHttp,
}

/// Asks for a tunnel to `url`'s host and closes it again.
///
/// # Errors
/// The proxy cannot be reached, or does not answer `within` this time.
pub(crate) async fn ask(
    via: &Via,
    url: &Url,
    tls: &ClientConfig,
    within: Duration,
) -> io::Result<ProxyAnswer> {
    let asking = async {
        let host = via.host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, via.port)).await?;
        if !via.is_https {
            return answer(stream, via, url).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut tls = tls.clone();
        tls.alpn_protocols.clear();
        answer(TlsConnector::from(Arc::new(tls)).connect(name, stream).await?, via, url).await
    };
    let timed_out = |_| io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    tokio::time::timeout(within, asking).await.map_err(timed_out)?
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    via: &Via,
    url: &Url,
) -> io::Result<ProxyAnswer> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(authorization) = &via.authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await?;
    let mut head = Vec::new();
    let mut stream = stream.take(LONGEST_HEAD);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && stream.read_buf(&mut head).await? > 0 {}
    Ok(read(&String::from_utf8_lossy(&head)))
}

/// `HTTP/1.1 403 Forbidden` → 403.
fn read(head: &str) -> ProxyAnswer {
    let mut words = head.lines().next().unwrap_or_default().split_whitespace();
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let status = words.next().and_then(|word| word.parse().ok()).filter(|status| (100..600).contains(status));
    let is_content = |line: &str| line.to_ascii_lowercase().starts_with("content-type:");
    match status {
        _ if head.is_empty() => ProxyAnswer::Closed,
        Some(200) if is_http && head.lines().any(is_content) => ProxyAnswer::Page,
        Some(status) if is_http => ProxyAnswer::Status(status),
        _ => ProxyAnswer::NotHttp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read_and_nothing_else_is_one() {
        assert_eq!(
            read("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n"),
            ProxyAnswer::Status(403)
        );
        assert_eq!(read("HTTP/1.0 502\r\n"), ProxyAnswer::Status(502));
        assert_eq!(read("HTTP/1.1 200 OK\r\nVia: x\r\n\r\n"), ProxyAnswer::Status(200));
        assert_eq!(read("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>"), ProxyAnswer::Page);
        assert_eq!(read(""), ProxyAnswer::Closed);
        for head in
            ["<html>403</html>\n", "HTTP/1.1\r\n", "HTTP/1.1 9999 x\r\n", "SSH-2.0-OpenSSH_9 403\r\n", "\n"]
        {
            assert_eq!(read(head), ProxyAnswer::NotHttp, "{head}");
        }
    }
}
