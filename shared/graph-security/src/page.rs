//! A page: the envelope is parsed once, each row stays a slice of the page's bytes.

use std::collections::BTreeMap;

use bytes::Bytes;
use graph_auth::Endpoints;
use graph_http::Answer;
use http::StatusCode;
use http::header::WARNING;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Head, LinkError, NextLink, PageFault, Record, RecordKind, Unreadable, parse_instant};

/// What one list request gave.
#[derive(Clone, Debug)]
pub struct Page {
    /// The rows that are records, in the page's order.
    pub records: Vec<Record>,
    /// The rows that are not, or whose instant cannot be read (these are among the records, too).
    pub unreadable: Vec<Unreadable>,
    /// How many rows the page has, readable or not.
    pub rows: usize,
    /// The next page's link, checked.
    pub next: Option<Result<NextLink, LinkError>>,
    /// Microsoft's clock when it answered (`Date`), to the second.
    pub date: Option<Timestamp>,
    /// The answer says of itself that something is missing: 206, or a `Warning`
    /// (Microsoft Graph, "security API error codes").
    pub partial: bool,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// Reads a successful answer to a list request.
///
/// # Errors
/// [`PageFault`], when it is not a page of rows.
pub fn parse_page(answer: &Answer, endpoints: &Endpoints, kind: RecordKind) -> Result<Page, PageFault> {
    let body = utf8(&answer.body);
    let envelope: Envelope<'_> = serde_json::from_slice(&body).map_err(|_| fault_of(&body))?;
    let mut records = Vec::with_capacity(envelope.value.len());
    let mut unreadable = Vec::new();
    for row in &envelope.value {
        match parse_head(row.get(), kind) {
            Ok((head, complaint)) => {
                if let Some(reason) = complaint {
                    unreadable.push(Unreadable { id: Some(head.id.clone()), reason });
                }
                records.push(Record { head, raw: body.slice_ref(row.get().as_bytes()) });
            }
            Err(reason) => unreadable.push(Unreadable { id: None, reason }),
        }
    }
    Ok(Page {
        rows: envelope.value.len(),
        records,
        unreadable,
        next: envelope.next.map(|link| NextLink::check(&link, endpoints, kind)),
        date: answer.date(),
        partial: is_partial(answer),
    })
}

/// Reads a single record's answer, as a page of one row.
///
/// # Errors
/// [`PageFault::NotJson`], or [`PageFault::NotAPage`] for JSON that is no record.
pub(crate) fn parse_record(answer: &Answer, kind: RecordKind) -> Result<Page, PageFault> {
    let raw = utf8(&answer.body);
    let text: &RawValue = serde_json::from_slice(&raw).map_err(|_| PageFault::NotJson)?;
    let (head, complaint) = parse_head(text.get(), kind).map_err(|_| PageFault::NotAPage)?;
    let unreadable = complaint.map(|reason| Unreadable { id: Some(head.id.clone()), reason });
    let raw = raw.slice_ref(text.get().as_bytes());
    Ok(Page {
        records: vec![Record { head, raw }],
        unreadable: unreadable.into_iter().collect(),
        rows: 1,
        next: None,
        date: answer.date(),
        partial: is_partial(answer),
    })
}

fn is_partial(answer: &Answer) -> bool {
    answer.status == StatusCode::PARTIAL_CONTENT || answer.headers.contains_key(WARNING)
}

/// Bytes that are no UTF-8 are replaced rather than the page lost: Microsoft's own published sample has
/// U+FFFD in it.
fn utf8(body: &Bytes) -> Bytes {
    match String::from_utf8_lossy(body) {
        std::borrow::Cow::Borrowed(_) => body.clone(),
        std::borrow::Cow::Owned(repaired) => repaired.into(),
    }
}

fn fault_of(body: &[u8]) -> PageFault {
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(_) => PageFault::NotAPage,
        Err(_) => PageFault::NotJson,
    }
}

/// The head's fields where everything is as documented, which is nearly always.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    id: String,
    created_date_time: Option<String>,
    last_update_date_time: Option<String>,
    #[serde(alias = "title")]
    display_name: Option<String>,
    status: Option<String>,
    severity: Option<String>,
    classification: Option<String>,
    determination: Option<String>,
    assigned_to: Option<String>,
    incident_id: Option<String>,
    redirect_incident_id: Option<String>,
}

/// The head, and a complaint where an instant is there but cannot be read. An error is a row without an id.
fn parse_head(row: &str, kind: RecordKind) -> Result<(Head, Option<String>), String> {
    let fields: Fields = match serde_json::from_str(row) {
        Ok(fields) => fields,
        Err(_) => tolerant_fields(row)?,
    };
    if fields.id.is_empty() {
        return Err(format!("a row of {} has an empty id", kind.path()));
    }
    let mut complaint = None;
    let mut instant = |text: Option<String>, name: &str| {
        let parsed = text.as_deref().map(parse_instant);
        if parsed == Some(None) {
            complaint = Some(format!("{name} is no instant"));
        }
        parsed.flatten()
    };
    let created = instant(fields.created_date_time, "createdDateTime");
    let updated = instant(fields.last_update_date_time, "lastUpdateDateTime");
    let head = Head {
        id: fields.id,
        created,
        updated,
        title: fields.display_name,
        status: fields.status,
        severity: fields.severity,
        classification: fields.classification,
        determination: fields.determination,
        assigned_to: fields.assigned_to,
        incident_id: fields.incident_id,
        redirect_incident_id: fields.redirect_incident_id,
    };
    Ok((head, complaint))
}

