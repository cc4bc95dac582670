//! Along links: where nothing else leads on.

use jiff::Timestamp;

use super::{Effects, Flow, Mode, Part, Trail, reason};
use crate::plan::{Failed, Next, Taken};

/// How often a link walk is repeated before what it walks is set aside: a list that still gives something
/// new in its fourth pass is changing faster than it can be read.
const PASSES: u8 = 4;

/// The most rows that `$skip` may leave out (security API error codes page).
const MOST_SKIPPED: u16 = 500;

impl Part {
    pub(super) fn enter_linked(&mut self) {
        self.mode = Mode::Linked { pass: 0, added: false, broken: false, met: 0, resumed: None };
        self.anchor.clear();
        self.link = None;
        self.trail = Trail::default();
    }

    pub(super) fn took_linked(&mut self, taken: &Taken<'_>, effects: &mut Effects) -> Flow {
        let by_link = self.link.take().is_some();
        let Mode::Linked { pass, added, broken, met, resumed } = &mut self.mode else {
            return Flow::Continue(());
        };
        *added |= taken.rows.iter().any(|row| row.novelty.is_change());
        if !by_link {
            // What a link led to is not counted: it may have been the same page once more.
            *met = met.saturating_add(u16::try_from(taken.total).unwrap_or(u16::MAX)).min(MOST_SKIPPED);
        }
        match &taken.next {
            Next::Link(next) if self.trail.0.follow(next).is_ok() => {
                self.link = Some(next.clone());
                return Flow::Continue(());
            }
            Next::End if taken.total < usize::from(self.top) => {}
            // A full page is never the last one, and a link that leads nowhere is no end: on by number, unless
            // that led here.
            Next::End | Next::Link(_) | Next::Foreign if *met < MOST_SKIPPED && *resumed != Some(*met) => {
                *resumed = Some(*met);
                return Flow::Continue(());
            }
            Next::End | Next::Link(_) | Next::Foreign => *broken = true,
        }
        // The end of a pass.
        *pass += 1;
        if !*added && !*broken {
            return Flow::Break(());
        }
        let give_up = *pass >= PASSES || (*broken && !*added);
        *added = false;
        *broken = false;
        (*met, *resumed) = (0, None);
        self.trail = Trail::default();
        if give_up { self.set_aside("its links lead to no end", effects) } else { Flow::Continue(()) }
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
        if let Mode::Linked { pass, added, met, resumed, .. } = &mut self.mode {
            *pass += 1;
            *added = false;
            (*met, *resumed) = (0, None);
            if *pass >= PASSES {
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
