//! What is read of the store's records, and what may be asked for.

use graph_security::{Head, RecordKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ConnectionId;

/// An incident or alert as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Whose it is.
    pub connection: ConnectionId,
    /// Which of the two.
    pub kind: RecordKind,
    /// What is worked with.
    pub head: Head,
    /// Greater with every real change of any record of the connection.
    pub revision: u64,
    /// The date of the answer that first brought it.
    pub first_seen: Timestamp,
    /// The date of the answer that brought this version.
    pub answered: Timestamp,
    /// The JSON object as sent.
    pub raw: String,
}

impl StoredRecord {
    /// Where it stands among its kind: the next page is what comes after it.
    #[must_use]
    pub fn position(&self) -> Position {
        let Head { created, updated, ref id, .. } = self.head;
        Position { updated, created, id: id.clone(), connection: self.connection }
    }
}

/// Newest first: by the last update, then by creation, no instant last; then by id and connection, so that
/// no two are at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "they are the record's")]
pub struct Position {
    pub updated: Option<Timestamp>,
    pub created: Option<Timestamp>,
    pub id: String,
    pub connection: ConnectionId,
}

/// How much to read, and from where on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most so many records.
    pub limit: usize,
    /// The last one's [`StoredRecord::position`] of the page before; `None` for the first page.
    pub after: Option<Position>,
}

/// Which incidents. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// Those of this connection.
    pub connection: Option<ConnectionId>,
    /// Those with one of these, in any case; empty for any status.
    pub status: Vec<String>,
    /// Those with one of these, in any case; empty for any severity.
    pub severity: Vec<String>,
    /// Those with this id, or with this in their title (ASCII letters in any case).
    pub text: Option<String>,
    /// Those created at or after this instant.
    pub created_since: Option<Timestamp>,
    /// Those updated at or after this instant.
    pub updated_since: Option<Timestamp>,
}
