//! How pages, records and errors of Graph are read, whatever the answer's bytes are. One seed is one case.
//!
//! The tests make a short run. A long one, and one from another seed on:
//! `FUZZ_ITERATIONS=1000000 FUZZ_SEED=7 cargo test -p graph-security --test fuzz`.

#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use defender_sim::mutation;
use fastrand::Rng;
use graph_auth::{Cause, Cloud, Credential, Identity, TokenCache};
use graph_http::{Answer, Clock, Request, Transport, TransportError};
use graph_security::{Graph, GraphError, Page, Query, RecordKind, Session, parse_page};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

/// A token that cannot be read: its roles are no help.
const TOKEN: &str = "OPAQUE-S3n~fake~tinel+0123456-abcdefghijklmnop";

const PAGES: [(&str, RecordKind); 4] = [
    (
        include_str!("../../defender-sim/data/documented/incidents_list.v1.0.response.json"),
        RecordKind::Incident,
    ),
    (include_str!("../../defender-sim/data/documented/alerts_v2_list.v1.0.response.json"), RecordKind::Alert),
    (
        include_str!("../../defender-sim/data/documented/alerts_v2_list_sentinel.v1.0.response.json"),
        RecordKind::Alert,
    ),
    (
        r##"{"@odata.context":"c","value":[{"id":"1","lastUpdateDateTime":"2026-01-22T12:09:23.1433333Z"},
        {"@odata.etag":"W/\"1\"","id":"2","createdDateTime":"2026-01-22T12:09:23Z","title":"a \\ \"b\" ü"},
        {"id":"3","status":"active","evidence":[{"@odata.type":"#x","a":{"b":[]}}]}],
        "@odata.nextLink":"https://graph.microsoft.com/v1.0/security/incidents?$skip=50"}"##,
        RecordKind::Incident,
    ),
];

const ERRORS: [(u16, &str); 4] = [
    (400, include_str!("../../defender-sim/data/recorded/graph_error_400_top_limit.response.json")),
    (
        403,
        include_str!(
            "../../defender-sim/data/recorded/graph_error_403_missing_roles_alerts_v2.response.json"
        ),
    ),
    (
        403,
        include_str!(
            "../../defender-sim/data/recorded/graph_error_403_missing_roles_incidents.response.json"
        ),
    ),
    (403, include_str!("../../defender-sim/data/recorded/graph_error_403_missing_roles_some.response.json")),
];

/// The seeds of a run.
#[expect(clippy::disallowed_methods, reason = "a test has no main that could read the environment for it")]
fn seeds() -> impl Iterator<Item = u64> {
    let setting = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = setting("FUZZ_SEED").unwrap_or(0);
    first..first.saturating_add(setting("FUZZ_ITERATIONS").unwrap_or(250))
}

/// A Microsoft that grants the token and answers everything else in one way.
struct One(Mutex<(StatusCode, Bytes)>);

impl Transport for One {
    type Body = Full<Bytes>;

