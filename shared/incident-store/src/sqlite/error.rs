//! SQLite's errors, by what the caller does next. Only the code's own text is passed on: a message could
//! carry a value.

use rusqlite::ErrorCode;

use crate::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(cause, _) = error else {
            return Self::Corrupt("a value is not of the kind that its column says".into());
        };
        let text = rusqlite::ffi::code_to_str(cause.extended_code).to_owned();
        match cause.code {
            // `Unknown` is SQLITE_ERROR: our statements are fixed, so the tables are not ours.
            ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase
            | ErrorCode::SchemaChanged
            | ErrorCode::TypeMismatch
            | ErrorCode::ConstraintViolation
            | ErrorCode::Unknown => Self::Corrupt(text),
            _ => Self::Unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection as Db;

    use super::*;

    #[test]
    fn a_store_that_is_locked_is_unavailable() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|_| Db::open(folder.path().join("store.db")).unwrap());
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        one.execute_batch("BEGIN IMMEDIATE").unwrap();
        let locked = StoreError::from(other.execute_batch("BEGIN IMMEDIATE").unwrap_err());
        assert!(matches!(locked, StoreError::Unavailable(_)), "{locked}");
    }

    #[test]
    fn no_value_comes_into_a_message() {
        let db = Db::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE t (n INTEGER CHECK (n > 0), s TEXT) STRICT").unwrap();
        db.execute("INSERT INTO t VALUES (1, 'confidential')", []).unwrap();
        let errors = [
            db.execute("INSERT INTO t VALUES ('confidential', '')", []).unwrap_err(),
            db.query_row("SELECT s FROM t", [], |row| row.get::<_, i64>(0)).unwrap_err(),
            db.execute("SELECT confidential", []).unwrap_err(),
        ];
        for error in errors.map(StoreError::from) {
            assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
            assert!(!format!("{error:?}").contains("confidential"), "{error:?}");
        }
    }
}
