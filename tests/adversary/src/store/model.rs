//! A store in memory: as simple as a store can be, and fast enough for years in minutes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use graph_security::RecordKind;
use incident_store::believed::{LONGEST_LEASE, has_passed};
use incident_store::{
    Change, Claim, Claimed, Connection, ConnectionId, Connections, Due, Found, GroupId, Incoming, Lease,
    Lifecycle, NewConnection, Progress, Records, Seen, StoreError, StoredVersion, SyncState, SyncStore,
    Upserted, decide, fingerprint, same_content, ticks,
};
use jiff::Timestamp;

use crate::interleave::Gate;

/// The store.
#[derive(Debug, Default)]
pub struct ModelStore {
    entries: Mutex<BTreeMap<ConnectionId, Entry>>,
    flaw: Option<Flaw>,
    gate: Gate,
}

/// A known bug, for the mutants whose bug is not in planning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Instants are compared as the text they came in.
    ComparesText,
    /// Nobody looks at the lease's fence when a page is written: what is to be written is decided, and
    /// then written, with time in between.
    IgnoresFence,
    /// An instant of the future is never replaced by an earlier one.
    HoldsFuture,
    /// A later instant is never replaced, however long no answer has shown it.
    HoldsLater,
    /// What one list waits for, the other one waits for, too.
    OneWaitForBoth,
    /// What one list is refused, the other one is refused, too.
    OneRefusalForBoth,
}

#[derive(Debug)]
struct Entry {
    connection: Connection,
    removed: bool,
    next_due: Timestamp,
    last_attempt: Option<Timestamp>,
    fence: u64,
    lease_until: Option<Timestamp>,
    state: Option<SyncState>,
    revision: u64,
    records: [HashMap<String, Stored>; 2],
}

#[derive(Debug)]
struct Stored {
    version: StoredVersion,
    raw: Vec<u8>,
}

impl ModelStore {
    /// A store with a bug.
    #[must_use]
    pub fn flawed(flaw: Flaw, gate: Gate) -> Self {
        Self { flaw: Some(flaw), gate, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry that a lease may write to.
    fn writable<R>(&self, lease: &Lease, write: impl FnOnce(&mut Entry) -> R) -> Result<R, StoreError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&lease.connection).filter(|entry| entry.is_there());
        let entry = entry.ok_or(StoreError::Gone)?;
        if entry.fence != lease.fence && self.flaw != Some(Flaw::IgnoresFence) {
            return Err(StoreError::Fenced);
        }
        Ok(write(entry))
    }
}

impl Entry {
    fn is_there(&self) -> bool {
        !self.removed && self.connection.lifecycle != Lifecycle::Removing
    }

    fn records(&mut self, kind: RecordKind) -> &mut HashMap<String, Stored> {
        &mut self.records[kind as usize]
    }

    fn change(&mut self, kind: RecordKind, incoming: &Incoming) -> Change {
        let stored = self.records(kind).get(&incoming.record.head.id);
        decide(stored.map(|stored| &stored.version), incoming, || {
            stored.is_some_and(|stored| same_content(&stored.raw, &incoming.record.raw))
        })
    }

    fn write(&mut self, kind: RecordKind, incoming: &Incoming, change: Change) -> Upserted {
        let revision = self.revision + 1;
        let upserted = match change {
            Change::Unchanged => return Upserted::Unchanged,
            Change::Older { revision } => return Upserted::Older { revision },
            Change::Create => Upserted::Created { revision },
            Change::Update { fields, went_back } => Upserted::Updated { revision, fields, went_back },
        };
        self.revision = revision;
        let version = StoredVersion {
            head: incoming.record.head.clone(),
            answered: incoming.answered,
            fingerprint: fingerprint(&incoming.record.raw),
            revision,
        };
        let stored = Stored { version, raw: incoming.record.raw.to_vec() };
        self.records(kind).insert(incoming.record.head.id.clone(), stored);
        upserted
    }
}

