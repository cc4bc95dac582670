//! One version of one record, and how a record is named.

use std::sync::Arc;

use super::query::Property;
use crate::Kind;

/// Where a row without an instant stands in ascending order: first (OData 4.01 part 1, §11.2.6.2).
pub(super) const UNDATED: i64 = i64::MIN;

/// How a version's instant compares with that of the record's version before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The instant is later or the same, or one of the two versions has none.
    Forward,
    /// The instant is earlier than one that was not of the future then.
    Back,
    /// The instant is earlier than one that still was of the future when this version became visible, and than no other.
    BackFromFuture,
}

/// One version of one record.
#[derive(Clone, Debug)]
pub struct Version {
    /// Which list.
    pub kind: Kind,
    /// Which record of that list.
    pub record: u32,
    /// `lastUpdateDateTime`, in 100 ns steps.
    pub instant: Option<i64>,
    /// `createdDateTime`.
    pub created: i64,
    /// From when on the first front end shows it.
    pub visible: i64,
    /// The content changed and the instant did not.
    pub in_place: bool,
    /// How the instant compares with the latest of the versions before.
    pub order: Order,
    /// The latest instant of the versions before.
    pub before: Option<i64>,
    /// An empty date of .NET stands where there is no instant.
    pub(super) empty_date: bool,
    /// An alert's incident.
    pub(super) incident: u32,
    pub(super) row: Arc<str>,
}

impl Version {
    /// The record's id.
    #[must_use]
    pub fn id(&self) -> String {
        id(self.kind, self.record)
    }

    pub(super) fn key(&self, by: Property) -> i64 {
        match by {
            Property::Created => self.created,
            Property::Updated => self.instant.unwrap_or(UNDATED),
        }
    }
}

fn id(kind: Kind, record: u32) -> String {
    match kind {
        Kind::Incidents => record.to_string(),
        Kind::Alerts => format!("da{record}_1"),
    }
}

/// The record that an id names.
#[must_use]
pub fn record_of(kind: Kind, id: &str) -> Option<u32> {
    match kind {
        Kind::Incidents => id.parse().ok(),
        Kind::Alerts => id.strip_prefix("da")?.strip_suffix("_1")?.parse().ok(),
    }
}
