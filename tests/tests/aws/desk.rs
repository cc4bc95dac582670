//! An emulated AWS and what is put into it.

use std::cell::Cell;
use std::time::Duration;

use bytes::Bytes;
use graph_auth::Cloud;
use graph_http::HttpsTransport;
use graph_security::{Head, Record};
use incident_store::dynamodb::DynamoStore;
use incident_store::{
    Claim, Claimed, ConnectionId, Connections as _, Incoming, Lease, Lifecycle, NewConnection, SyncStore as _,
};
use jiff::{SignedDuration, Timestamp};
use lambda_support::Aws;
use soc_anywhere_tests::emulators::{Emulator, Emulators};
use soc_anywhere_tests::table;
use uuid::Uuid;

/// An emulated AWS with a table for each store that is asked for.
pub(crate) struct Desk {
    pub(crate) emulators: Emulators,
    pub(crate) aws: Emulator,
    tables: Cell<u32>,
}

impl Desk {
    /// `None` where there is no emulator; it is said aloud then.
    pub(crate) async fn new() -> Option<Self> {
        let emulators = Emulators::from_env().unwrap()?;
        let aws = emulators.ministack().await.unwrap();
        Some(Self { emulators, aws, tables: Cell::new(0) })
    }

    /// A new, empty table.
    pub(crate) async fn table(&self) -> String {
        self.tables.set(self.tables.get() + 1);
        let name = format!("store-{}", self.tables.get());
        table::create(&client(&self.aws), &name).await.unwrap();
        name
    }

    /// A store in a new table, reached over `emulator`.
    pub(crate) async fn store_over(&self, emulator: &Emulator) -> DynamoStore {
        DynamoStore::new(client(emulator), self.table().await)
    }

    pub(crate) async fn store(&self) -> DynamoStore {
        self.store_over(&self.aws).await
    }
}

pub(crate) fn client(emulator: &Emulator) -> aws_sdk_dynamodb::Client {
    Aws::new(&emulator.settings(), HttpsTransport::new()).unwrap().dynamodb()
}

/// 2026-11-02T09:00:00Z and so many seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_793_610_000 + seconds).unwrap()
}

pub(crate) fn id(number: u8) -> ConnectionId {
    ConnectionId::new(at(0), [number; 10])
}

pub(crate) fn settings(number: u8) -> NewConnection {
    NewConnection {
        group: "group".into(),
        name: None,
        tenant_id: Uuid::from_u128(number.into()),
        client_id: Uuid::from_u128(1),
        cloud: Cloud::Global,
        since: at(-86_400),
        interval: Duration::from_secs(60),
        secret_expires: None,
    }
}

/// Enters connection `number` and takes its lease.
pub(crate) async fn leased(store: &DynamoStore, number: u8) -> Lease {
    store.create(id(number), settings(number), Lifecycle::Connected, at(0)).await.unwrap();
    lease(store, number, 0).await.expect("a new connection is free")
}

/// Claims connection `number` at a second, for 120 s, next due in 60 s.
pub(crate) async fn lease(store: &DynamoStore, number: u8, second: i64) -> Option<Lease> {
    let now = at(second);
    let after = |seconds| now + SignedDuration::from_secs(seconds);
    let claim = Claim { now, until: after(120), next_due: after(60), slot: None };
    match store.claim(id(number), claim).await.unwrap() {
        Claimed::Held { lease, .. } => Some(lease),
        Claimed::Busy { .. } | Claimed::Over | Claimed::Inactive => None,
    }
}

pub(crate) fn record(id: &str, updated: i64, body: impl Into<Bytes>) -> Incoming {
    let head = Head { id: id.into(), updated: Some(at(updated)), ..Head::default() };
    Incoming { record: Record { head, raw: body.into() }, answered: at(updated), is_dated: true, over: None }
}

/// Text that hardly compresses.
pub(crate) fn noise(bytes: usize) -> String {
    let mut rng = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| rng.alphanumeric()).take(bytes).collect()
}
