//! A Graph whose rows are made as they are asked for.

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use graph_http::{Clock, Request, Transport, TransportError};
use graph_security::RecordKind;
use http::Response;
use http::header::DATE;
use http_body_util::Full;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};

/// How many incidents there are.
pub(super) const INCIDENTS: u32 = 100_000;
/// How many alerts.
pub(super) const ALERTS: u32 = 300_000;

/// The days of history; the last one is a quiet one, as a day that has not ended is.
const DAYS: i64 = 179;
const TODAY_INCIDENTS: u32 = 450;

/// Each row is in steps of a tick after a whole millisecond, so that no two are of one instant.
const DAY_MS: i64 = 86_400_000;

#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) start: Timestamp,
    pub(super) clock: Clock,
}

fn all(kind: RecordKind) -> (i64, i64) {
    match kind {
        RecordKind::Incident => (INCIDENTS.into(), TODAY_INCIDENTS.into()),
        RecordKind::Alert => (ALERTS.into(), i64::from(TODAY_INCIDENTS) * 3),
    }
}

/// How long before the start a record was last updated; number 0 is the oldest.
pub(super) fn age(kind: RecordKind, number: u32) -> SignedDuration {
    let (all, today) = all(kind);
    let from_newest = all - 1 - i64::from(number);
    let ms = if from_newest < today {
        from_newest * DAY_MS / today
    } else {
        DAY_MS + (from_newest - today) * DAY_MS / (all - today) * DAYS + 1
    };
    SignedDuration::from_millis(ms)
}

impl List {
    /// The first record at or after an instant.
    fn first_from(&self, kind: RecordKind, from: Timestamp) -> u32 {
        let all = u32::try_from(all(kind).0).unwrap_or(u32::MAX);
        let (mut low, mut high) = (0, all);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.start - age(kind, middle) < from {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn page(&self, kind: RecordKind, query: &str) -> String {
        let (mut from, mut to, mut top) = (Timestamp::MIN, Timestamp::MAX, 50_u32);
        for option in query.split('&') {
            if let Some(number) = option.strip_prefix("$top=") {
                top = number.parse().unwrap_or(top);
            }
            for condition in option.strip_prefix("$filter=").unwrap_or_default().split("%20and%20") {
                let literal = condition.rsplit("%20").next().and_then(|literal| literal.parse().ok());
                match literal {
                    Some(literal) if condition.contains("%20ge%20") => from = literal,
                    Some(literal) if condition.contains("%20le%20") => to = literal,
                    _ => {}
                }
            }
        }
        let mut body = String::from(r#"{"value":["#);
        let first = self.first_from(kind, from);
        let all = u32::try_from(all(kind).0).unwrap_or(u32::MAX);
        let last = (first.saturating_add(top)).min(all);
        for number in (first..last).take_while(|number| self.start - age(kind, *number) <= to) {
            let at = self.start - age(kind, number);
            if number > first {
                body.push(',');
            }
            let _ = write!(
                body,
                r#"{{"id":"{number}","createdDateTime":"{at}","lastUpdateDateTime":"{at}","status":"active","filler":"{number:0>300}"}}"#
            );
        }
        body.push_str("]}");
        body
    }
}

impl Transport for List {
    type Body = Full<Bytes>;

    async fn send(&self, request: Request) -> Result<Response<Full<Bytes>>, TransportError> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let query = request.uri().query().unwrap_or_default();
        let body = match request.uri().path() {
            "/v1.0/security/incidents" => self.page(RecordKind::Incident, query),
            "/v1.0/security/alerts_v2" => self.page(RecordKind::Alert, query),
            _ => r#"{"access_token":"t","expires_in":3599}"#.to_owned(),
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.clock.now());
        if let Some(date) = date.ok().and_then(|date| date.parse().ok()) {
            response.headers_mut().insert(DATE, date);
        }
        Ok(response)
    }
}
