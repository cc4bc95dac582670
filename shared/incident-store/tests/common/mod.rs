//! Connections and records for the embedded store's tests.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

use std::time::Duration;

use bytes::Bytes;
use graph_security::{Head, Record};
use incident_store::sqlite::SqliteStore;
use incident_store::{
    Claim, Claimed, ConnectionId, Connections as _, Incoming, Lease, Lifecycle, NewConnection, SyncStore as _,
};
use jiff::Timestamp;
use uuid::Uuid;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_769_083_763 + seconds).unwrap()
}

pub(super) fn id(number: u8) -> ConnectionId {
    ConnectionId::new(at(0), [number; 10])
}

/// Connects tenant `number` and takes its lease.
pub(super) async fn leased(store: &SqliteStore, number: u8) -> Lease {
    let settings = NewConnection {
        group: "local".into(),
        name: Some(format!("tenant {number}")),
        tenant_id: Uuid::from_u128(number.into()),
        client_id: Uuid::from_u128(1),
        cloud: graph_auth::Cloud::Global,
        since: at(-86_400),
        interval: Duration::from_secs(300),
        secret_expires: None,
    };
    store.create(id(number), settings, Lifecycle::Connected, at(number.into())).await.unwrap();
    let claim = Claim { now: at(10), until: at(1000), next_due: at(310), slot: None };
    match store.claim(id(number), claim).await.unwrap() {
        Claimed::Held { lease, .. } => lease,
        other => panic!("{other:?}"),
    }
}

pub(super) fn incoming(head: Head) -> Incoming {
    let raw = serde_json::to_vec(&head).unwrap();
    Incoming { record: Record { head, raw: Bytes::from(raw) }, answered: at(0), is_dated: true, over: None }
}

pub(super) fn record(id: &str, updated: Timestamp) -> Incoming {
    incoming(Head { id: id.into(), updated: Some(updated), ..Head::default() })
}