    async fn send(&self, request: Request) -> Result<Response<Self::Body>, TransportError> {
        if request.uri().path().ends_with("/token") {
            return Ok(Response::new(Full::new(format!(r#"{{"access_token":"{TOKEN}"}}"#).into())));
        }
        let (status, body) = self.0.lock().unwrap().clone();
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        Ok(response)
    }
}

async fn asked(status: u16, body: Bytes) -> Result<Page, GraphError> {
    let answer = Mutex::new((StatusCode::from_u16(status).unwrap(), body));
    let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
    let graph = Graph { transport: One(answer), clock, tokens: TokenCache::default() };
    let credential = Credential::ClientSecret("secret".into());
    let identity = Identity { tenant_id: Uuid::from_u128(1), client_id: Uuid::from_u128(2), credential };
    let deadline = Instant::now() + Duration::from_secs(60);
    let rng = Rng::with_seed(1);
    let mut session = Session::new(&graph, Cloud::Global.endpoints(), identity, deadline, 10, rng);
    session.repeat_transient(false);
    session.page(&Query::updated_since(RecordKind::Incident, Timestamp::UNIX_EPOCH)).await
}

fn read(body: &[u8], kind: RecordKind) -> Result<Page, graph_security::PageFault> {
    let body = Bytes::copy_from_slice(body);
    let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body };
    parse_page(&answer, &Cloud::Global.endpoints(), kind)
}

/// The record that a row is, by another reader; `None` where that one cannot tell.
fn without_annotations(row: &Value) -> Option<Value> {
    let object = row.as_object()?.iter().filter(|(name, _)| !name.contains('@'));
    Some(object.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into())
}

#[test]
fn a_page_of_any_bytes_loses_no_row_and_no_byte_in_silence() {
    for seed in seeds() {
        let mut rng = Rng::with_seed(seed);
        let (recorded, kind) = PAGES[rng.usize(..PAGES.len())];
        let body = mutation::broken(recorded.as_bytes(), &mut rng);
        let text = String::from_utf8_lossy(&body).into_owned();
        let text = text.trim_start_matches('\u{feff}');
        let value: Option<Value> = serde_json::from_str(text).ok();
        let page = match read(&body, kind) {
            Ok(page) => page,
            Err(fault) => {
                let rows = value.as_ref().and_then(|value| value["value"].as_array());
                assert!(rows.is_none(), "seed {seed}: {fault}, but there are rows");
                continue;
            }
        };
        let nameless = page.unreadable.iter().filter(|row| row.id.is_none()).count();
        assert_eq!(page.rows, page.records.len() + nameless, "seed {seed}: each row is a record or is told");
        let is_repaired = std::str::from_utf8(&body).is_err();
        for record in &page.records {
            let raw = std::str::from_utf8(&record.raw).unwrap();
            if text.contains(raw) {
                continue;
            }
            // An annotation was cut out of it, and nothing else.
            assert!(raw.starts_with('{') && raw.ends_with('}'), "seed {seed}: {raw}");
            let pieces = raw[1..raw.len() - 1].split(',');
            assert!(pieces.clone().all(|piece| text.contains(piece)), "seed {seed}: {raw}");
        }
        if is_repaired {
            let repaired = page
                .records
                .iter()
                .filter(|record| record.raw.windows(3).any(|part| part == "\u{fffd}".as_bytes()));
            for record in repaired {
                let told = page.unreadable.iter().any(|row| row.id.as_ref() == Some(&record.head.id));
                assert!(told, "seed {seed}: {} is not as it was sent", record.head.id);
            }
        }
        let Some(rows) = value.as_ref().and_then(|value| value["value"].as_array()) else { continue };
        if text.matches("\"value\"").count() > 1 {
            continue;
        }
        assert_eq!(page.rows, rows.len(), "seed {seed}: a row is lost");
        let has_id = |row: &Value| match &row["id"] {
            Value::String(id) => !id.is_empty(),
            Value::Number(_) | Value::Bool(_) => true,
            _ => false,
        };
        let expected: Vec<_> =
            rows.iter().filter(|row| has_id(row)).filter_map(without_annotations).collect();
        let found: Vec<Value> =
            page.records.iter().map(|record| serde_json::from_slice(&record.raw).unwrap()).collect();
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn any_one_odd_member_of_a_page_or_a_record_costs_no_row() {
    for (recorded, kind) in PAGES {
        let body: Value = serde_json::from_str(recorded).unwrap();
        let rows = body["value"].as_array().unwrap();
        for path in mutation::members(&body).into_iter().filter(|path| path[0] != "value") {
            for text in
                mutation::odd(&body, &path, false).into_iter().chain(mutation::odd(&body, &path, true))
            {
                if text.contains('\n') {
                    continue; // no JSON
                }
                let page = read(text.as_bytes(), kind).unwrap();
                assert_eq!((page.records.len(), page.rows), (rows.len(), rows.len()), "{path:?} {text:.300}");
            }
        }
        for text in mutation::odd(&body, &["value".to_owned()], true) {
            let page = read(text.as_bytes(), kind).unwrap();
            assert!(page.records.len() >= rows.len(), "{text:.300}");
        }
        let row = &without_annotations(&rows[0]).unwrap();
        for path in mutation::members(row).into_iter().filter(|path| path[0] != "id") {
            for odd in mutation::odd(row, &path, false) {
                let odd = odd.trim_start_matches('\u{feff}');
                if odd.contains('\n') {
                    continue; // no JSON
                }
                let page = read(format!(r#"{{"value":[{row},{odd},{row}]}}"#).as_bytes(), kind).unwrap();
                let raw: Vec<_> = page.records.iter().map(|record| &record.raw[..]).collect();
                assert_eq!(raw.len(), 3, "{path:?} {odd:.300}");
                assert_eq!((raw[0], raw[2]), (row.to_string().as_bytes(), row.to_string().as_bytes()));
                assert_eq!(raw[1], odd.as_bytes());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_any_bytes_has_a_cause_and_shows_no_token() {
    for seed in seeds() {
        let mut rng = Rng::with_seed(seed);
        let (_, recorded) = ERRORS[rng.usize(..ERRORS.len())];
        let mut body: Value = serde_json::from_str(recorded).unwrap();
        if rng.bool() {
            let echo = Value::from(&TOKEN[rng.usize(..20)..]);
            let place = ["code", "message", "innerError"][rng.usize(..3)];
            body["error"][place] =
                if place == "innerError" { serde_json::json!({"request-id": echo}) } else { echo };
        }
        let body = mutation::broken(body.to_string().as_bytes(), &mut rng);
        let status = [200, 302, 400, 401, 403, 404, 409, 429, 500, 503][rng.usize(..10)];
        let Err(error) = asked(status, body.into()).await else { continue };
        let shown = format!("{error} {error:?}");
        let leak =
            TOKEN.as_bytes().windows(16).find(|piece| shown.contains(std::str::from_utf8(piece).unwrap()));
        assert_eq!(leak, None, "seed {seed}: {shown}");
        let cause = error.cause_for(RecordKind::Incident, None);
        let possible: &[Cause] = match status {
            429 => &[Cause::Throttled],
            500 | 503 => &[Cause::MicrosoftTrouble],
            200 => &[Cause::UnexpectedAnswer],
            _ => &[
                Cause::NoPermissions,
                Cause::PermissionMissing,
                Cause::DefenderUnavailable,
                Cause::OurFault,
                Cause::UnexpectedAnswer,
            ],
        };
        assert!(possible.contains(&cause), "seed {seed}: {status} {cause}");
    }
}

#[tokio::test(start_paused = true)]
async fn any_one_odd_member_of_a_recorded_error_leaves_its_cause() {
    for (status, recorded) in ERRORS {
        let body: Value = serde_json::from_str(recorded).unwrap();
        let cause = |error: GraphError| error.cause_for(RecordKind::Incident, None);
        let expected = cause(asked(status, body.to_string().into()).await.unwrap_err());
        for path in mutation::members(&body) {
            // The message carries the cause; all of it is in `error`.
            let carries = path.len() == 1 || path[1] == "message";
            for keep in [false, true].into_iter().filter(|keep| *keep || !carries) {
                for text in mutation::odd(&body, &path, keep) {
                    let found = cause(asked(status, text.clone().into()).await.unwrap_err());
                    assert_eq!(found, expected, "{path:?} {text:.300}");
                }
            }
        }
    }
}
