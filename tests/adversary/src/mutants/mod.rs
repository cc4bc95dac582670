//! Engines with a known bug, each of which must lose something: the check can fail.
//!
//! Most are a textbook walk with one thing wrong ([`naive`]); its twin with nothing wrong is the control.
//! Two have their bug in the store. All run on the mild mixture, in which the control and the engine lose
//! nothing, so that the loss is the bug's.

pub mod naive;

use sync_incidents::plan::StreamPlan;

use crate::result::SeedResult;
use crate::store::Flaw;
use crate::trial::{Mixture, Trial};
use naive::Naive;

/// A planning, or the engine's own with another store.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// What is wrong with it.
    pub name: &'static str,
    run: fn(Trial) -> SeedResult,
    flaw: Option<Flaw>,
}

impl Mutant {
    /// One seed of the mild mixture, until the first loss.
    #[must_use]
    pub fn run(&self, seed: u64, days: u32) -> SeedResult {
        let trial = Trial {
            mixture: Mixture::Mild,
            flaw: self.flaw,
            until_broken: true,
            ..Trial::full(seed, days, false)
        };
        (self.run)(trial)
    }
}

const fn planned<const BUG: u8>(name: &'static str) -> Mutant {
    Mutant { name, run: Trial::run::<Naive<BUG>>, flaw: None }
}

/// The engine itself, under the mutants' seeds.
pub const ENGINE: Mutant = Mutant { name: "the engine", run: Trial::run::<StreamPlan>, flaw: None };

/// The textbook walk with nothing wrong.
pub const CONTROL: Mutant = planned::<{ naive::NOTHING }>("control: a textbook walk without a known bug");

/// All of them.
pub const MUTANTS: &[Mutant] = &[
    planned::<{ naive::GT_BOUNDARY }>("gt boundary between pages"),
    planned::<{ naive::SKIP_PAGING }>("$skip over a live list"),
    planned::<{ naive::NEWEST_FIRST }>("cursor from the newest row of a newest-first page"),
    planned::<{ naive::CURSOR_FIRST }>("cursor moved before the rest is written"),
    planned::<{ naive::SECONDS }>("second precision, rounded"),
    Mutant {
        name: "string comparison of instants",
        run: Trial::run::<StreamPlan>,
        flaw: Some(Flaw::ComparesText),
    },
    planned::<{ naive::LOCAL_CLOCK }>("local clock"),
    planned::<{ naive::NO_OVERLAP }>("no overlap"),
    planned::<{ naive::ERROR_IS_END }>("a page error taken as the end"),
    planned::<{ naive::CREATED }>("created instead of updated time"),
    Mutant { name: "unfenced lease", run: Trial::run::<StreamPlan>, flaw: Some(Flaw::IgnoresFence) },
    planned::<{ naive::LINKS_ONLY }>("nextLink over a live list"),
    planned::<{ naive::FULL_IS_END }>("full page without a link taken as the end"),
    planned::<{ naive::EMPTY_IS_END }>("empty page taken as the end"),
    planned::<{ naive::FIRST_PAGE }>("first page only"),
];
