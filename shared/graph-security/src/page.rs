//! A page: the envelope is parsed once, each row stays a slice of the page's bytes.

use bytes::Bytes;
use graph_auth::Endpoints;
use graph_http::Answer;
use http::StatusCode;
use http::header::WARNING;
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::annotations::{Cutter, is_annotation};
use crate::envelope::Envelope;
use crate::members::members;
use crate::{
    Head, LinkError, NextLink, PageFault, Record, RecordKind, Unreadable, is_empty_date, parse_instant,
};

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

/// Reads a successful answer to a list request.
///
/// # Errors
/// [`PageFault`], when it is not a page of rows.
pub fn parse_page(answer: &Answer, endpoints: &Endpoints, kind: RecordKind) -> Result<Page, PageFault> {
    let body = Body::of(&answer.body);
    let Envelope { rows, links } = Envelope::read(&body.text)?;
    let mut records = Vec::with_capacity(rows.len());
    let mut unreadable = Vec::new();
    for row in &rows {
        match parse_row(row.get(), &body, kind) {
            Ok((record, complaint)) => {
                unreadable.extend(complaint);
                records.push(record);
            }
            Err(reason) => unreadable.push(Unreadable { id: None, reason }),
        }
    }
    Ok(Page {
        rows: rows.len(),
        records,
        unreadable,
        next: next_link(&links, endpoints, kind),
        date: answer.date(),
        partial: is_partial(answer),
    })
}

/// Reads a single record's answer, as a page of one row.
///
/// # Errors
/// [`PageFault::NotJson`], or [`PageFault::NotAPage`] for JSON that is no record.
pub(crate) fn parse_record(answer: &Answer, kind: RecordKind) -> Result<Page, PageFault> {
    let body = Body::of(&answer.body);
    let text: &RawValue = serde_json::from_slice(&body.text).map_err(|_| PageFault::NotJson)?;
    let (record, complaint) = parse_row(text.get(), &body, kind).map_err(|_| PageFault::NotAPage)?;
    Ok(Page {
        records: vec![record],
        unreadable: complaint.into_iter().collect(),
        rows: 1,
        next: None,
        date: answer.date(),
        partial: is_partial(answer),
    })
}

/// The record of a row, and a complaint where an instant is there but cannot be read. The record is the same
/// whichever request gave the row: annotations are cut off. An error is a row without an id.
fn parse_row(row: &str, body: &Body, kind: RecordKind) -> Result<(Record, Option<Unreadable>), String> {
    let (fields, cut) = Fields::read(row)?;
    let (head, complaint) = fields.head(kind)?;
    let raw = cut.map_or_else(|| body.text.slice_ref(row.as_bytes()), Bytes::from);
    let is_repaired = body.is_repaired && row.contains(char::REPLACEMENT_CHARACTER);
    let complaint =
        complaint.or_else(|| is_repaired.then(|| "bytes that are no UTF-8 were replaced".to_owned()));
    let complaint = complaint.map(|reason| Unreadable { id: Some(head.id.clone()), reason });
    Ok((Record { head, raw }, complaint))
}

fn is_partial(answer: &Answer) -> bool {
    answer.status == StatusCode::PARTIAL_CONTENT || answer.headers.contains_key(WARNING)
}

/// The next page's link: of several the first one that may be followed. `null` is none, as no member is.
fn next_link(
    links: &[&RawValue],
    endpoints: &Endpoints,
    kind: RecordKind,
) -> Option<Result<NextLink, LinkError>> {
    let mut checked = links.iter().filter(|link| link.get() != "null").map(|link| {
        let text: String = serde_json::from_str(link.get()).map_err(|_| LinkError::Foreign)?;
        NextLink::check(&text, endpoints, kind)
    });
    let first = checked.next()?;
    Some(first.or_else(|error| checked.find_map(Result::ok).ok_or(error)))
}

/// A body as text.
struct Body {
    text: Bytes,
    /// It was not all UTF-8.
    is_repaired: bool,
}

