//! Where each item is.

use aws_sdk_dynamodb::types::AttributeValue;
use graph_security::RecordKind;

use super::item::Item;
use super::table::{PK, SK};
use crate::stored::kind_name;
use crate::{ConnectionId, GroupId, NewConnection};

/// The connections' items are spread over the last digit of their ids. One partition takes 1,000 writes a
/// second, so 16 take the claims of 960,000 connections a minute.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>
pub(super) const SHARDS: &str = "0123456789abcdef";

/// A partition key may have 2,048 bytes, a sort key 1,024; longer text is replaced by its digest.
const LONGEST: usize = 900;

/// An item's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    pub(super) fn item(&self) -> Item {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        Item::from([(PK.to_owned(), text(&self.pk)), (SK.to_owned(), text(&self.sk))])
    }
}

/// The connections whose ids end in `digit`.
pub(super) fn shard(digit: char) -> String {
    format!("CONNECTIONS#{digit}")
}

pub(super) fn connection(id: ConnectionId) -> Key {
    let sk = id.to_string();
    Key { pk: shard(sk.chars().last().unwrap_or('0')), sk }
}

/// What is left of a connection that was removed. It is nowhere near the others, which each tick reads.
pub(super) fn tombstone(id: ConnectionId) -> Key {
    let Key { pk, sk } = connection(id);
    Key { pk: pk.replace("CONNECTIONS#", "REMOVED#"), sk }
}

/// What a run left for the next one.
pub(super) fn state(id: ConnectionId) -> Key {
    Key { pk: format!("CONNECTION#{id}"), sk: "STATE".to_owned() }
}

/// What there is once for a group's tenant, client and cloud.
pub(super) fn once(settings: &NewConnection) -> Key {
    let NewConnection { group, tenant_id, client_id, cloud, .. } = settings;
    Key { pk: in_group(group), sk: format!("{ONCE}{tenant_id}#{client_id}#{}", cloud.name()) }
}

/// A connection in its group's list, which is in the order of ids.
pub(super) fn listed(group: &GroupId, id: ConnectionId) -> Key {
    Key { pk: in_group(group), sk: format!("connection#{id}") }
}

/// The sort keys of a group's list after that id.
pub(super) fn listed_after(after: Option<ConnectionId>) -> (String, String) {
    let first = after.map_or("connection#".to_owned(), |after| format!("connection#{after}#"));
    (first, "connection#~".to_owned())
}

/// How the sort keys begin of what there is once in a group.
const ONCE: &str = "ONCE#";

pub(super) fn in_group(group: &GroupId) -> String {
    format!("GROUP#{}", short(group.as_str()))
}

/// A group's own item.
pub(super) fn group(group: &GroupId) -> Key {
    Key { pk: in_group(group), sk: "GROUP".to_owned() }
}

/// An owner's home among the owner's groups: there is one.
pub(super) fn home(owner: &str) -> Key {
    Key { pk: owned_by(owner), sk: "HOME".to_owned() }
}

/// A group that was moved to an owner.
pub(super) fn moved(owner: &str, group: &GroupId) -> Key {
    Key { pk: owned_by(owner), sk: format!("GROUP#{}", short(group.as_str())) }
}

/// All groups of an owner.
pub(super) fn owned_by(owner: &str) -> String {
    format!("OWNER#{}", short(owner))
}

/// All records of a connection.
pub(super) fn records(connection: ConnectionId) -> String {
    format!("RECORDS#{connection}")
}

pub(super) fn record(connection: ConnectionId, kind: RecordKind, id: &str) -> Key {
    Key { pk: records(connection), sk: format!("{}#{}", kind_name(kind), short(id)) }
}

/// A record's body, where it is not in the record's own item.
pub(super) fn body(connection: ConnectionId, kind: RecordKind, id: &str) -> Key {
    Key { pk: records(connection), sk: format!("{}-body#{}", kind_name(kind), short(id)) }
}

/// The list that a record stands in: an incident in its connection's, an alert in its incident's.
pub(super) fn list(connection: ConnectionId, kind: RecordKind, incident_id: Option<&str>) -> Option<String> {
    match kind {
        RecordKind::Incident => Some(format!("{connection}#incidents")),
        RecordKind::Alert => incident_id.map(|id| format!("{connection}#alerts#{}", short(id))),
    }
}

/// Graph's ids are far shorter; one that is not must not keep its page from being stored.
fn short(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    format!("#{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ConnectionId {
        "0190aaaa-0000-7000-8000-00000000000c".parse().unwrap()
    }

    #[test]
    fn keys_are_what_the_contract_says() {
        let key = |pk: &str, sk: &str| Key { pk: pk.into(), sk: sk.into() };
        let text = "0190aaaa-0000-7000-8000-00000000000c";
        assert_eq!(connection(id()), key("CONNECTIONS#c", text));
        assert_eq!(tombstone(id()), key("REMOVED#c", text));
        assert_eq!(state(id()), key(&format!("CONNECTION#{text}"), "STATE"));
        assert_eq!(listed(&"me".into(), id()), key("GROUP#me", &format!("connection#{text}")));
        let (after, end) = listed_after(Some(id()));
        assert!(after > listed(&"me".into(), id()).sk && after < end && listed_after(None).0 < after);
        let records = format!("RECORDS#{text}");
        assert_eq!(record(id(), RecordKind::Incident, "29"), key(&records, "incident#29"));
        assert_eq!(record(id(), RecordKind::Alert, "da1_2"), key(&records, "alert#da1_2"));
        assert_eq!(body(id(), RecordKind::Alert, "da1_2"), key(&records, "alert-body#da1_2"));
        assert_eq!(list(id(), RecordKind::Incident, None), Some(format!("{text}#incidents")));
        assert_eq!(list(id(), RecordKind::Alert, Some("29")), Some(format!("{text}#alerts#29")));
        assert_eq!(list(id(), RecordKind::Alert, None), None);
    }

    #[test]
    fn an_id_of_any_length_fits_and_stays_its_own() {
        let long = |last: &str| format!("{}{last}", "ü".repeat(2000));
        let one = record(id(), RecordKind::Incident, &long("1"));
        assert!(one.sk.len() < 1024, "{}", one.sk.len());
        assert_ne!(one, record(id(), RecordKind::Incident, &long("2")));
        assert_eq!(one, record(id(), RecordKind::Incident, &long("1")));
    }
}
