//! Which rows a page holds, and whether a link says that there are more.

use std::collections::VecDeque;
use std::sync::Arc;

use fastrand::Rng;

use super::hostility::{Hostility, Links, Order};
use super::injected::{Hostile, Injected};
use super::query::{Position, Property, Query};
use super::version::Version;
use super::view::List;
use crate::Kind;

/// Snapshots are kept for so many further ones; then their links have expired.
const SNAPSHOTS: usize = 32;

/// A page: its versions, and where the next one begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) versions: Vec<u32>,
    pub(super) next: Option<Position>,
}

#[derive(Debug, Default)]
pub(super) struct Snapshots {
    taken: u64,
    kept: VecDeque<(u64, Arc<[u32]>)>,
}

impl Snapshots {
    fn take(&mut self, versions: Vec<u32>) -> u64 {
        self.taken += 1;
        if self.kept.len() == SNAPSHOTS {
            self.kept.pop_front();
        }
        self.kept.push_back((self.taken, versions.into()));
        self.taken
    }

    fn find(&self, number: u64) -> Option<Arc<[u32]>> {
        self.kept.iter().find(|(known, _)| *known == number).map(|(_, versions)| versions.clone())
    }
}

/// What a list request is answered from.
pub(super) struct Shelf<'a> {
    pub(super) list: &'a List,
    pub(super) versions: &'a [Version],
    pub(super) hostility: &'a Hostility,
    /// Nothing new goes wrong any more.
    pub(super) calm: bool,
}

impl Shelf<'_> {
    /// Cuts a page; `None` when its snapshot is gone.
    pub(super) fn cut(
        &self,
        query: &Query,
        snapshots: &mut Snapshots,
        rng: &mut Rng,
        injected: &mut Injected,
    ) -> Option<Cut> {
        let hostility = self.hostility;
        let mut wanted = query.top;
        let (short, empty) = (rng.f64() < hostility.short, rng.f64() < hostility.empty);
        if empty {
            wanted = 0;
        } else if short && wanted > 1 {
            wanted = 1 + rng.usize(..wanted - 1);
        }
        // A snapshot is of the whole rest.
        let most = if hostility.links == Links::Snapshot { usize::MAX } else { wanted + 1 };
        let (offset, rows, first_skip) = match query.position {
            Position::Snapshot(number, from) => {
                let rows = snapshots.find(number)?;
                (Some((number, from)), rows[from.min(rows.len())..].to_vec(), 0)
            }
            Position::Skip(skip) => (None, self.matching(query, skip, most), skip),
            Position::Start | Position::After(..) => (None, self.matching(query, 0, most), 0),
        };
        let more = rows.len() > wanted;
        let mut cut: Vec<u32> = rows[..wanted.min(rows.len())].to_vec();
        let is_full = cut.len() == query.top;
        if !more {
            let nothing = !cut.is_empty() && !self.calm && rng.f64() < hostility.link_to_nothing;
            if !nothing {
                return Some(Cut { versions: cut, next: None });
            }
            injected.count(Hostile::LinkToNothing);
        } else if is_full && !self.calm && rng.f64() < hostility.unlinked {
            injected.count(Hostile::FullUnlinked);
            return Some(Cut { versions: cut, next: None });
        } else if cut.is_empty() {
            injected.count(Hostile::EmptyPage);
        } else if !is_full {
            injected.count(Hostile::ShortPage);
        }
        let next = match (offset, hostility.links) {
            (Some((number, from)), _) => Position::Snapshot(number, from + cut.len()),
            (None, Links::Snapshot) => {
                injected.count(Hostile::SnapshotLink);
                let taken = cut.len();
                Position::Snapshot(snapshots.take(rows), taken)
            }
            (None, Links::Offset) => {
                injected.count(Hostile::OffsetLink);
                Position::Skip(first_skip + cut.len())
            }
            (None, Links::Keyset) => {
                injected.count(Hostile::KeysetLink);
                match (cut.last(), query.position) {
                    (Some(last), _) => {
                        let last = &self.versions[*last as usize];
                        Position::After(last.key(self.sort(query).0), last.record)
                    }
                    (None, position @ Position::After(..)) => position,
                    (None, _) => Position::Skip(0),
                }
            }
        };
        cut.shrink_to_fit();
        Some(Cut { versions: cut, next: Some(next) })
    }

    /// By what the rows are sorted, and whether the greatest comes first.
    fn sort(&self, query: &Query) -> (Property, bool) {
        match self.hostility.order {
            Order::Honoured => (query.order, query.descending),
            Order::NewestFirst => (Property::Created, true),
        }
    }

    /// Up to `most` matching versions in order, from the query's position and so many further on.
    fn matching(&self, query: &Query, skip: usize, most: usize) -> Vec<u32> {
        let (by, descending) = self.sort(query);
        let other = match by {
            Property::Created => Property::Updated,
            Property::Updated => Property::Created,
        };
        let inside = |index: &u32, of: Property| {
            let key = self.versions[*index as usize].key(of);
            query.bounds(of).is_none_or(|(from, to)| from <= key && key <= to)
        };
        let behind = |entry: &(i64, u32)| match query.position {
            Position::After(key, record) if descending => *entry < (key, record),
            Position::After(key, record) => *entry > (key, record),
            _ => true,
        };
        let version = |entry: &(i64, u32)| self.list.version(entry.1);
        if query.bounds(by).is_none() && query.bounds(other).is_some() {
            // Found by one property, sorted by the other.
            let (from, to) = query.bounds(other).unwrap_or((i64::MIN, i64::MAX));
            if from > to {
                return Vec::new();
            }
            let found = self.list.index(other).range((from, 0)..=(to, u32::MAX));
            let mut rows: Vec<(i64, u32)> = found
                .filter_map(|entry| Some((self.versions[version(entry)? as usize].key(by), entry.1)))
                .filter(behind)
                .collect();
            rows.sort_unstable();
            if descending {
                rows.reverse();
            }
            return rows.iter().filter_map(version).skip(skip).take(most).collect();
        }
        let (mut from, mut to) = query.bounds(by).unwrap_or((i64::MIN, i64::MAX));
        match query.position {
            Position::After(key, _) if descending => to = to.min(key),
            Position::After(key, _) => from = from.max(key),
            _ => {}
        }
        if from > to {
            return Vec::new();
        }
        let range = self.list.index(by).range((from, 0)..=(to, u32::MAX));
        let rows: Box<dyn Iterator<Item = &(i64, u32)>> =
            if descending { Box::new(range.rev()) } else { Box::new(range) };
        rows.filter(|entry| behind(entry))
            .filter_map(version)
            .filter(|index| inside(index, other))
            .skip(skip)
            .take(most)
            .collect()
    }
}

/// The link's own part of a query string.
pub(super) fn link_option(position: Position) -> String {
    match position {
        Position::Start => "$skiptoken=o0.0".to_owned(),
        Position::Skip(rows) => format!("$skiptoken=o{rows}.0"),
        Position::Snapshot(number, from) => format!("$skiptoken=s{number}.{from}"),
        Position::After(key, record) => format!("$skiptoken=k{key}.{record}"),
    }
}

/// The list's path.
pub(super) fn path(kind: Kind) -> &'static str {
    match kind {
        Kind::Incidents => "/v1.0/security/incidents",
        Kind::Alerts => "/v1.0/security/alerts_v2",
    }
}