impl Body {
    /// A byte order mark is left out (RFC 8259 §8.1). Bytes that are no UTF-8 are replaced rather than the page lost:
    /// Microsoft's own published sample has U+FFFD in it. They are looked for by `from_utf8`, which takes ASCII by the
    /// word; `from_utf8_lossy` goes byte by byte, and that is a quarter of a page's whole cost.
    fn of(body: &Bytes) -> Self {
        const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
        let marked = if body.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let body = body.slice(marked..);
        match std::str::from_utf8(&body) {
            Ok(_) => Self { text: body, is_repaired: false },
            Err(_) => Self { text: String::from_utf8_lossy(&body).into_owned().into(), is_repaired: true },
        }
    }
}

/// The head's fields on their way: those that are not taken over as they are, and the rest.
#[derive(Default)]
struct Fields {
    id: Option<String>,
    created: Option<String>,
    updated: Option<String>,
    display_name: Option<String>,
    title: Option<String>,
    rest: Head,
    /// An instant is there that is no text.
    has_odd_instant: bool,
}

impl Fields {
    /// The fields of a row, and the row without its annotations where it has any.
    ///
    /// Of a key that stands twice the last one counts; a number where text is documented or an unpaired surrogate
    /// in a title must not cost the record.
    fn read(row: &str) -> Result<(Self, Option<String>), String> {
        let mut fields = Self::default();
        let mut cutter = Cutter::new(row);
        for (key, value) in members(row).ok_or("a row is no JSON object")? {
            if let Some(field) = fields.of(key) {
                *field = text(value);
                let is_odd = field.is_none() && value != "null";
                fields.has_odd_instant |= is_odd && key.ends_with("DateTime");
            } else if is_annotation(key) {
                cutter.cut();
                continue;
            }
            cutter.keep(key, value);
        }
        Ok((fields, cutter.finish()))
    }

    fn head(self, kind: RecordKind) -> Result<(Head, Option<String>), String> {
        let id = self.id.ok_or("a row has no id")?;
        if id.is_empty() {
            return Err(format!("a row of {} has an empty id", kind.path()));
        }
        let mut complaint = self.has_odd_instant.then(|| "an instant is no text".to_owned());
        let mut instant = |text: Option<String>, name: &str| {
            let parsed = text.as_deref().map(parse_instant);
            if parsed == Some(None) {
                complaint = Some(format!("{name} is no instant"));
            }
            parsed.flatten().filter(|instant| !is_empty_date(*instant))
        };
        let created = instant(self.created, "createdDateTime");
        let updated = instant(self.updated, "lastUpdateDateTime");
        let head = Head { id, created, updated, title: self.display_name.or(self.title), ..self.rest };
        Ok((head, complaint))
    }

    /// Where the value of a key belongs.
    fn of(&mut self, key: &str) -> Option<&mut Option<String>> {
        Some(match key {
            "id" => &mut self.id,
            "createdDateTime" => &mut self.created,
            "lastUpdateDateTime" => &mut self.updated,
            "displayName" => &mut self.display_name,
            "title" => &mut self.title,
            "status" => &mut self.rest.status,
            "severity" => &mut self.rest.severity,
            "classification" => &mut self.rest.classification,
            "determination" => &mut self.rest.determination,
            "assignedTo" => &mut self.rest.assigned_to,
            "incidentId" => &mut self.rest.incident_id,
            "redirectIncidentId" => &mut self.rest.redirect_incident_id,
            // The same names, written in another way.
            key if key.contains('\\') => {
                let key: String = serde_json::from_str(&format!("\"{key}\"")).ok()?;
                return if key.contains('\\') { None } else { self.of(&key) };
            }
            _ => return None,
        })
    }
}