impl Connections for ModelStore {
    async fn create(
        &self,
        id: ConnectionId,
        settings: NewConnection,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> Result<Connection, StoreError> {
        let mut entries = self.lock();
        if let Some(entry) = entries.get(&id) {
            return match entry.removed {
                true => Err(StoreError::Gone),
                false if entry.connection.settings == settings => Ok(entry.connection.clone()),
                false => Err(StoreError::Stale),
            };
        }
        refuse_duplicate(&entries, id, &settings)?;
        let connection = Connection::new(id, settings, lifecycle, now);
        let entry = Entry {
            connection: connection.clone(),
            removed: false,
            next_due: now,
            last_attempt: None,
            fence: 0,
            lease_until: None,
            state: None,
            revision: 0,
            records: [HashMap::new(), HashMap::new()],
        };
        entries.insert(id, entry);
        Ok(connection)
    }

    async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        let entries = self.lock();
        Ok(entries.get(&id).filter(|entry| !entry.removed).map(|entry| entry.connection.clone()))
    }

    async fn connections(&self, group: Option<&GroupId>) -> Result<Vec<Connection>, StoreError> {
        let entries = self.lock();
        let there = entries.values().filter(|entry| !entry.removed).map(|entry| &entry.connection);
        let mut found: Vec<Connection> =
            there.filter(|one| group.is_none_or(|group| one.settings.group == *group)).cloned().collect();
        found.sort_by_key(|connection| (connection.created, connection.id));
        Ok(found)
    }

    async fn update(&self, connection: &Connection) -> Result<Connection, StoreError> {
        let mut entries = self.lock();
        if !entries.get(&connection.id).is_some_and(Entry::is_there) {
            return Err(StoreError::Gone);
        }
        refuse_duplicate(&entries, connection.id, &connection.settings)?;
        let entry = entries.get_mut(&connection.id).ok_or(StoreError::Gone)?;
        if entry.connection.version != connection.version {
            return Err(StoreError::Stale);
        }
        let Connection { id, created, .. } = entry.connection;
        entry.connection = Connection { id, created, version: connection.version + 1, ..connection.clone() };
        // As if it had always been due.
        entry.next_due = Timestamp::UNIX_EPOCH;
        Ok(entry.connection.clone())
    }

    async fn remove(&self, id: ConnectionId, records: Records) -> Result<(), StoreError> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&id).filter(|entry| !entry.removed).ok_or(StoreError::Gone)?;
        entry.removed = true;
        if records == Records::Remove {
            entry.records = [HashMap::new(), HashMap::new()];
        }
        Ok(())
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Found<Due>, StoreError> {
        let entries = self.lock();
        let connected = entries
            .values()
            .filter(|entry| !entry.removed && entry.connection.lifecycle == Lifecycle::Connected);
        let due = |Entry { connection, next_due, last_attempt, .. }: &Entry| {
            Due::of(connection.id, connection.settings.clone(), *next_due, *last_attempt)
        };
        let mut due: Vec<Due> = connected.map(due).filter(|due| due.timing.is_due(now)).collect();
        due.sort_by_key(|due| (due.timing.expected(), due.timing.id));
        due.truncate(limit);
        Ok(due.into())
    }

    async fn unfinished(&self, before: Timestamp, limit: usize) -> Result<Found<Connection>, StoreError> {
        let mut found = self.connections(None).await?;
        found.retain(|connection| {
            connection.created < before
                && matches!(connection.lifecycle, Lifecycle::Pending | Lifecycle::Removing)
        });
        found.truncate(limit);
        Ok(found.into())
    }
}

fn refuse_duplicate(
    entries: &BTreeMap<ConnectionId, Entry>,
    id: ConnectionId,
    new: &NewConnection,
) -> Result<(), StoreError> {
    let same = entries.values().find(|entry| {
        let old = &entry.connection.settings;
        !entry.removed
            && entry.connection.id != id
            && (&old.group, old.tenant_id, old.client_id) == (&new.group, new.tenant_id, new.client_id)
            && old.cloud.name() == new.cloud.name()
    });
    same.map_or(Ok(()), |entry| Err(StoreError::Duplicate(entry.connection.id)))
}

