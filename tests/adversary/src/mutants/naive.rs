//! A textbook walk, right but for the one bug that its number names.

use graph_auth::Cloud;
use graph_security::{Comparison, Condition, NextLink, Property, Query, RecordKind, Select};
use incident_store::Observed;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sync_incidents::plan::{Ask, Failure, Keep, Lane, Next, Plan, Standing, Taken, Target};

/// No bug.
pub const NOTHING: u8 = 0;
/// The next page begins after the last row's instant.
pub const GT_BOUNDARY: u8 = 1;
/// The next page skips the rows so far.
pub const SKIP_PAGING: u8 = 2;
/// Newest first, and the newest row is the cursor at once.
pub const NEWEST_FIRST: u8 = 3;
/// The cursor is moved with the first page, before the others are read and written.
pub const CURSOR_FIRST: u8 = 4;
/// Instants are rounded to seconds.
pub const SECONDS: u8 = 5;
/// The cursor is our own clock's.
pub const LOCAL_CLOCK: u8 = 6;
/// The next read begins where the last one ended.
pub const NO_OVERLAP: u8 = 7;
/// A page that fails is taken as the end.
pub const ERROR_IS_END: u8 = 8;
/// By `createdDateTime`.
pub const CREATED: u8 = 9;
/// Links are followed wherever there are some.
pub const LINKS_ONLY: u8 = 10;
/// A page without a link is the end, full or not.
pub const FULL_IS_END: u8 = 11;
/// An empty page is the end, link or not.
pub const EMPTY_IS_END: u8 = 12;
/// One page is enough.
pub const FIRST_PAGE: u8 = 13;

const OVERLAP: SignedDuration = SignedDuration::from_secs(300);
const TICK: SignedDuration = SignedDuration::from_nanos(100);

/// The walk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Naive<const BUG: u8> {
    kind: RecordKind,
    since: Timestamp,
    watermark: Option<Timestamp>,
    walk: Option<Walk>,
    #[serde(skip)]
    done: bool,
    #[serde(skip)]
    changes: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Walk {
    at: Timestamp,
    end: Option<Timestamp>,
    link: Option<NextLink>,
    skipped: usize,
    /// Along links within a tie: something was new in this pass.
    added: bool,
    newest: Option<Timestamp>,
}

impl<const BUG: u8> Naive<BUG> {
    fn query(&self, walk: &Walk) -> Query {
        let property = if BUG == CREATED { Property::Created } else { Property::Updated };
        let condition = |comparison, instant| Condition { property, comparison, instant };
        let mut filter = vec![condition(Comparison::Ge, walk.at)];
        filter.extend(walk.end.map(|end| condition(Comparison::Le, end)));
        Query {
            kind: self.kind,
            filter,
            order: property,
            top: self.kind.most_rows(),
            skip: 0,
            select: Select::Whole,
        }
    }

    /// What a typed query cannot say, said with a link of our own.
    fn by_hand(&self, query: &Query, from: &str, to: &str) -> Target {
        let endpoints = Cloud::Global.endpoints();
        let text = format!("https://graph.microsoft.com{}", query.path_and_query()).replace(from, to);
        match NextLink::check(&text, &endpoints, self.kind) {
            Ok(link) => Target::Link(link),
            Err(_) => Target::Page(query.clone()),
        }
    }

    fn finish(&mut self, at: Option<Timestamp>) {
        self.watermark = self.watermark.max(at);
        self.walk = None;
        self.done = true;
    }

    fn step(walk: &mut Walk, to: Timestamp) {
        walk.link = None;
        walk.at = match BUG {
            GT_BOUNDARY => to + TICK,
            SECONDS => to.round(jiff::Unit::Second).unwrap_or(to),
            _ => to,
        };
        walk.added = false;
    }
}

impl<const BUG: u8> Plan for Naive<BUG> {
    fn new(kind: RecordKind, since: Timestamp) -> Self {
        Self { kind, since, watermark: None, walk: None, done: false, changes: 0 }
    }

