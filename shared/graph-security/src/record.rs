//! One incident or alert: the bytes Graph sent, and the few fields that are worked with.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The two streams of records, each with an endpoint and a checkpoint of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordKind {
    /// `microsoft.graph.security.incident`
    Incident,
    /// `microsoft.graph.security.alert`
    Alert,
}

impl RecordKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Incident, Self::Alert];

    /// `incidents` or `alerts`, for messages.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Incident => "incidents",
            Self::Alert => "alerts",
        }
    }
}

/// The fields that are worked with. Everything else stays in the record's bytes, verbatim.
///
/// Enum values are kept as sent: metadata and documentation disagree, and new ones appear without notice.
/// A field that is absent, null or not of its type is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Head {
    /// Unique among the records of one kind in one tenant.
    pub id: String,
    /// `createdDateTime`, exact to 100 ns.
    pub created: Option<Timestamp>,
    /// `lastUpdateDateTime`, exact to 100 ns. Nullable for alerts.
    pub updated: Option<Timestamp>,
    /// `displayName` of an incident, `title` of an alert.
    pub title: Option<String>,
    /// `status`, an incidentStatus or alertStatus.
    pub status: Option<String>,
    /// `severity`, an alertSeverity.
    pub severity: Option<String>,
    /// `classification`, an alertClassification.
    pub classification: Option<String>,
    /// `determination`, an alertDetermination.
    pub determination: Option<String>,
    /// `assignedTo`: free text, not always a UPN.
    pub assigned_to: Option<String>,
    /// An alert's `incidentId`. It changes when incidents are merged.
    pub incident_id: Option<String>,
    /// An incident's `redirectIncidentId`: set when it was merged into another.
    pub redirect_incident_id: Option<String>,
}

/// A record as Graph sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is worked with.
    pub head: Head,
    /// The JSON object, byte for byte; a slice of its page.
    pub raw: Bytes,
}

/// A row of a page that could not be taken as a record, whose instant could not be read, or whose bytes were no text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreadable {
    /// Its id, where it has one.
    pub id: Option<String>,
    /// What is wrong with it, without any of its values.
    pub reason: String,
}