/// The same, field by field: a key that stands twice, a number where text is documented or an unpaired
/// surrogate in a title must not cost the record.
fn tolerant_fields(row: &str) -> Result<Fields, String> {
    let values: BTreeMap<String, &RawValue> =
        serde_json::from_str(row).map_err(|_| "a row is no JSON object".to_owned())?;
    let text = |name: &str| match values.get(name).map(|raw| raw.get()) {
        None | Some("null") => None,
        Some(raw) if raw.starts_with('"') => {
            serde_json::from_str(raw).ok().or_else(|| Some(raw.trim_matches('"').to_owned()))
        }
        // A number or a boolean as it stands; an object or an array is not a value of the head.
        Some(raw) if raw.starts_with(['{', '[']) => None,
        Some(raw) => Some(raw.to_owned()),
    };
    Ok(Fields {
        id: text("id").ok_or_else(|| "a row has no id".to_owned())?,
        created_date_time: text("createdDateTime"),
        last_update_date_time: text("lastUpdateDateTime"),
        display_name: text("displayName").or_else(|| text("title")),
        status: text("status"),
        severity: text("severity"),
        classification: text("classification"),
        determination: text("determination"),
        assigned_to: text("assignedTo"),
        incident_id: text("incidentId"),
        redirect_incident_id: text("redirectIncidentId"),
    })
}

#[cfg(test)]
mod tests {
    use graph_auth::Cloud;
    use http::HeaderMap;

    use super::*;

    fn page(status: u16, body: impl Into<Bytes>) -> Result<Page, PageFault> {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        };
        parse_page(&answer, &Cloud::Global.endpoints(), RecordKind::Incident)
    }

    #[test]
    fn a_record_keeps_its_bytes_and_its_unknown_values() {
        let row =
            r#"{"id":"29","status":"somethingNew","lastUpdateDateTime":"2026-01-22T12:09:23.1Z" , "x":1.0}"#;
        let page = page(200, format!(r#"{{"value":[{row}]}}"#)).unwrap();
        assert_eq!(page.records[0].raw, row);
        assert_eq!(page.records[0].head.status.as_deref(), Some("somethingNew"));
        assert_eq!(page.records[0].head.updated, parse_instant("2026-01-22T12:09:23.1Z"));
        assert!(page.unreadable.is_empty() && !page.partial && page.next.is_none());
    }

    #[test]
    fn a_row_that_is_no_record_is_reported_and_its_neighbours_stay() {
        let page = page(
            200,
            r#"{"value":[{"id":"1"},{"status":"active"},7,null,{"id":""},{"id":"2","lastUpdateDateTime":"soon"}]}"#,
        )
        .unwrap();
        let ids: Vec<_> = page.records.iter().map(|record| record.head.id.as_str()).collect();
        assert_eq!((page.rows, ids), (6, vec!["1", "2"]));
        assert_eq!(page.unreadable.len(), 5);
        assert_eq!(page.unreadable[4].id.as_deref(), Some("2"));
    }

    #[test]
    fn odd_but_readable_rows_are_records() {
        let page = page(
            200,
            r#"{"value":[{"id":12,"severity":null},{"id":"a","id":"b"},{"id":"c","title":"\ud800 x","status":{}}]}"#,
        )
        .unwrap();
        let ids: Vec<_> = page.records.iter().map(|record| record.head.id.as_str()).collect();
        assert_eq!(ids, ["12", "b", "c"]);
        assert_eq!(page.records[2].head.status, None);
    }

    #[test]
    fn what_is_no_page_is_said_to_be_what_it_is() {
        assert_eq!(page(200, "<html>").unwrap_err(), PageFault::NotJson);
        assert_eq!(page(200, r#"{"value":[{"id":"1"}"#).unwrap_err(), PageFault::NotJson);
        assert_eq!(page(200, r#"{"value":{"id":"1"}}"#).unwrap_err(), PageFault::NotAPage);
        assert_eq!(page(200, "{}").unwrap_err(), PageFault::NotAPage);
        assert!(page(206, r#"{"value":[]}"#).unwrap().partial);
    }

    #[test]
    fn a_page_with_broken_utf8_is_still_a_page() {
        let body = [br#"{"value":[{"id":"1","displayName":""#.as_slice(), &[0xff], br#""}]}"#].concat();
        assert_eq!(page(200, body).unwrap().records[0].head.title.as_deref(), Some("\u{fffd}"));
    }
}
