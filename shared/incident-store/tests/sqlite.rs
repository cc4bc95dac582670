//! The embedded store, on a file and in memory.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use incident_store::sqlite::SqliteStore;
use incident_store::{StoreError, conformance};

#[tokio::test]
async fn it_keeps_every_promise_in_memory() {
    conformance::run(async || SqliteStore::in_memory().unwrap()).await;
}

#[tokio::test]
async fn it_keeps_every_promise_on_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    let new_store = async || {
        number.set(number.get() + 1);
        SqliteStore::open(&folder.path().join(format!("{}.db", number.get()))).unwrap()
    };
    conformance::run(new_store).await;
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