    fn ask(&mut self, lane: Lane, _: Timestamp) -> Option<Ask> {
        if lane != Lane::Live || self.done {
            return None;
        }
        let overlap = if BUG == NO_OVERLAP { SignedDuration::ZERO } else { OVERLAP };
        let from = self.watermark.map_or(self.since, |watermark| watermark - overlap);
        let walk = self.walk.take().unwrap_or(Walk {
            at: from,
            end: None,
            link: None,
            skipped: 0,
            added: false,
            newest: None,
        });
        let query = self.query(&walk);
        let target = match &walk.link {
            Some(link) => Target::Link(link.clone()),
            None if BUG == NEWEST_FIRST => self.by_hand(&query, "%20asc&", "%20desc&"),
            None if BUG == SKIP_PAGING && walk.skipped > 0 => {
                self.by_hand(&query, "&$top", &format!("&$skip={}&$top", walk.skipped))
            }
            None => Target::Page(query),
        };
        self.walk = Some(walk);
        Some(Ask { target, keep: Keep::All })
    }

    fn took(&mut self, taken: &Taken<'_>) {
        self.changes += 1;
        let Some(mut walk) = self.walk.take() else { return };
        walk.newest = walk.newest.max(taken.rows.iter().filter_map(|row| row.updated).max());
        walk.added |= taken.rows.iter().any(|row| row.novelty.is_change());
        let first = walk.end.is_none();
        walk.end = walk.end.or(taken.date);
        let end = match BUG {
            LOCAL_CLOCK => Some(taken.now),
            _ => walk.end,
        };
        let is_full = taken.total >= usize::from(self.kind.most_rows());
        let is_last = match BUG {
            FULL_IS_END => taken.next == Next::End,
            EMPTY_IS_END => taken.total == 0 || taken.next == Next::End && !is_full,
            FIRST_PAGE => true,
            _ => taken.next == Next::End && !is_full,
        };
        if BUG == CURSOR_FIRST && first {
            self.watermark = self.watermark.max(end);
        }
        if BUG == NEWEST_FIRST {
            self.watermark = self.watermark.max(walk.newest);
            match &taken.next {
                Next::Link(link) if !is_last => walk.link = Some(link.clone()),
                _ if is_full => {
                    // Full and no link: the same page again, until it has one.
                }
                _ => return self.finish(walk.newest),
            }
            self.walk = Some(walk);
            return;
        }
        if is_last {
            if walk.link.is_some() && walk.added && BUG != LINKS_ONLY {
                // A tie along links over a live list: until a pass adds nothing.
                walk.link = None;
                walk.added = false;
                self.walk = Some(walk);
                return;
            }
            return self.finish(end);
        }
        let last = taken.rows.iter().filter_map(|row| match BUG {
            CREATED => row.created,
            _ => row.updated,
        });
        match (&taken.next, last.max()) {
            (_, _) if BUG == SKIP_PAGING => walk.skipped += taken.total,
            (Next::Link(link), _) if BUG == LINKS_ONLY => walk.link = Some(link.clone()),
            (_, Some(last)) if last > walk.at => {
                if walk.link.is_some() && walk.added {
                    // Out of a tie, which was walked along links: once more, until a pass adds nothing.
                    walk.link = None;
                    walk.added = false;
                } else {
                    Self::step(&mut walk, last);
                }
            }
            (Next::Link(link), _) => walk.link = Some(link.clone()),
            // A full page of one instant and no link: the same again, until there is one.
            _ => walk.link = None,
        }
        self.walk = Some(walk);
    }

    fn failed(&mut self, _: &Failure, now: Timestamp) {
        self.changes += 1;
        let Some(walk) = &mut self.walk else { return };
        walk.link = None;
        if BUG == ERROR_IS_END {
            let end = walk.end.or(Some(now));
            self.finish(end);
        }
    }

    fn begin(&mut self) {
        self.done = false;
        // A walk that was not ended begins again, but for those that keep their place.
        if !matches!(BUG, SKIP_PAGING) {
            self.walk = None;
        }
    }

    fn changed(&mut self, _: &str) {}

    fn standing(&self) -> Standing<'_> {
        Standing {
            read_up_to: self.watermark,
            live_done: self.done,
            history_from: None,
            pending: false,
            outage: false,
            in_trouble: false,
            aside: &[],
            observed: Observed { overlap_seconds: 300, sweeps_stretched: 1, ..Observed::default() },
            changes: self.changes,
        }
    }
}
