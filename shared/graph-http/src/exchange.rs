//! One request and its whole answer, within a time and a size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{DATE, LOCATION};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

use crate::clock::{Deadline, left_until};
use crate::transport::{Request, Transport, TransportError};

/// What one exchange may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first byte sent to the last byte read.
    pub time: Duration,
    /// The most bytes of body that are read, after decompression.
    pub body: usize,
}

impl Limits {
    /// A token, a discovery document or an error: Entra's answers are 1-4 KB. Entra answers in well under
    /// a second; 10 s leaves room for a second try within a test's 20 s.
    pub const SMALL: Self = Self { time: Duration::from_secs(10), body: 64 * 1024 };
    /// A page of records. 100 alerts of the largest kind seen (11 evidence items, about 20 KB) are 2 MB;
    /// peers that cap at 1 MiB stall for ever. 30 s is what peers ship and longer than Graph's own
    /// 10 s provider time-out.
    pub const PAGE: Self = Self { time: Duration::from_secs(30), body: 16 * 1024 * 1024 };
}

/// A whole answer, of any status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The response's headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl Answer {
    /// The server's clock when it answered, to the second (`Date`, RFC 9110 §6.6.1).
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.header(DATE.as_str())?)
    }

    /// The host that a redirect leads to, for messages: nothing is sent there.
    #[must_use]
    pub fn leads_to(&self) -> Option<String> {
        if !self.status.is_redirection() {
            return None;
        }
        let to = Url::parse(self.header(LOCATION.as_str())?).ok()?;
        // A name in DNS has 253 characters at most (RFC 1035 §3.1).
        to.host_str().filter(|host| host.len() <= 253).map(str::to_owned)
    }

    /// A header's value, where it is readable text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Reads an HTTP date such as `Tue, 15 Nov 1994 08:12:31 GMT` (RFC 9110 §5.6.7).
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

/// There is no whole answer.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Fault {
    /// No response head came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The answer was not complete in time.
    #[error("no complete answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The body is longer than the cap.
    #[error("answer is longer than {0} bytes")]
    TooLarge(usize),
    /// The body ended before its end.
    #[error("answer broke off: {0}")]
    BrokenOff(String),
}

/// Sends `request` and reads the whole answer within `limits` and before `deadline`.
///
/// # Errors
/// A [`Fault`] when there is no whole answer; an answer of any status is no fault.
pub async fn exchange<T: Transport>(
    transport: &T,
    request: Request,
    limits: Limits,
    deadline: Deadline,
) -> Result<Answer, Fault> {
    let time = limits.time.min(left_until(deadline));
    let whole = async {
        let (head, mut body) = transport.send(request).await?.into_parts();
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Fault::BrokenOff(error.to_string()))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len().saturating_add(data.len()) > limits.body {
                return Err(Fault::TooLarge(limits.body));
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Answer { status: head.status, headers: head.headers, body: bytes.freeze() })
    };
    tokio::time::timeout_at(Instant::now() + time, whole).await.unwrap_or(Err(Fault::TimedOut(time)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_redirect_names_its_host_and_nothing_else_of_it() {
        let leads_to = |status, location: &'static str| {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]);
            Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: Bytes::new() }.leads_to()
        };
        let portal = "https://user:pw@portal.example:8443/login?from=secret";
        assert_eq!(leads_to(302, portal).as_deref(), Some("portal.example"));
        assert_eq!(leads_to(302, "/login"), None);
        assert_eq!(leads_to(201, portal), None);
    }

    #[test]
    fn an_http_date_is_an_instant() {
        let instant = http_date("Tue, 15 Nov 1994 08:12:31 GMT").unwrap();
        assert_eq!(instant.to_string(), "1994-11-15T08:12:31Z");
        assert_eq!(http_date("soon"), None);
    }
}
