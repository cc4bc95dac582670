//! Seeds that found something once, a few more, and proof that the check can fail: minutes of simulated
//! years are the binary's.

use adversary::mutants::{self, MUTANTS};
use adversary::trial::Trial;
use sync_incidents::plan::StreamPlan;

/// Seeds on which an earlier engine broke a promise, and the days that it took.
const KEPT: &[(u64, u32, &str)] = &[
    (14, 3, "a literal was rounded past a tie, and a row of it that had moved vouched for the others"),
    (
        75,
        5,
        "pages of one walk came from front ends that lag each other, and both passes missed the same row",
    ),
    (168, 6, "a sweep that was due was not pending while there was no time for it"),
    (203, 3, "a walk that began anew after an outage stood on an instant whose literal was rounded past it"),
];

#[test]
fn a_seed_that_found_a_bug_finds_it_no_more() {
    for (seed, days, bug) in KEPT {
        let result = Trial::full(*seed, *days, false).run::<StreamPlan>();
        assert!(!result.found.is_broken(), "seed {seed}, {bug}: {:?}", result.found.notes);
    }
}

#[test]
fn nothing_is_lost_on_sqlite_either() {
    // The one claims each time, as the desk does; the other looks first, as on AWS.
    for (seed, looks) in [(8, 0), (24, 500)] {
        let result = Trial::full(seed, 3, true).run::<StreamPlan>();
        println!("seed {seed}: {} runs, {} of them looks", result.runs, result.looks);
        assert!(!result.found.is_broken(), "{:?}", result.found.notes);
        assert!(
            result.found.updates > 100 && result.runs > 1_000,
            "{} {}",
            result.found.updates,
            result.runs
        );
        assert!(result.looks >= looks && (looks > 0) == (result.looks > 0), "{} of {looks}", result.looks);
    }
}

#[test]
fn a_seed_gives_the_same_figures_each_time() {
    let trial = Trial::full(3, 2, false);
    assert_eq!(trial.run::<StreamPlan>(), trial.run::<StreamPlan>());
}

#[test]
fn engines_with_a_known_bug_are_caught_and_their_twin_without_one_is_not() {
    let two = || MUTANTS.iter().filter(|mutant| ["local clock", "no overlap"].contains(&mutant.name));
    assert_eq!(two().count(), 2);
    for mutant in two() {
        assert!((1..9).any(|seed| mutant.run(seed, 4).has_loss()), "{} was not caught", mutant.name);
    }
    let result = mutants::CONTROL.run(1, 4);
    assert!(!result.has_loss() && result.found.updates > 0, "{:?}", result.found.notes);
}