/// A value of the head: a text, a number or a boolean as it stands; `null`, an object or an array is none.
fn text(value: &str) -> Option<String> {
    match value.as_bytes().first()? {
        b'"' => serde_json::from_str(value).ok().or_else(|| value.get(1..value.len() - 1).map(str::to_owned)),
        b'{' | b'[' => None,
        _ if value == "null" => None,
        _ => Some(value.to_owned()),
    }
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
        assert_eq!(page.records[2].head.title.as_deref(), Some("\\ud800 x"));
    }

    #[test]
    fn an_empty_date_is_no_date_and_no_complaint() {
        let page = page(
            200,
            r#"{"value":[{"id":"1","createdDateTime":"0001-01-01T00:00:00Z","lastUpdateDateTime":"0001-01-01T00:00:00"}]}"#,
        )
        .unwrap();
        let head = &page.records[0].head;
        assert_eq!((head.created, head.updated), (None, None));
        assert!(page.unreadable.is_empty());
    }

    #[test]
    fn a_record_is_the_same_whichever_request_gave_it() {
        let record = r#"{"id":"29","lastUpdateDateTime":"2026-01-22T12:09:23.1Z"}"#;
        let annotated = record.replacen('{', r#"{"@odata.context":"c","@odata.etag":"e","#, 1);
        let listed = page(200, format!(r#"{{"value":[{record},{annotated}]}}"#)).unwrap();
        let answer = Answer { status: StatusCode::OK, headers: HeaderMap::new(), body: annotated.into() };
        let single = parse_record(&answer, RecordKind::Incident).unwrap();
        for read in listed.records.iter().chain(&single.records) {
            assert_eq!(read.raw, record);
        }
    }

    #[test]
    fn a_key_and_a_value_are_what_they_say_however_they_are_written() {
        let page = page(
            200,
            r#"{"value":[{ "evidence":[{"id":"}],\"\\"}] , "i\u0064" : "1\u0031" ,"displayName":null,"title":"t\"\\"}]}"#,
        )
        .unwrap();
        assert_eq!(
            (page.records[0].head.id.as_str(), page.records[0].head.title.as_deref()),
            ("11", Some("t\"\\"))
        );
    }

    #[test]
    fn an_odd_envelope_costs_no_row() {
        let link = "https://graph.microsoft.com/v1.0/security/incidents?$skip=1";
        for body in [
            format!(
                "\u{feff}{{\"value\":[{{\"id\":\"1\"}},{{\"id\":\"2\"}}],\"@odata.nextLink\":\"{link}\"}}"
            ),
            format!(
                r#"{{"value":[{{"id":"1"}}],"value":null,"value":[{{"id":"2"}}],"@odata.nextLink":"{link}"}}"#
            ),
            format!(
                r#"{{"\ud800":"\ud800","@odata.nextLink":7,"val\u0075e":[{{"id":"1"}},{{"id":"2"}}],"@odata.nextLink":"{link}"}}"#
            ),
            format!(
                r#"{{"x":{}{},"@odata.nextLink":"{link}","value":[{{"id":"1"}},{{"id":"2"}}],"value":"x"}}"#,
                "[".repeat(9999),
                "]".repeat(9999)
            ),
        ] {
            let page = page(200, body.clone()).unwrap();
            let raw: Vec<_> = page.records.iter().map(|record| &record.raw[..]).collect();
            assert_eq!(raw, [br#"{"id":"1"}"#, br#"{"id":"2"}"#], "{body:.99}");
            assert!(matches!(page.next, Some(Ok(_))), "{body:.99}");
        }
        let unfollowed = page(200, r#"{"value":[],"@odata.nextLink":{}}"#).unwrap();
        assert_eq!(unfollowed.next, Some(Err(LinkError::Foreign)));
        assert_eq!(page(200, r#"{"value":[],"@odata.nextLink":null}"#).unwrap().next, None);
    }

    #[test]
    fn an_instant_that_is_no_text_is_told() {
        let page =
            page(200, r#"{"value":[{"id":"1","lastUpdateDateTime":{}},{"id":"2","title":{}}]}"#).unwrap();
        assert_eq!((page.records.len(), page.unreadable.len()), (2, 1));
        assert_eq!(page.unreadable[0].id.as_deref(), Some("1"));
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
        let page = page(200, body).unwrap();
        assert_eq!(page.records[0].head.title.as_deref(), Some("\u{fffd}"));
        assert_eq!(
            page.unreadable[0].id.as_deref(),
            Some("1"),
            "a record that is not as Graph sent it is told"
        );
    }
}
