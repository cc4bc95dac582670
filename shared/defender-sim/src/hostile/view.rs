//! A front end's own idea of the lists: each change reaches it when it becomes visible, plus its lag.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::query::Property;
use super::version::Version;
use crate::Kind;

#[derive(Debug)]
pub(super) struct View {
    pub(super) lag: i64,
    /// When, and which version.
    pending: BinaryHeap<Reverse<(i64, u32)>>,
    lists: [List; 2],
}

/// One list: of each record the newest version that has arrived.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) current: Vec<Option<u32>>,
    by_updated: BTreeSet<(i64, u32)>,
    by_created: BTreeSet<(i64, u32)>,
}

impl View {
    pub(super) fn new(lag: i64) -> Self {
        Self { lag, pending: BinaryHeap::new(), lists: [List::default(), List::default()] }
    }

    pub(super) fn list(&self, kind: Kind) -> &List {
        &self.lists[kind as usize]
    }

    pub(super) fn expect(&mut self, visible: i64, version: u32) {
        self.pending.push(Reverse((visible + self.lag, version)));
    }

    /// Everything that has arrived by `now`.
    pub(super) fn advance(&mut self, now: i64, versions: &[Version]) {
        while let Some(Reverse((at, index))) = self.pending.peek().copied() {
            if at > now {
                return;
            }
            self.pending.pop();
            let version = &versions[index as usize];
            self.lists[version.kind as usize].put(index, versions);
        }
    }
}

impl List {
    fn put(&mut self, index: u32, versions: &[Version]) {
        let version = &versions[index as usize];
        let record = version.record;
        if self.current.len() <= record as usize {
            self.current.resize(record as usize + 1, None);
        }
        let current = &mut self.current[record as usize];
        if current.is_some_and(|current| current > index) {
            return;
        }
        if let Some(old) = current.replace(index) {
            let old = &versions[old as usize];
            self.by_updated.remove(&(old.key(Property::Updated), record));
            self.by_created.remove(&(old.key(Property::Created), record));
        }
        self.by_updated.insert((version.key(Property::Updated), record));
        self.by_created.insert((version.key(Property::Created), record));
    }

    pub(super) fn index(&self, by: Property) -> &BTreeSet<(i64, u32)> {
        match by {
            Property::Updated => &self.by_updated,
            Property::Created => &self.by_created,
        }
    }

    /// The version of a record that this list shows.
    pub(super) fn version(&self, record: u32) -> Option<u32> {
        self.current.get(record as usize).copied().flatten()
    }
}
