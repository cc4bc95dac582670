//! A connection's own item: its settings, its lease, when it is due, and its last revision.
//!
//! A claim writes this item, and a write is paid for by the started kilobyte of the whole item. So it holds
//! nothing that is long; with names and ids of usual length it has some 700 bytes.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use super::change::Change;
use super::item::{
    Item, instant, number, of_instant, of_number, of_text, optional_flag, optional_text, parsed, text,
};
use super::keys;
use crate::stored::{cloud, interval_ms, lifecycle, lifecycle_name, simulator};
use crate::{Capabilities, Connection, NewConnection, Records, StoreError};

/// What is left of a connection that was removed, so that its id is never used again. Where its records go, of the
/// customer nothing stays but the connection's own id.
pub(super) fn tombstone(of: &Connection, mut item: Item, records: Records) -> Item {
    const OF_RUNS: [&str; 5] = ["holder", "free_from", "lease_until", "last_attempt", "next_due"];
    const OF_CUSTOMER: [&str; 13] = [
        "group",
        "name",
        "tenant_id",
        "client_id",
        "cloud",
        "simulator",
        "since",
        "interval_ms",
        "secret_expires",
        "write_back",
        "custom_detections",
        "keep_records",
        "created",
    ];
    let (lifecycle, of_customer) = match records {
        Records::Keep => ("kept", &[][..]),
        Records::Remove => ("removed", &OF_CUSTOMER[..]),
    };
    for name in OF_RUNS.iter().chain(of_customer) {
        item.remove(*name);
    }
    item.extend(keys::tombstone(of.id).item());
    item.insert("lifecycle".to_owned(), of_text(lifecycle));
    item.insert("version".to_owned(), of_number(of.version.saturating_add(1)));
    item
}

