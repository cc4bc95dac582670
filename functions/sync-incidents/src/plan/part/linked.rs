//! By number and along links: where instants lead no further.

use graph_security::LinkTrail;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Effects, Flow, Mode, Part, ceil_second, floor_second, key_of};
use crate::plan::{Failure, Next, Row, Taken};

/// How often such a walk is repeated before what it walks is set aside: a list that still gives something
/// new in its sixth pass is changing faster than it can be read.
const PASSES: u8 = 6;

/// The most rows that `$skip` may leave out (security API error codes page).
const MOST_SKIPPED: u16 = 500;

/// How many rows of the last page the next one by number begins with, at most.
const MOST_SHARED: u16 = 10;

/// Where the walk stands. A page by number begins with rows of the last one, so that it is seen when the list
/// moved in between or the page came from another front end: a link may pass over rows then. Links are for
/// what `$skip` does not reach.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Linked {
    pass: u8,
    /// Something was new in this pass, or something may have been passed over.
    added: bool,
    /// Something in this pass led nowhere.
    broken: bool,
    /// Rows that were met by number in this pass.
    met: u16,
    /// The last of them: the next page by number holds it, too.
    last: Option<String>,
    /// How many rows that page leaves out.
    pub(super) skip: u16,
}

impl Linked {
    /// One pass by number, the next along links: either may be what this tenant's Graph does not do.
    fn prefers_numbers(&self) -> bool {
        self.pass.is_multiple_of(2)
    }

    /// Takes in a page by number; whether it led further.
    fn count(&mut self, taken: &Taken<'_>) -> bool {
        let is_joined = self.met == 0 || taken.rows.iter().any(|row| Some(&row.id) == self.last.as_ref());
        self.added |= !is_joined;
        let total = u16::try_from(taken.total).unwrap_or(u16::MAX);
        let met = self.skip.saturating_add(total);
        let last = taken.rows.last().map(|row| row.id.clone());
        // Where `$skip` is not honoured it is the same page again.
        let leads_on = met > self.met && (last.is_none() || last != self.last);
        if leads_on {
            self.met = met;
            self.skip = met.saturating_sub((total / 4).clamp(1, MOST_SHARED)).min(MOST_SKIPPED);
            self.last = last.or(self.last.take());
        }
        leads_on
    }

    /// The next pass; false when there were enough.
    fn again(&mut self) -> bool {
        *self = Self { pass: self.pass + 1, ..Self::default() };
        self.pass < PASSES
    }
}

impl Part {
    pub(super) fn enter_linked(&mut self) {
        self.mode = Mode::Linked(Linked::default());
        self.anchor.clear();
        self.link = None;
        self.trail = LinkTrail::default();
    }

    pub(super) fn took_linked(&mut self, taken: &Taken<'_>, effects: &mut Effects) -> Flow {
        let by_link = self.link.take().is_some();
        let is_full = taken.total >= usize::from(self.top);
        // What changes elsewhere meanwhile, where the filter is ignored, is no reason for another pass.
        let is_new = taken.rows.iter().any(|row| row.novelty.is_change() && self.is_about(row));
        let Mode::Linked(walk) = &mut self.mode else { return Flow::Continue(()) };
        walk.added |= is_new;
        let leads_on = !by_link && walk.count(taken);
        let is_last = taken.next == Next::End && !is_full;
        if !is_last {
            let by_number = leads_on && walk.met < MOST_SKIPPED;
            match &taken.next {
                _ if by_number && walk.prefers_numbers() => return Flow::Continue(()),
                Next::Link(next) if self.trail.follow(next).is_ok() => {
                    self.link = Some(next.clone());
                    return Flow::Continue(());
                }
                _ if by_number => return Flow::Continue(()),
                _ => walk.broken = true,
            }
        }
        // The end of a pass.
        if !walk.added && !walk.broken {
            return Flow::Break(());
        }
        self.trail = LinkTrail::default();
        if !walk.again() {
            return self.set_aside(taken.why("its links lead to no end"), effects);
        }
        // A last page that is full looks like one behind which there is more: cut otherwise it is not full.
        self.top = (self.top - 1).max(2);
        Flow::Continue(())
    }

    pub(super) fn took_undated(&mut self, taken: &Taken<'_>) -> Flow {
        self.link = None;
        if taken.rows.iter().any(|row| self.key(row).is_some()) {
            return Flow::Break(());
        }
        let is_full = taken.total >= usize::from(self.top);
        let Mode::Undated { met } = &mut self.mode else { return Flow::Continue(()) };
        let is_within = *met < MOST_SKIPPED;
        *met = met.saturating_add(u16::try_from(taken.total).unwrap_or(u16::MAX)).min(MOST_SKIPPED);
        match &taken.next {
            Next::Link(next) if self.trail.follow(next).is_ok() => {
                self.link = Some(next.clone());
                Flow::Continue(())
            }
            _ if is_full && is_within => Flow::Continue(()),
            _ => Flow::Break(()),
        }
    }

    /// Whether the ask is for rows further on, by number.
    pub(super) fn is_by_number(&self) -> bool {
        matches!(&self.mode, Mode::Linked(walk) if walk.met > 0)
    }

    /// Whether a row lies in what is walked, to the second.
    fn is_about(&self, row: &Row) -> bool {
        let is_in = |key: Option<Timestamp>, from: Option<Timestamp>, to: Option<Timestamp>| {
            key >= from.map(floor_second) && to.is_none_or(|to| key <= Some(ceil_second(to)))
        };
        let fixed = self.fixed.is_none_or(|(by, from, to)| is_in(key_of(row, by), Some(from), Some(to)));
        fixed && is_in(self.key(row), self.at, self.to)
    }

    /// An expired or refused link restarts the part where the walk stands, without links; in a walk along
    /// links it ends the pass.
    pub(super) fn link_failed(
        &mut self,
        failure: &Failure,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        self.trail = LinkTrail::default();
        match &mut self.mode {
            Mode::Linked(walk) => {
                if walk.again() {
                    return Flow::Continue(());
                }
                self.set_aside(failure.why(), effects)
            }
            Mode::Undated { .. } => {
                self.refused += 1;
                // On by number; or the next daily sweep looks again.
                if self.refused < PASSES { Flow::Continue(()) } else { Flow::Break(()) }
            }
            _ => {
                self.distrust(&[], fallback_end);
                Flow::Continue(())
            }
        }
    }

    /// On from a page that leads no further by itself.
    pub(super) fn follow(&mut self, next: &Next, fallback_end: Timestamp) -> Flow {
        match next {
            Next::Link(next) if self.trail.follow(next).is_ok() => self.link = Some(next.clone()),
            Next::End | Next::Link(_) | Next::Foreign => self.distrust(&[], fallback_end),
        }
        Flow::Continue(())
    }
}
