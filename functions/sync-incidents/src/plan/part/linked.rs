//! By number and along links: where instants lead no further.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Effects, Flow, Mode, Part, Trail, reason};
use crate::plan::{Failed, Next, Taken};

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
}

impl Linked {
    /// How many rows the next page by number leaves out.
    pub(super) fn skip(&self, top: u16) -> u16 {
        self.met.saturating_sub((top / 4).clamp(1, MOST_SHARED)).min(MOST_SKIPPED)
    }

    /// One pass by number, the next along links: either may be what this tenant's Graph does not do.
    fn prefers_numbers(&self) -> bool {
        self.pass.is_multiple_of(2)
    }

    /// Takes in a page by number; whether it led further.
    fn count(&mut self, taken: &Taken<'_>, top: u16) -> bool {
        let is_joined = self.met == 0 || taken.rows.iter().any(|row| Some(&row.id) == self.last.as_ref());
        self.added |= !is_joined;
        let met = self.skip(top).saturating_add(u16::try_from(taken.total).unwrap_or(u16::MAX));
        let leads_on = met > self.met;
        if leads_on {
            self.met = met;
            self.last = taken.rows.last().map(|row| row.id.clone()).or(self.last.take());
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
        self.trail = Trail::default();
    }

    pub(super) fn took_linked(&mut self, taken: &Taken<'_>, effects: &mut Effects) -> Flow {
        let by_link = self.link.take().is_some();
        let is_full = taken.total >= usize::from(self.top);
        let Mode::Linked(walk) = &mut self.mode else { return Flow::Continue(()) };
        walk.added |= taken.rows.iter().any(|row| row.novelty.is_change());
        let leads_on = !by_link && walk.count(taken, self.top);
        let is_last = taken.next == Next::End && !is_full;
        if !is_last {
            let by_number = leads_on && walk.met < MOST_SKIPPED;
            match &taken.next {
                _ if by_number && walk.prefers_numbers() => return Flow::Continue(()),
                Next::Link(next) if self.trail.0.follow(next).is_ok() => {
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
        self.trail = Trail::default();
        if walk.again() { Flow::Continue(()) } else { self.set_aside("its links lead to no end", effects) }
    }

    pub(super) fn took_undated(&mut self, taken: &Taken<'_>) -> Flow {
        self.link = None;
        let dated = taken.rows.iter().any(|row| self.key(row).is_some());
        match &taken.next {
            Next::Link(next) if !dated && self.trail.0.follow(next).is_ok() => {
                self.link = Some(next.clone());
                Flow::Continue(())
            }
            _ => Flow::Break(()),
        }
    }

    /// Whether the ask is for rows further on, by number.
    pub(super) fn is_by_number(&self) -> bool {
        matches!(&self.mode, Mode::Linked(walk) if walk.met > 0)
    }

    /// An expired or refused link restarts the part where the walk stands; where it fails every time the
    /// walk goes on without links, and along links it counts as a pass without an end.
    pub(super) fn link_failed(
        &mut self,
        failed: Failed,
        fallback_end: Timestamp,
        effects: &mut Effects,
    ) -> Flow {
        self.trail = Trail::default();
        self.failures += 1;
        if let Mode::Linked(walk) = &mut self.mode {
            if !walk.again() {
                return self.set_aside(&reason(failed), effects);
            }
        } else if self.failures >= PASSES {
            self.distrust(&[], fallback_end);
        }
        Flow::Continue(())
    }

    pub(super) fn follow(&mut self, next: &Next, fallback_end: Timestamp) -> Flow {
        match next {
            Next::Link(next) if self.trail.0.follow(next).is_ok() => {
                self.link = Some(next.clone());
                Flow::Continue(())
            }
            Next::End | Next::Link(_) | Next::Foreign => {
                self.distrust(&[], fallback_end);
                Flow::Continue(())
            }
        }
    }
}
