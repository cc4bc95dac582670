//! Connections and records to check with.

use std::time::Duration;

use bytes::Bytes;
use graph_auth::Cloud;
use graph_security::{Head, Record, RecordKind};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Claim, Claimed, Connection, ConnectionId, Connections, Incoming, Lease, Lifecycle, NewConnection,
    StoredVersion, SyncStore, Upserted,
};

pub(super) use RecordKind::{Alert, Incident};

/// 2026-01-22T12:09:23.1433333Z and so many seconds.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_769_083_763 + seconds, 143_333_300).expect("an instant")
}

pub(super) fn id(number: u8) -> ConnectionId {
    ConnectionId::new(at(0), [number; 10])
}

/// Of one group; each number is another tenant.
pub(super) fn settings(number: u8) -> NewConnection {
    NewConnection {
        group: "conformance".into(),
        name: Some(format!("Tenant {number} – Ünïcode 🛡")),
        tenant_id: Uuid::from_u128(0xA000 + u128::from(number)),
        client_id: Uuid::from_u128(0xB000 + u128::from(number)),
        cloud: Cloud::Global,
        since: at(-86_400),
        interval: Duration::from_secs(300),
        secret_expires: Some(jiff::civil::date(2027, 2, 28)),
    }
}

/// Creates connection `number`, connected, due at `at(number)`.
pub(super) async fn connected<S: Connections>(store: &S, number: u8) -> Connection {
    store
        .create(id(number), settings(number), Lifecycle::Connected, at(number.into()))
        .await
        .expect("a new connection is created")
}

pub(super) fn claim_at(now: Timestamp) -> Claim {
    let after = |seconds| now + Duration::from_secs(seconds);
    Claim { now, until: after(900), next_due: after(300), slot: None }
}

/// What is due then, in order.
pub(super) async fn due<S: Connections>(store: &S, now: Timestamp, limit: usize) -> Vec<ConnectionId> {
    let found = store.due(now, limit).await.expect("what is due is answered");
    assert_eq!(found.unreadable, [""; 0], "all can be read");
    found.these.into_iter().map(|due| due.timing.id).collect()
}

/// Takes the lease of a connection that nobody holds at `now`.
pub(super) async fn lease<S: SyncStore>(store: &S, id: ConnectionId, now: Timestamp) -> Lease {
    match store.claim(id, claim_at(now)).await.expect("a claim is answered") {
        Claimed::Held { lease, .. } => lease,
        other => panic!("a free connection's lease is given, not {other:?}"),
    }
}

/// A new connection and its lease.
pub(super) async fn leased<S: Connections + SyncStore>(store: &S) -> Lease {
    let connection = connected(store, 1).await;
    lease(store, connection.id, at(1)).await
}

/// A record whose body says `body`, answered at `at(0)`.
pub(super) fn incoming(id: &str, updated: Option<Timestamp>, body: &str) -> Incoming {
    let raw = format!(r#"{{"id":{id:?},"body":{body:?}}}"#);
    let head = Head { id: id.into(), created: Some(at(-3600)), updated, ..Head::default() };
    Incoming { record: Record { head, raw: Bytes::from(raw) }, answered: at(0), is_dated: true, over: None }
}

/// Writes one incident, and says what became of it.
pub(super) async fn put<S: SyncStore>(store: &S, lease: &Lease, incoming: &Incoming) -> Upserted {
    let upserted = store.upsert(lease, Incident, std::slice::from_ref(incoming)).await;
    let upserted = upserted.expect("the holder of the lease may write");
    assert_eq!(upserted.len(), 1, "there is one answer for one record");
    upserted.into_iter().next().expect("one answer")
}

/// What is stored of one incident.
pub(super) async fn stored<S: SyncStore>(store: &S, lease: &Lease, id: &str) -> Option<StoredVersion> {
    let versions = store.versions(lease.connection, Incident, &[id.to_owned()]).await;
    let versions = versions.expect("versions are answered");
    assert_eq!(versions.len(), 1, "there is one version for one id");
    versions.into_iter().next().expect("one version")
}

/// Checks that what is stored is `incoming`, whole.
pub(super) async fn assert_stored<S: SyncStore>(
    store: &S,
    lease: &Lease,
    incoming: &Incoming,
    promise: &str,
) {
    let stored = stored(store, lease, &incoming.record.head.id).await.expect("what was written is there");
    assert_eq!(stored.head, incoming.record.head, "{promise}: the head");
    assert_eq!(stored.answered, incoming.answered, "{promise}: the answer's date");
    assert_eq!(stored.fingerprint, crate::fingerprint(&incoming.record.raw), "{promise}: the body");
}

pub(super) fn revision(upserted: &Upserted) -> u64 {
    match upserted {
        Upserted::Created { revision } | Upserted::Updated { revision, .. } => *revision,
        other => panic!("a real change has a revision, this is {other:?}"),
    }
}
