//! The embedded store, on a file and in memory.

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bytes::Bytes;
use common::{at, leased, record};
use graph_security::RecordKind::Incident;
use incident_store::sqlite::{IncidentFilter, Page, SqliteStore};
use incident_store::{StoreError, SyncStore as _, Upserted, conformance};

#[tokio::test]
async fn it_keeps_every_promise_in_memory() {
    conformance::run(async || SqliteStore::in_memory().unwrap()).await;
    conformance::run_groups(async || SqliteStore::in_memory().unwrap()).await;
}

#[tokio::test]
async fn it_keeps_every_promise_on_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    let new_store = async || {
        number.set(number.get() + 1);
        SqliteStore::open(&folder.path().join(format!("{}.db", number.get()))).unwrap()
    };
    conformance::run(&new_store).await;
    conformance::run_groups(&new_store).await;
    assert!(number.get() > 20, "each check has a file of its own");
}

#[test]
fn its_files_and_the_folder_it_makes_are_for_this_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let nested = folder.path().join("a/b");
    let _store = SqliteStore::open(&nested.join("store.db")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&nested), 0o700);
    for file in ["store.db", "store.db-wal", "store.db-shm"] {
        assert_eq!(mode(&nested.join(file)), 0o600, "{file}");
    }
}

#[test]
fn what_is_no_database_is_refused_as_corrupt_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let garbage = b"this is no SQLite database, only some text that somebody keeps ".repeat(100);
    std::fs::write(&path, &garbage).unwrap();
    let refused = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), garbage);
}

#[test]
fn what_cannot_be_opened_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let refused = SqliteStore::open(folder.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
}

#[tokio::test]
async fn what_is_known_already_costs_no_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let lease = leased(&store, 1).await;
    let records: Vec<_> = (0..50).map(|n| record(&n.to_string(), at(n))).collect();
    store.upsert(&lease, Incident, &records).await.unwrap();
    // With the WAL emptied, a single frame would show.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let wal_bytes = || std::fs::metadata(folder.path().join("store.db-wal")).unwrap().len();
    assert_eq!(wal_bytes(), 0);

    let mut known = records.clone();
    known[0].record.raw = Bytes::from([b" ", &known[0].record.raw[..]].concat());
    known[0].answered = at(99);
    known[1].record.head.updated = Some(at(-1));
    // Nor does it wait for a writer.
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let upserted = store.upsert(&lease, Incident, &known).await.unwrap();
    assert!(matches!(upserted[1], Upserted::Older { .. }), "{upserted:?}");
    assert_eq!(upserted.iter().filter(|upserted| **upserted == Upserted::Unchanged).count(), 49);
    assert_eq!(wal_bytes(), 0);
    other.execute_batch("ROLLBACK").unwrap();

    known[2].record.head.updated = Some(at(1000));
    store.upsert(&lease, Incident, &known).await.unwrap();
    assert!(wal_bytes() > 0);
}

#[tokio::test]
async fn a_removal_that_was_cut_short_is_finished_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let lease = leased(&store, 1).await;
    store.upsert(&lease, Incident, &[record("1", at(0))]).await.unwrap();
    drop(store);
    // As its first transaction leaves it.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE connections SET lifecycle = 'removed'", []).unwrap();

    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.changed_since(lease.connection, 0, 9).await.unwrap(), []);
    let lost = store.upsert(&lease, Incident, &[record("2", at(0))]).await.unwrap_err();
    assert!(matches!(lost, StoreError::Gone), "{lost}");
}

#[tokio::test]
async fn a_body_that_is_not_even_text_is_kept_and_compared_as_bytes() {
    let store = SqliteStore::in_memory().unwrap();
    let lease = leased(&store, 1).await;
    let with_body = |body: &'static [u8], answered| {
        let mut incoming = record("1", at(0));
        incoming.record.raw = Bytes::from_static(body);
        incoming.answered = at(answered);
        incoming
    };
    let first = store.upsert(&lease, Incident, &[with_body(b"\xff\xfe{", 1)]).await.unwrap();
    assert_eq!(first, [Upserted::Created { revision: 1 }]);
    let again = store.upsert(&lease, Incident, &[with_body(b"\xff\xfe{", 2)]).await.unwrap();
    assert_eq!(again, [Upserted::Unchanged]);
    let other = store.upsert(&lease, Incident, &[with_body(b"\xff\xfd{", 3)]).await.unwrap();
    assert_eq!(other, [Upserted::Updated { revision: 2, fields: vec![], went_back: false }]);
    let page = Page { limit: 9, after: None };
    let read = store.incidents(&IncidentFilter::default(), &page).await.unwrap();
    assert_eq!(read[0].raw, "\u{fffd}\u{fffd}{", "it is readable as far as it is text");
}

#[tokio::test]
async fn what_another_version_wrote_is_corrupt_and_tells_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let lease = leased(&store, 1).await;
    let other = rusqlite::Connection::open(&path).unwrap();
    for change in ["cloud = 'confidential'", "lifecycle = 'confidential'", "created = -9223372036854775807"] {
        other.execute(&format!("UPDATE connections SET {change}"), []).unwrap();
        let refused = incident_store::Connections::connection(&store, lease.connection).await.unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
        assert!(!format!("{refused:?}").contains("confidential"), "{refused}");
    }
    other.execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE connections").unwrap();
    let refused = store.state(lease.connection).await.unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt(_)), "{refused}");
}
