//! Opening a database: the file, and how SQLite is to treat it.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection as Db, ErrorCode, OpenFlags};

use super::{connections, migrate};
use crate::StoreError;

/// How long one process waits for another's write. A write takes milliseconds, a migration seconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(15);

/// More than there are statements, so that each is compiled once.
const CACHED_STATEMENTS: usize = 64;

pub(super) fn file(path: &Path) -> Result<Db, StoreError> {
    create_private(path)
        .map_err(|error| StoreError::Unavailable(format!("cannot create its file: {}", error.kind())))?;
    // Not SQLITE_OPEN_URI, which is rusqlite's default: a path that begins with `file:` is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Db::open_with_flags(path, flags)?)
}

pub(super) fn memory() -> Result<Db, StoreError> {
    prepare(Db::open_in_memory()?)
}

/// Creates the file, for this user alone, before SQLite does. SQLite gives `-wal` and `-shm` the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    let mut file = OpenOptions::new();
    // `append` alone leaves a file that is there as it is.
    file.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.create(parent)?;
    }
    file.open(path).map(drop)
}

fn prepare(mut db: Db) -> Result<Db, StoreError> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    use_wal(&db)?;
    // FULL syncs the WAL at each commit. A killed process loses nothing that was committed either way; a
    // power loss undoes the last commits under NORMAL and none under FULL, and what `upsert` has answered
    // for is durable. It costs one sync a page; https://sqlite.org/pragma.html#pragma_synchronous
    db.pragma_update(None, "synchronous", "full")?;
    // On macOS a plain fsync does not reach the disk; https://sqlite.org/pragma.html#pragma_fullfsync
    db.pragma_update(None, "fullfsync", true)?;
    db.pragma_update(None, "foreign_keys", true)?;
    migrate::to_newest(&mut db)?;
    while connections::purge_some(&mut db)? > 0 {}
    Ok(db)
}

/// WAL: readers do not wait for a writer; <https://sqlite.org/wal.html>. The first to open a new file
/// changes it, and whoever opens it at that moment is told "busy" at once: the time-out does not cover it.
fn use_wal(db: &Db) -> Result<(), StoreError> {
    let given_up = Instant::now() + BUSY_TIMEOUT;
    loop {
        match db.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < given_up =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            answer => return Ok(answer?),
        }
    }
}
