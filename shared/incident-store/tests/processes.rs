//! Several processes at one file: none errs, none loses, and killing one loses nothing it was told is
//! written. The other process is this test binary itself, running `another_process`.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{at, leased, record};
use graph_security::RecordKind::Incident;
use incident_store::sqlite::SqliteStore;
use incident_store::{Lease, SyncStore as _, Upserted};

/// Upserts `count` times one record of its own and a newer version of a shared one; prints each answer.
async fn write(store: &SqliteStore, lease: &Lease, name: &str, count: usize) -> Vec<Upserted> {
    let mut all = Vec::new();
    for n in 0..count {
        let own = record(&format!("{name}-{n}"), at(0));
        let shared = record("shared", at(i64::try_from(n).unwrap()));
        let upserted = store.upsert(lease, Incident, &[own, shared]).await.unwrap();
        println!("\nwritten {name}-{n}");
        all.extend(upserted);
    }
    all
}

#[tokio::test]
#[ignore = "the other tests run it, with what it is to do on its standard input"]
async fn another_process() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let mut words = line.split_whitespace();
    let mut word = || words.next().expect("PATH CONNECTION FENCE COUNT");
    let store = SqliteStore::open(Path::new(word())).unwrap();
    let lease = Lease { connection: word().parse().unwrap(), fence: word().parse().unwrap() };
    let count = word().parse().unwrap();
    assert_eq!(write(&store, &lease, "other", count).await.len(), 2 * count);
}

fn start_another_process(path: &Path, lease: &Lease, count: usize) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "another_process", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{} {} {} {count}", path.display(), lease.connection, lease.fence).unwrap();
    child
}

async fn ids(store: &SqliteStore, lease: &Lease) -> BTreeSet<String> {
    let records = store.changed_since(lease.connection, 0, 100_000).await.unwrap();
    records.into_iter().map(|record| record.head.id).collect()
}

#[tokio::test]
async fn two_processes_and_two_stores_in_one_write_at_once_without_error_or_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let one = SqliteStore::open(&path).unwrap();
    let two = SqliteStore::open(&path).unwrap();
    let lease = leased(&one, 1).await;
    let mut child = start_another_process(&path, &lease, 100);
    let (by_one, by_two) = tokio::join!(write(&one, &lease, "one", 100), write(&two, &lease, "two", 100));
    let output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(output.filter(|line| line.starts_with("written other-")).count(), 100);
    assert!(child.wait().unwrap().success());

    assert_eq!(ids(&two, &lease).await.len(), 301, "three hundred of their own and the shared one");
    let shared = one.versions(lease.connection, Incident, &["shared".into()]).await.unwrap();
    assert_eq!(shared[0].as_ref().unwrap().head.updated, Some(at(99)), "the newest version stays");
    let revisions: Vec<u64> = by_one
        .iter()
        .chain(&by_two)
        .filter_map(|upserted| match upserted {
            Upserted::Created { revision } | Upserted::Updated { revision, .. } => Some(*revision),
            Upserted::Unchanged | Upserted::Older { .. } => None,
        })
        .collect();
    let distinct: BTreeSet<u64> = revisions.iter().copied().collect();
    assert_eq!(distinct.len(), revisions.len(), "no revision is given twice");
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_was_told_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let lease = leased(&store, 1).await;
    let mut child = start_another_process(&path, &lease, 1_000_000);
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let written = |line: String| line.strip_prefix("written ").map(str::to_owned);
    let mut acknowledged: BTreeSet<String> = output.by_ref().filter_map(written).take(50).collect();
    // SIGKILL, in the middle of whatever it is doing.
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(output.filter_map(written));
    drop(store);

    let check = rusqlite::Connection::open(&path).unwrap();
    let intact: String = check.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(intact, "ok");
    let store = SqliteStore::open(&path).unwrap();
    let found = ids(&store, &lease).await;
    assert!(acknowledged.len() >= 50);
    assert!(acknowledged.is_subset(&found), "lost: {:?}", acknowledged.difference(&found));
    write(&store, &lease, "after", 1).await;
}

#[test]
fn stores_that_are_opened_at_once_make_one_database() {
    for _ in 0..50 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let opened: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| SqliteStore::open(&path))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for store in opened {
            store.unwrap();
        }
    }
}
