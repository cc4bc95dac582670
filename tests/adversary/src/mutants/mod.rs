//! Engines with a known bug, each of which must lose something: the check can fail.
//!
//! Most are a textbook walk with one thing wrong ([`naive`]); its twin with nothing wrong is the control. They run on
//! the mild mixture, in which the control and the engine lose nothing, so that the loss is the bug's. The others are the
//! engine, with a bug in what it believes ([`clocks`]), in its store or in its network ([`Flaw`]). Some of them run on
//! the whole mixture, in which the engine loses nothing.

pub mod clocks;
pub mod naive;

use sync_incidents::plan::StreamPlan;

use crate::mixture::Mixture;
use crate::result::SeedResult;
use crate::store::Flaw;
use crate::trial::Trial;
use clocks::Believing;
use naive::Naive;

/// A planning, or the engine's own with another store or network.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// What is wrong with it.
    pub name: &'static str,
    run: fn(Trial) -> SeedResult,
    mixture: Mixture,
    flaw: Option<Flaw>,
}

impl Mutant {
    /// One seed of its mixture, until the first loss.
    #[must_use]
    pub fn run(&self, seed: u64, days: u32) -> SeedResult {
        let (mixture, flaw) = (self.mixture, self.flaw);
        let trial = Trial { mixture, flaw, until_broken: true, ..Trial::full(seed, days, false) };
        (self.run)(trial)
    }
}

const fn planned<const BUG: u8>(name: &'static str) -> Mutant {
    Mutant { name, run: Trial::run::<Naive<BUG>>, mixture: Mixture::Mild, flaw: None }
}

const fn flawed(name: &'static str, mixture: Mixture, flaw: Flaw) -> Mutant {
    Mutant { name, run: Trial::run::<StreamPlan>, mixture, flaw: Some(flaw) }
}

/// The engine itself, under the mutants' seeds of the mild mixture. On the whole mixture the trials are its.
pub const ENGINE: Mutant =
    Mutant { name: "the engine", run: Trial::run::<StreamPlan>, mixture: Mixture::Mild, flaw: None };

/// The textbook walk with nothing wrong.
pub const CONTROL: Mutant = planned::<{ naive::NOTHING }>("control: a textbook walk without a known bug");

/// All of them.
pub const MUTANTS: &[Mutant] = &[
    planned::<{ naive::GT_BOUNDARY }>("gt boundary between pages"),
    planned::<{ naive::SKIP_PAGING }>("$skip over a live list"),
    planned::<{ naive::NEWEST_FIRST }>("cursor from the newest row of a newest-first page"),
    planned::<{ naive::CURSOR_FIRST }>("cursor moved before the rest is written"),
    planned::<{ naive::SECONDS }>("second precision, rounded"),
    flawed("string comparison of instants", Mixture::Mild, Flaw::ComparesText),
    planned::<{ naive::LOCAL_CLOCK }>("local clock"),
    planned::<{ naive::NO_OVERLAP }>("no overlap"),
    planned::<{ naive::ERROR_IS_END }>("a page error taken as the end"),
    planned::<{ naive::CREATED }>("created instead of updated time"),
    flawed("unfenced lease", Mixture::Mild, Flaw::IgnoresFence),
    planned::<{ naive::LINKS_ONLY }>("nextLink over a live list"),
    planned::<{ naive::FULL_IS_END }>("full page without a link taken as the end"),
    planned::<{ naive::EMPTY_IS_END }>("empty page taken as the end"),
    planned::<{ naive::FIRST_PAGE }>("first page only"),
    flawed("one list's Retry-After kept to by both", Mixture::Twisted, Flaw::OneWaitForBoth),
    flawed("one list's refusal taken for both", Mixture::Twisted, Flaw::OneRefusalForBoth),
    Mutant {
        name: "a clock that was ahead believed for ever",
        run: Trial::run::<Believing>,
        mixture: Mixture::Twisted,
        flaw: None,
    },
    flawed("an instant of the future held for ever", Mixture::Twisted, Flaw::HoldsFuture),
    flawed("an instant that went back not taken", Mixture::Twisted, Flaw::HoldsLater),
];
