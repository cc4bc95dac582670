//! The binary against a server of somebody else's making: recorded records with all their oddities, pages
//! along links only, filters ignored. Whatever is served must be stored, or reported by id.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};

use serde_json::{Value, json};

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "22222222-2222-2222-2222-222222222222";
const SECRET: &str = "S3ntinel~secret+with&odd=%characters";

/// Rows to a page: fewer than any client asks for.
const PAGE: usize = 7;

/// Serves `incidents` and `alerts` until the process ends.
fn serve(incidents: Vec<Value>, alerts: Vec<Value>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let home = origin.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (incidents, alerts, home) = (incidents.clone(), alerts.clone(), home.clone());
            std::thread::spawn(move || answer(stream.unwrap(), &incidents, &alerts, &home));
        }
    });
    origin
}

fn answer(mut stream: TcpStream, incidents: &[Value], alerts: &[Value], home: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        head.push(line);
    }
    let Some(first) = head.first() else { return };
    let length = head.iter().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<usize>().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let target = first.split(' ').nth(1).unwrap().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (status, reply) = match path {
        _ if path.ends_with("/oauth2/v2.0/token") => token(&String::from_utf8(body).unwrap()),
        "/v1.0/security/incidents" => (200, page(incidents, path, query, home)),
        "/v1.0/security/alerts_v2" => (200, page(alerts, path, query, home)),
        _ => (404, json!({"error": {"code": "NotFound", "message": "", "innerError": {}}})),
    };
    let reply = reply.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\nDate: Mon, 23 Nov 2026 09:00:00 GMT\r\n\r\n{reply}",
        reply.len()
    );
}

fn token(form: &str) -> (u16, Value) {
    if form.contains("client_secret=S3ntinel%7Esecret%2Bwith%26odd%3D%25characters") {
        return (200, json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "opaque"}));
    }
    let refusal = json!({"error": "invalid_client", "error_codes": [7_000_215], "error_description": "x"});
    (401, refusal)
}

fn page(rows: &[Value], path: &str, query: &str, home: &str) -> Value {
    let skip: usize = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("$skiptoken="))
        .map_or(0, |token| token.parse().unwrap());
    let end = (skip + PAGE).min(rows.len());
    let mut page = json!({"value": rows[skip..end]});
    if end < rows.len() {
        page["@odata.nextLink"] = json!(format!("{home}{path}?$skiptoken={end}"));
    }
    page
}

/// Instants of every width, at a tie, without a zone, unreadable, null and absent.
fn oddities() -> Vec<Value> {
    let mut rows: Vec<Value> = (0..=7)
        .map(|digits| {
            let fraction = if digits == 0 { String::new() } else { format!(".{}", &"1433333"[..digits]) };
            json!({"id": format!("digits-{digits}"), "status": "active", "severity": "high",
                   "createdDateTime": "2026-11-20T12:09:23Z",
                   "lastUpdateDateTime": format!("2026-11-20T12:09:23{fraction}Z")})
        })
        .collect();
    for number in 0..30 {
        rows.push(
            json!({"id": format!("tie-{number}"), "lastUpdateDateTime": "2026-11-21T00:00:00.5533333Z"}),
        );
    }
    rows.extend([
        json!({"id": "no-zone", "lastUpdateDateTime": "2026-11-20T12:09:23.5"}),
        json!({"id": "no-instants", "displayName": "neither created nor updated"}),
        json!({"id": "null-instants", "createdDateTime": null, "lastUpdateDateTime": null}),
        json!({"id": "bad-instant", "lastUpdateDateTime": "yesterday"}),
        json!({"id": "unknown-enums", "status": "contained", "severity": "catastrophic",
               "lastUpdateDateTime": "2026-11-20T12:00:00Z", "somethingNew": {"deep": [1, 2, {"x": null}]}}),
        json!({"id": "redirected", "status": "redirected", "redirectIncidentId": "tie-1",
               "lastUpdateDateTime": "2026-11-20T12:00:00Z"}),
        json!({"id": 4711, "lastUpdateDateTime": "2026-11-20T12:00:00Z"}),
        json!({"id": "old", "lastUpdateDateTime": "2019-01-01T00:00:00Z"}),
        json!({"id": "unicode \u{1F4A5}\u{fffd}", "lastUpdateDateTime": "2026-11-20T12:00:00Z"}),
        json!({"displayName": "no id at all", "lastUpdateDateTime": "2026-11-20T12:00:00Z"}),
    ]);
    rows
}

struct Desk {
    origin: String,
    folder: tempfile::TempDir,
}

impl Desk {
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_soc-anywhere"))
            .args(arguments)
            .arg("--store")
            .arg(self.folder.path().join("store.db"))
            .env("SOC_ANYWHERE_LOGIN_URL", &self.origin)
            .env("SOC_ANYWHERE_GRAPH_URL", &self.origin)
            .env("SOC_ANYWHERE_CLIENT_SECRET", SECRET)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{arguments:?}: {error}: {text} {}", String::from_utf8_lossy(&output.stderr))
        })
    }
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    let text = |id: &Value| id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    rows.iter().map(|row| &row["id"]).filter(|id| !id.is_null()).map(text).collect()
}

#[test]
fn whatever_is_served_is_stored_or_reported() {
    let incidents = oddities();
    let mut alerts = oddities();
    for alert in &mut alerts {
        alert["incidentId"] = json!("tie-3");
        alert["evidence"] = json!([{"@odata.type": "#microsoft.graph.security.martianEvidence", "x": 1}]);
    }
    alerts[0]["incidentId"] = json!("unheard-of");
    let desk =
        Desk { origin: serve(incidents.clone(), alerts.clone()), folder: tempfile::tempdir().unwrap() };

    let added = desk.run(&["connections", "add", "--no-test", "--tenant-id", TENANT, "--client-id", CLIENT]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let sync = desk.json(&["sync", "--json"]);
    let report = sync.to_string();
    assert!(report.contains("bad-instant"), "an instant that cannot be read is named: {report}");

    let shown = desk.json(&["incidents", "--json"]);
    let items = shown.as_array().unwrap();
    let stored: Vec<Value> =
        items.iter().map(|item| item["incident"].clone()).filter(Value::is_object).collect();
    assert_eq!(ids(&stored), ids(&incidents));
    for incident in &incidents {
        let Some(id) = incident.get("id") else { continue };
        assert!(stored.iter().any(|row| &row["id"] == id && row == incident), "{id} is not as it was served");
    }
    let alerts_shown: Vec<Value> =
        items.iter().flat_map(|item| item["alerts"].as_array().unwrap().clone()).collect();
    assert_eq!(ids(&alerts_shown), ids(&alerts));
    let last = items.last().unwrap();
    assert!(last["incident"].is_null());
    assert_eq!(ids(last["alerts"].as_array().unwrap()), ["digits-0".to_owned()].into());

    let again = desk.json(&["sync", "--json"]).to_string();
    assert!(!again.contains(SECRET) && !report.contains(SECRET));
    let said = desk.run(&["sync"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("nothing new"), "{said}");
}