impl SyncStore for ModelStore {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        let mut entries = self.lock();
        let connected =
            |entry: &&mut Entry| !entry.removed && entry.connection.lifecycle == Lifecycle::Connected;
        let Some(entry) = entries.get_mut(&id).filter(connected) else { return Ok(Claimed::Inactive) };
        if claim.is_over(entry.last_attempt) {
            return Ok(Claimed::Over);
        }
        if let Some(until) = entry.lease_until.filter(|until| !has_passed(*until, LONGEST_LEASE, claim.now)) {
            return Ok(Claimed::Busy { until });
        }
        entry.fence += 1;
        entry.lease_until = Some(claim.until);
        entry.next_due = claim.next_due;
        entry.last_attempt = Some(claim.now);
        Ok(Claimed::Held {
            lease: Lease { connection: id, fence: entry.fence },
            connection: entry.connection.clone(),
            state: entry.state.clone(),
        })
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        let entries = self.lock();
        Ok(entries.get(&id).filter(|entry| !entry.removed).map(|entry| Seen {
            connection: entry.connection.clone(),
            state: entry.state.clone(),
            last_attempt: entry.last_attempt,
            fence: entry.fence,
            state_fence: None,
        }))
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.writable(lease, |entry| {
            entry.state = Some(state.clone());
            entry.next_due = next_due.unwrap_or(entry.next_due);
        })
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        if let Some(entry) = self.lock().get_mut(&lease.connection)
            && entry.fence == lease.fence
        {
            entry.lease_until = None;
        }
        Ok(())
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        if self.flaw == Some(Flaw::IgnoresFence) {
            let decided: Vec<Change> = self.writable(lease, |entry| {
                records.iter().map(|incoming| entry.change(kind, incoming)).collect()
            })?;
            self.gate.pass().await;
            let write = |entry: &mut Entry| {
                let pairs = records.iter().zip(decided);
                pairs.map(|(incoming, change)| entry.write(kind, incoming, change)).collect()
            };
            return self.writable(lease, write);
        }
        self.writable(lease, |entry| {
            let mut upserted = Vec::with_capacity(records.len());
            for incoming in records {
                let mut incoming = incoming.clone();
                let head = &mut incoming.record.head;
                head.created = head.created.map(ticks::truncate);
                head.updated = head.updated.map(ticks::truncate);
                incoming.answered = ticks::truncate(incoming.answered);
                match self.flaw {
                    // Neither exception is made for an answer that tells no time.
                    Some(Flaw::HoldsFuture) if incoming.over.is_none() => incoming.is_dated = false,
                    Some(Flaw::HoldsLater) => incoming.over = None,
                    _ => {}
                }
                let mut change = entry.change(kind, &incoming);
                if self.flaw == Some(Flaw::ComparesText) && is_older_as_text(entry, kind, &incoming) {
                    change = Change::Older { revision: 0 };
                }
                upserted.push(entry.write(kind, &incoming, change));
            }
            upserted
        })
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(&connection) else { return Ok(vec![None; ids.len()]) };
        let records = entry.records(kind);
        Ok(ids.iter().map(|id| records.get(id).map(|stored| stored.version.clone())).collect())
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        Ok(self.lock().get(&id).filter(|entry| !entry.removed).and_then(|entry| entry.state.clone()))
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        let entries = self.lock();
        let there = entries.get(&id).filter(|entry| !entry.removed);
        Ok(there.map_or_else(Progress::default, |entry| Progress {
            status: entry.state.as_ref().map(|state| state.status.clone()).unwrap_or_default(),
            last_attempt: entry.last_attempt,
            next_due: Some(entry.next_due),
            unreadable: false,
        }))
    }
}

/// `…:33.15Z` sorts before `…:33.1Z`, and `…:33.1Z` before `…:33Z`.
fn is_older_as_text(entry: &mut Entry, kind: RecordKind, incoming: &Incoming) -> bool {
    let stored = entry.records(kind).get(&incoming.record.head.id);
    let text = |updated: Option<Timestamp>| updated.map(|updated| updated.to_string());
    stored.is_some_and(|stored| text(incoming.record.head.updated) < text(stored.version.head.updated))
}
