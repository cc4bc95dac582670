//! A record's own item: its head, and its body where that is small.

use aws_sdk_dynamodb::types::AttributeValue;
use graph_security::{Head, RecordKind};
use jiff::Timestamp;

use super::compress::gzip;
use super::content::content;
use super::item::{
    Item, bytes, digest, instant, number, of_bytes, of_instant, of_number, of_text, optional_instant,
    optional_text, size, text,
};
use super::keys;
use crate::stored::{truncate_instants, unreadable};
use crate::{ConnectionId, Incoming, StoreError, StoredVersion, fingerprint, ticks};

/// A read is paid for by the started 4 KB of the whole item, so a body that fits in there beside its head
/// costs the reader of heads nothing.
const HERE: usize = 4_096;

/// An item may have 400 KB (409,600 bytes) with its attributes' names.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const APART: usize = 360_000;

/// Graph's texts are far shorter; one that is not must not keep its page from being stored. The raw body has
/// all of it.
const LONGEST_TEXT: usize = 2_048;

/// What is read of a stored head.
pub(super) const HEAD: &str = "#id, #created, #updated, #title, #status, #severity, #classification, \
     #determination, #assigned_to, #incident_id, #redirect_incident_id, #answered, #first_seen, \
     #fingerprint, #content, #revision, #body_at";

/// A stored record without its body.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) version: StoredVersion,
    /// The digest of what the body says.
    pub(super) content: u128,
    pub(super) first_seen: Timestamp,
    pub(super) body_at: BodyAt,
}

/// Where a record's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyAt {
    /// In the record's own item.
    Here,
    /// In an item of its own.
    Apart,
    /// Too large to be stored, even compressed: it is read from Graph.
    Oversize,
}

impl BodyAt {
    fn name(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Apart => "apart",
            Self::Oversize => "oversize",
        }
    }

    fn of(name: &str) -> Result<Self, StoreError> {
        let known = [Self::Here, Self::Apart, Self::Oversize].into_iter().find(|at| at.name() == name);
        known.ok_or_else(|| unreadable("body_at"))
    }
}

/// A record as it is written: one item or two.
pub(super) struct Items {
    pub(super) record: Item,
    pub(super) body: Option<Item>,
    pub(super) stored: Stored,
}

/// To what the items hold, so that a record is no other than itself once it is stored.
pub(super) fn as_stored(incoming: &Incoming) -> Incoming {
    let mut incoming = incoming.clone();
    truncate_instants(&mut incoming);
    let head = &mut incoming.record.head;
    let texts = [
        &mut head.title,
        &mut head.status,
        &mut head.severity,
        &mut head.classification,
        &mut head.determination,
        &mut head.assigned_to,
        &mut head.incident_id,
        &mut head.redirect_incident_id,
    ];
    for text in texts.into_iter().flatten() {
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    }
    incoming
}

