//! Which rows a page has: an index is read from where the filter begins, and no further than the page.

use super::options::Options;
use super::position::Position;
use super::resource::Resource;
use crate::table::{DateProperty, Key, Slot, Table, ticks};

/// The rows of a page, and what stands after them.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Slot>,
    /// The last row's place, where there are more rows.
    pub(crate) next: Option<Position>,
    /// How many rows the whole list has, if that was asked for.
    pub(crate) count: Option<usize>,
}

/// The page that the options ask for, of all records or of some.
pub(crate) fn page<R: Resource>(table: &Table<R>, among: Option<&[Slot]>, options: &Options) -> Page {
    let bounds =
        |property| options.filter.as_ref().map_or((i64::MIN, i64::MAX), |filter| filter.bounds(property));
    let bounded = |property| bounds(property) != (i64::MIN, i64::MAX);
    let other = match options.order {
        DateProperty::LastUpdate => DateProperty::Created,
        _ => DateProperty::LastUpdate,
    };
    let by_other = bounded(other) && !bounded(options.order);
    match (among, table.index(options.order), table.index(other)) {
        (Some(among), ..) => gather(table, among.iter().copied(), options),
        (None, Some(index), _) if !by_other => {
            let range = range(bounds(options.order));
            match range {
                Some((low, high)) if options.descending => {
                    take(table, index.range(low..=high).rev().copied(), options)
                }
                Some((low, high)) => take(table, index.range(low..=high).copied(), options),
                None => take(table, std::iter::empty(), options),
            }
        }
        (None, _, Some(index)) if bounded(other) => {
            let slots =
                range(bounds(other)).map(|(low, high)| index.range(low..=high).map(|(_, slot)| *slot));
            gather(table, slots.into_iter().flatten(), options)
        }
        (None, ..) => gather(table, table.all(), options),
    }
}

fn range((low, high): (i64, i64)) -> Option<(Key, Key)> {
    (low <= high).then_some(((low, Slot::MIN), (high, Slot::MAX)))
}

/// Puts slots in order first.
fn gather<R: Resource>(table: &Table<R>, slots: impl Iterator<Item = Slot>, options: &Options) -> Page {
    let mut keys: Vec<Key> = slots.map(|slot| (ticks(table.record(slot), options.order), slot)).collect();
    keys.sort_unstable();
    if options.descending {
        keys.reverse();
    }
    take(table, keys.into_iter(), options)
}

fn take<R: Resource>(table: &Table<R>, keys: impl Iterator<Item = Key>, options: &Options) -> Page {
    let mut page = Page { rows: Vec::new(), next: None, count: None };
    let mut last = None;
    let mut more = false;
    let mut matching = 0;
    for key in keys {
        if options.filter.as_ref().is_some_and(|filter| !filter.holds(table.record(key.1))) {
            continue;
        }
        matching += 1;
        let passed = options.after.is_some_and(
            |Position(after)| {
                if options.descending { key >= after } else { key <= after }
            },
        );
        if passed || more || (options.after.is_none() && matching <= options.skip) {
            continue;
        }
        if page.rows.len() < options.top {
            page.rows.push(key.1);
            last = Some(Position(key));
            continue;
        }
        more = true;
        if !options.count {
            break;
        }
    }
    page.next = last.filter(|_| more);
    page.count = options.count.then_some(matching);
    page
}
