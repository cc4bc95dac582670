//! The records of one kind: in slots, ordered by two instants, with every version they ever had.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use crate::evolvable;
use crate::model::{Alert, Incident};
use crate::stamp::Stamp;

/// A record's place in its table; also what breaks a tie between equal instants.
pub(crate) type Slot = u32;

/// An instant in 100 ns steps and the record that has it.
pub(crate) type Key = (i64, Slot);

/// The date properties that a list can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateProperty {
    Created,
    LastUpdate,
    Resolved,
    FirstActivity,
    LastActivity,
}

/// The other properties that a list can be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextProperty {
    AssignedTo,
    Classification,
    Determination,
    ServiceSource,
    Severity,
    Status,
}

/// What both kinds of record have.
pub(crate) trait Record: Serialize {
    fn id(&self) -> &str;
    fn date(&self, property: DateProperty) -> Option<Stamp>;
    fn text(&self, property: TextProperty) -> Option<&str>;
}

impl Record for Incident {
    fn id(&self) -> &str {
        &self.id
    }

    fn date(&self, property: DateProperty) -> Option<Stamp> {
        match property {
            DateProperty::Created => Some(self.created_date_time),
            DateProperty::LastUpdate => Some(self.last_update_date_time),
            _ => None,
        }
    }

    fn text(&self, property: TextProperty) -> Option<&str> {
        match property {
            TextProperty::AssignedTo => self.assigned_to.as_deref(),
            TextProperty::Classification => Some(&self.classification),
            TextProperty::Determination => Some(&self.determination),
            TextProperty::ServiceSource => None,
            TextProperty::Severity => Some(&self.severity),
            TextProperty::Status => Some(&self.status),
        }
    }
}

impl Record for Alert {
    fn id(&self) -> &str {
        &self.id
    }

    fn date(&self, property: DateProperty) -> Option<Stamp> {
        match property {
            DateProperty::Created => Some(self.created_date_time),
            DateProperty::LastUpdate => Some(self.last_update_date_time),
            DateProperty::Resolved => self.resolved_date_time,
            DateProperty::FirstActivity => Some(self.first_activity_date_time),
            DateProperty::LastActivity => Some(self.last_activity_date_time),
        }
    }

    fn text(&self, property: TextProperty) -> Option<&str> {
        match property {
            TextProperty::AssignedTo => self.assigned_to.as_deref(),
            TextProperty::Classification => Some(&self.classification),
            TextProperty::Determination => Some(&self.determination),
            TextProperty::ServiceSource => Some(&self.service_source),
            TextProperty::Severity => Some(&self.severity),
            TextProperty::Status => Some(&self.status),
        }
    }
}

/// One version of one record: the truth that a test holds a copy against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The record's `id`.
    pub id: Arc<str>,
    /// Its `lastUpdateDateTime`.
    pub instant: Timestamp,
    /// When a query could first find it, at `instant` or later.
    pub visible: Timestamp,
    /// The body as a list shows it, with all enum members.
    pub body: Bytes,
}

#[derive(Debug)]
struct Row<R> {
    id: Arc<str>,
    record: R,
    body: Bytes,
    masked: OnceLock<Bytes>,
}

/// All records of one kind in one tenant.
#[derive(Debug)]
pub(crate) struct Table<R> {
    rows: Vec<Row<R>>,
    slots: HashMap<Arc<str>, Slot>,
    by_created: BTreeSet<Key>,
    by_update: BTreeSet<Key>,
    versions: Vec<Version>,
}

impl<R: Record> Table<R> {
    pub(crate) fn new() -> Self {
        Self {
            rows: Vec::new(),
            slots: HashMap::new(),
            by_created: BTreeSet::new(),
            by_update: BTreeSet::new(),
            versions: Vec::new(),
        }
    }

    /// Adds a record that can be found from `visible` on.
    pub(crate) fn insert(&mut self, record: R, visible: Timestamp) -> Slot {
        let slot = Slot::try_from(self.rows.len()).unwrap_or(Slot::MAX);
        let id: Arc<str> = record.id().into();
        self.slots.insert(id.clone(), slot);
        self.rows.push(Row { id, record, body: Bytes::new(), masked: OnceLock::new() });
        self.publish(slot, visible);
        slot
    }

    /// Changes a record; the change can be seen from `visible` on.
    pub(crate) fn edit(&mut self, slot: Slot, visible: Timestamp, change: impl FnOnce(&mut R)) {
        let row = &mut self.rows[slot as usize];
        for (property, index) in
            [(DateProperty::Created, &mut self.by_created), (DateProperty::LastUpdate, &mut self.by_update)]
        {
            index.remove(&(ticks(&row.record, property), slot));
        }
        change(&mut row.record);
        self.publish(slot, visible);
    }

    fn publish(&mut self, slot: Slot, visible: Timestamp) {
        let row = &mut self.rows[slot as usize];
        let record = &row.record;
        self.by_created.insert((ticks(record, DateProperty::Created), slot));
        self.by_update.insert((ticks(record, DateProperty::LastUpdate), slot));
        row.body = serde_json::to_vec(record).unwrap_or_default().into();
        row.masked = OnceLock::new();
        let instant = record.date(DateProperty::LastUpdate).map_or(visible, Stamp::timestamp);
        self.versions.push(Version { id: row.id.clone(), instant, visible, body: row.body.clone() });
    }

    pub(crate) fn find(&self, id: &str) -> Option<Slot> {
        self.slots.get(id).copied()
    }

    pub(crate) fn record(&self, slot: Slot) -> &R {
        &self.rows[slot as usize].record
    }

    /// The record's body, with all enum members or only with those that a client of old knows.
    pub(crate) fn body(&self, slot: Slot, all_members: bool) -> &Bytes {
        let row = &self.rows[slot as usize];
        if all_members { &row.body } else { row.masked.get_or_init(|| evolvable::masked(&row.body)) }
    }

    /// The index of a property, where there is one.
    pub(crate) fn index(&self, property: DateProperty) -> Option<&BTreeSet<Key>> {
        match property {
            DateProperty::Created => Some(&self.by_created),
            DateProperty::LastUpdate => Some(&self.by_update),
            _ => None,
        }
    }

    pub(crate) fn all(&self) -> Range<Slot> {
        0..Slot::try_from(self.rows.len()).unwrap_or(Slot::MAX)
    }

    pub(crate) fn versions(&self) -> &[Version] {
        &self.versions
    }
}

/// A date in 100 ns steps; before all others where the record has none.
pub(crate) fn ticks<R: Record>(record: &R, property: DateProperty) -> i64 {
    record.date(property).map_or(i64::MIN, Stamp::ticks)
}