/// The items of `incoming`, as [`as_stored`] left it.
pub(super) fn items(
    connection: ConnectionId,
    kind: RecordKind,
    incoming: &Incoming,
    revision: u64,
    first_seen: Timestamp,
    expires: Option<Timestamp>,
) -> Items {
    let Head { id, created, updated, .. } = &incoming.record.head;
    let head = &incoming.record.head;
    let mut record = keys::record(connection, kind, id).item();
    let mut put = |name: &str, value: Option<AttributeValue>| {
        value.map(|value| record.insert(name.to_owned(), value));
    };
    let raw = &incoming.record.raw;
    let (fingerprint, content) = (fingerprint(raw), content(raw));
    for (name, text) in texts(head) {
        put(name, text.map(of_text));
    }
    put("id", Some(of_text(id)));
    put("created", created.map(of_instant));
    put("updated", updated.map(of_instant));
    put("answered", Some(of_instant(incoming.answered)));
    put("first_seen", Some(of_instant(first_seen)));
    put("fingerprint", Some(of_bytes(fingerprint.to_be_bytes())));
    put("content", Some(of_bytes(content.to_be_bytes())));
    put("connection", Some(of_text(connection.to_string())));
    put("revision", Some(of_number(revision)));
    put("list", keys::list(connection, kind, head.incident_id.as_deref()).map(of_text));
    put("list_order", Some(of_instant(updated.or(*created).unwrap_or(first_seen))));
    let expires = expires.map(|instant| of_number(instant.as_second()));
    put("expires", expires.clone());

    let compressed = gzip(raw);
    let body_at = match compressed.len() {
        length if length + size(&record) <= HERE => BodyAt::Here,
        length if length <= APART => BodyAt::Apart,
        _ => BodyAt::Oversize,
    };
    record.insert("body_at".to_owned(), of_text(body_at.name()));
    let mut body = None;
    match body_at {
        BodyAt::Here => {
            record.insert("body".to_owned(), of_bytes(compressed));
        }
        BodyAt::Apart => {
            let mut apart = keys::body(connection, kind, id).item();
            apart.insert("body".to_owned(), of_bytes(compressed));
            apart.insert("for_revision".to_owned(), of_number(revision));
            expires.map(|expires| apart.insert("expires".to_owned(), expires));
            body = Some(apart);
        }
        BodyAt::Oversize => {}
    }
    let version = StoredVersion { head: head.clone(), answered: incoming.answered, fingerprint, revision };
    Items { record, body, stored: Stored { version, content, first_seen, body_at } }
}

/// The record in an item of which [`HEAD`] was read.
pub(super) fn stored(item: &Item) -> Result<Stored, StoreError> {
    Ok(Stored {
        version: version(item)?,
        content: digest(item, "content")?,
        first_seen: instant(item, "first_seen")?,
        body_at: BodyAt::of(text(item, "body_at")?)?,
    })
}

/// What an index has of it, too.
pub(super) fn version(item: &Item) -> Result<StoredVersion, StoreError> {
    let owned = |name: &str| -> Result<Option<String>, StoreError> {
        Ok(optional_text(item, name)?.map(str::to_owned))
    };
    let head = Head {
        id: text(item, "id")?.to_owned(),
        created: optional_instant(item, "created")?,
        updated: optional_instant(item, "updated")?,
        title: owned("title")?,
        status: owned("status")?,
        severity: owned("severity")?,
        classification: owned("classification")?,
        determination: owned("determination")?,
        assigned_to: owned("assigned_to")?,
        incident_id: owned("incident_id")?,
        redirect_incident_id: owned("redirect_incident_id")?,
    };
    Ok(StoredVersion {
        head,
        answered: instant(item, "answered")?,
        fingerprint: digest(item, "fingerprint")?,
        revision: number(item, "revision")?,
    })
}

/// The body in an item that has one.
pub(super) fn body(item: &Item) -> Result<Vec<u8>, StoreError> {
    super::compress::gunzip(bytes(item, "body")?)
}

