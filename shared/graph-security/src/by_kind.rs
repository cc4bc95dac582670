//! One value for each kind of record.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

use crate::RecordKind;

/// One value for each [`RecordKind`]. A further kind is one field more here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByKind<T> {
    /// Of [`RecordKind::Incident`].
    pub incidents: T,
    /// Of [`RecordKind::Alert`].
    pub alerts: T,
}

impl<T> ByKind<T> {
    /// What `make` gives for each kind.
    pub fn from_fn(mut make: impl FnMut(RecordKind) -> T) -> Self {
        Self { incidents: make(RecordKind::Incident), alerts: make(RecordKind::Alert) }
    }

    /// Each kind's value, incidents first.
    pub fn iter(&self) -> impl Iterator<Item = (RecordKind, &T)> {
        RecordKind::ALL.into_iter().map(|kind| (kind, &self[kind]))
    }

    /// Each kind's value, incidents first.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }

    /// Each kind's value, incidents first.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        [&mut self.incidents, &mut self.alerts].into_iter()
    }

    /// What `change` makes of each kind's value.
    pub fn map<R>(self, mut change: impl FnMut(T) -> R) -> ByKind<R> {
        ByKind { incidents: change(self.incidents), alerts: change(self.alerts) }
    }
}

impl<T> Index<RecordKind> for ByKind<T> {
    type Output = T;

    fn index(&self, kind: RecordKind) -> &T {
        match kind {
            RecordKind::Incident => &self.incidents,
            RecordKind::Alert => &self.alerts,
        }
    }
}

impl<T> IndexMut<RecordKind> for ByKind<T> {
    fn index_mut(&mut self, kind: RecordKind) -> &mut T {
        match kind {
            RecordKind::Incident => &mut self.incidents,
            RecordKind::Alert => &mut self.alerts,
        }
    }
}