/// What an admin changes.
fn settings(connection: &Connection) -> [(&'static str, Option<AttributeValue>); 14] {
    let Connection { settings, lifecycle, capabilities, records, version, .. } = connection;
    let flag = |flag: Option<bool>| flag.map(AttributeValue::Bool);
    [
        ("group", Some(of_text(settings.group.as_str()))),
        ("name", settings.name.as_deref().map(of_text)),
        ("tenant_id", Some(of_text(settings.tenant_id.to_string()))),
        ("client_id", Some(of_text(settings.client_id.to_string()))),
        ("cloud", Some(of_text(settings.cloud.name()))),
        ("simulator", simulator(&settings.cloud).map(of_text)),
        ("since", Some(of_instant(settings.since))),
        ("interval_ms", Some(of_number(interval_ms(settings.interval)))),
        ("secret_expires", settings.secret_expires.map(|day| of_text(day.to_string()))),
        ("lifecycle", Some(of_text(lifecycle_name(*lifecycle)))),
        ("write_back", flag(capabilities.write_back)),
        ("custom_detections", flag(capabilities.custom_detections)),
        ("keep_records", flag((*records == Records::Keep).then_some(true))),
        ("version", Some(of_number(*version))),
    ]
}

/// The item of a connection that is entered now: due at once, never claimed.
pub(super) fn new_item(connection: &Connection) -> Item {
    let mut item = keys::connection(connection.id).item();
    let settings = settings(connection).into_iter();
    item.extend(settings.filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let created = of_instant(connection.created);
    for (name, value) in [
        ("next_due", created.clone()),
        ("created", created),
        ("fence", of_number(0)),
        ("revision", of_number(0)),
    ] {
        item.insert(name.to_owned(), value);
    }
    item
}

/// Writes what an admin changed, over the version that was read. It is due from the moment it was entered,
/// and so before what ran since.
pub(super) fn changed(connection: &Connection, read: u64) -> Change {
    let change = settings(connection)
        .into_iter()
        .fold(Change::default(), |change, (name, value)| change.set_or_remove(name, value));
    change.set_to("next_due", "#created").and("#version = :read").value("read", of_number(read))
}

/// The connection in an item.
pub(super) fn connection(item: &Item) -> Result<Connection, StoreError> {
    let interval: u64 = number(item, "interval_ms")?;
    let settings = NewConnection {
        group: text(item, "group")?.into(),
        name: optional_text(item, "name")?.map(str::to_owned),
        tenant_id: parsed(item, "tenant_id")?,
        client_id: parsed(item, "client_id")?,
        cloud: cloud(text(item, "cloud")?, optional_text(item, "simulator")?)?,
        since: instant(item, "since")?,
        interval: Duration::from_millis(interval),
        secret_expires: match item.get("secret_expires") {
            Some(_) => Some(parsed(item, "secret_expires")?),
            None => None,
        },
    };
    Ok(Connection {
        id: parsed(item, super::table::SK)?,
        settings,
        lifecycle: lifecycle(text(item, "lifecycle")?)?,
        capabilities: Capabilities {
            write_back: optional_flag(item, "write_back")?,
            custom_detections: optional_flag(item, "custom_detections")?,
        },
        records: match optional_flag(item, "keep_records")? {
            Some(true) => Records::Keep,
            _ => Records::Remove,
        },
        created: instant(item, "created")?,
        version: number(item, "version")?,
    })
}

#[cfg(test)]
mod tests {
    use graph_auth::{Cloud, PrivateHosts, TestOrigin};
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::dynamodb::item::size;
    use crate::{ConnectionId, GroupId, Lifecycle};

    fn connected(name: &str) -> Connection {
        let now: Timestamp = "2026-11-02T09:00:00.1234567Z".parse().unwrap();
        let settings = NewConnection {
            group: GroupId::new(now, [7; 10]),
            name: Some(name.into()),
            tenant_id: Uuid::from_u128(1),
            client_id: Uuid::from_u128(2),
            cloud: Cloud::GccHigh,
            since: now,
            interval: Duration::from_secs(60),
            secret_expires: Some(jiff::civil::date(2027, 2, 28)),
        };
        Connection::new(ConnectionId::new(now, [7; 10]), settings, Lifecycle::Connected, now)
    }

    #[test]
    fn an_item_reads_as_the_connection_it_was_made_of() {
        let origin = TestOrigin::parse("http://127.0.0.1:4711", PrivateHosts::Refused).unwrap();
        let mut one = connected("");
        one.settings.cloud = Cloud::Simulated(origin);
        one.capabilities = Capabilities { write_back: Some(false), custom_detections: None };
        one.records = Records::Keep;
        one.settings.secret_expires = None;
        for connection in [one, connected("Ünïcode 🛡")] {
            assert_eq!(super::connection(&new_item(&connection)).unwrap(), connection);
        }
    }

    #[test]
    fn a_claim_pays_for_one_kilobyte() {
        let mut item = new_item(&connected(&"a name of some length ".repeat(5)));
        for name in ["fence", "revision", "lease_until", "free_from", "last_attempt"] {
            item.insert(name.to_owned(), of_number(i64::MAX));
        }
        item.insert("holder".to_owned(), of_text("0".repeat(32)));
        assert!(size(&item) <= 1024, "{} bytes", size(&item));
    }

    #[test]
    fn what_another_version_wrote_is_corrupt_and_tells_nothing_of_it() {
        for name in ["cloud", "lifecycle", "tenant_id", "created", "write_back", "name"] {
            let mut item = new_item(&connected("name"));
            item.insert(name.to_owned(), AttributeValue::L(vec![of_text("confidential")]));
            let refused = connection(&item).unwrap_err();
            assert!(matches!(refused, StoreError::Corrupt(_)), "{name}: {refused}");
            item.insert(name.to_owned(), of_text("confidential"));
            let told = format!("{:?}", connection(&item).err());
            assert!(!told.contains("confidential"), "{name}: {told}");
        }
    }
}