fn texts(head: &Head) -> [(&'static str, Option<&str>); 8] {
    [
        ("title", head.title.as_deref()),
        ("status", head.status.as_deref()),
        ("severity", head.severity.as_deref()),
        ("classification", head.classification.as_deref()),
        ("determination", head.determination.as_deref()),
        ("assigned_to", head.assigned_to.as_deref()),
        ("incident_id", head.incident_id.as_deref()),
        ("redirect_incident_id", head.redirect_incident_id.as_deref()),
    ]
}

/// When a record that was answered then ages out.
pub(super) fn expires(answered: Timestamp, retention: Option<std::time::Duration>) -> Option<Timestamp> {
    Some(ticks::truncate(answered.checked_add(retention?).unwrap_or(Timestamp::MAX)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use graph_security::Record;

    use super::*;

    fn incoming(head: Head, raw: impl Into<Bytes>) -> Incoming {
        let answered = "2026-11-02T09:00:00.123456789Z".parse().unwrap();
        as_stored(&Incoming {
            record: Record { head, raw: raw.into() },
            answered,
            is_dated: true,
            over: None,
        })
    }

    fn connection() -> ConnectionId {
        "0190aaaa-0000-7000-8000-00000000000c".parse().unwrap()
    }

    fn items_of(incoming: &Incoming) -> Items {
        items(connection(), RecordKind::Incident, incoming, 7, incoming.answered, None)
    }

    /// Text that hardly compresses.
    fn noise(bytes: usize) -> String {
        let mut rng = fastrand::Rng::with_seed(7);
        std::iter::repeat_with(|| rng.alphanumeric()).take(bytes).collect()
    }

    #[test]
    fn a_body_is_put_where_it_fits() {
        for (raw, expected) in [
            (noise(100), BodyAt::Here),
            ("long ".repeat(100_000), BodyAt::Here),
            (noise(20_000), BodyAt::Apart),
            (noise(400_000), BodyAt::Apart),
            (noise(900_000), BodyAt::Oversize),
        ] {
            let head = Head { id: "29".into(), ..Head::default() };
            let items = items_of(&incoming(head, raw.clone()));
            assert_eq!(items.stored.body_at, expected, "{} bytes", raw.len());
            let largest = items.body.as_ref().map_or(0, size).max(size(&items.record));
            assert!(largest < 365_000, "{largest} bytes");
            match expected {
                BodyAt::Here => {
                    assert!(size(&items.record) <= HERE + 20);
                    assert_eq!(body(&items.record).unwrap(), raw.as_bytes());
                }
                BodyAt::Apart => assert_eq!(body(items.body.as_ref().unwrap()).unwrap(), raw.as_bytes()),
                BodyAt::Oversize => assert!(items.body.is_none() && !items.record.contains_key("body")),
            }
        }
    }

    #[test]
    fn an_item_reads_as_the_record_it_was_made_of() {
        let text = |text: &str| Some(text.to_owned());
        let full = Head {
            id: "ünï 🛡".into(),
            created: "1969-12-31T23:59:59.9999999Z".parse().ok(),
            updated: "2026-01-22T12:09:23.1433333Z".parse().ok(),
            title: text(""),
            status: text("active"),
            severity: text("high"),
            classification: text("unknown"),
            determination: text("unknown"),
            assigned_to: text("日本語"),
            incident_id: text("29"),
            redirect_incident_id: text("30"),
        };
        for head in [full, Head { id: "29".into(), ..Head::default() }] {
            let items = items_of(&incoming(head, "{}"));
            let read = stored(&items.record).unwrap();
            assert_eq!(read.version, items.stored.version);
            assert_eq!((read.content, read.first_seen), (items.stored.content, items.stored.first_seen));
        }
    }

    #[test]
    fn no_text_of_graph_s_can_make_an_item_too_large() {
        let text = || Some("🛡".repeat(200_000));
        let head = Head {
            id: "🛡".repeat(10_000),
            title: text(),
            status: text(),
            assigned_to: text(),
            incident_id: text(),
            ..Head::default()
        };
        let items = items_of(&incoming(head, "{}"));
        assert!(size(&items.record) < 100_000, "{} bytes", size(&items.record));
    }

    #[test]
    fn what_ages_out_does_so_after_its_last_change() {
        let answered: Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
        let days = |days: u64| Some(std::time::Duration::from_secs(days * 86_400));
        assert_eq!(expires(answered, days(400)), "2027-12-07T09:00:00Z".parse().ok());
        assert_eq!(expires(answered, None), None);
        assert!(expires(answered, days(10_000_000)).is_some());
        let head = Head { id: "29".into(), ..Head::default() };
        let of = incoming(head, noise(20_000));
        let items = items(connection(), RecordKind::Alert, &of, 1, of.answered, expires(answered, days(400)));
        for item in [items.record, items.body.unwrap()] {
            assert_eq!(number::<i64>(&item, "expires").unwrap(), 1_828_170_000);
        }
    }
}
