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

/// A stored text or number that this version does not know.
pub(super) fn unreadable(what: &str) -> StoreError {
    StoreError::Corrupt(format!("unknown {what}"))
}
