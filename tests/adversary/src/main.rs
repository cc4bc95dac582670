//! Runs the adversary and prints what it found.

mod options;
mod resume;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use adversary::backfill;
use adversary::mutants::{self, Mutant};
use adversary::result::{Found, SeedResult};
use adversary::table::Total;
use adversary::trial::Trial;
use anyhow::Context;
use clap::Parser;
use sync_incidents::plan::StreamPlan;

use options::{Command, Options};
use resume::Kept;

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    if let Some(Command::Backfill) = options.command {
        let report = backfill::run()?;
        println!("{report}");
        return Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if let Some(seed) = options.seed {
        let trial = Trial { trace: options.trace, ..options.trial(seed) };
        let mut total = Total::default();
        total.add(&trial.run::<StreamPlan>());
        println!("{}", total.text());
        return Ok(exit(total.found.is_broken()));
    }
    let total = seeds(&options)?;
    println!("{}", total.text());
    let mut bad = total.found.is_broken();
    if !options.no_mutants {
        bad |= !mutant_table(&options);
    }
    if options.ci {
        for complaint in total.complaints() {
            println!("TOO LITTLE: {complaint}");
            bad = true;
        }
    }
    Ok(exit(bad))
}

fn exit(bad: bool) -> ExitCode {
    if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The engine against every seed that was asked for.
fn seeds(options: &Options) -> anyhow::Result<Total> {
    let kept = Kept::open(options.resume.as_deref())?;
    let done: BTreeMap<u64, SeedResult> = kept
        .read()?
        .into_iter()
        .filter(|result| options.is_trial_of(result))
        .map(|result| (result.seed, result))
        .collect();
    let left: Vec<u64> = options.seeds().filter(|seed| !done.contains_key(seed)).collect();
    let results = Mutex::new(done);
    let failure = Mutex::new(None);
    on_threads(options.threads(), &left, |seed| {
        let trial = options.trial(*seed);
        let result = trial.run::<StreamPlan>();
        if result.found.is_broken() {
            let (days, found) = shrunk(trial, &result);
            eprintln!("--seed {seed} --days {days}: {:?}", found.notes);
        }
        if let Err(error) = kept.append(&result) {
            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
        results.lock().unwrap_or_else(PoisonError::into_inner).insert(*seed, result);
    });
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error).context("a result could not be kept");
    }
    // In the order of the seeds, so that the figures are the same however the threads ran.
    let mut total = Total::default();
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    for result in results.values() {
        total.add(result);
    }
    Ok(total)
}

/// The fewest days in which the seed still breaks a promise, and what it finds then.
fn shrunk(trial: Trial, found: &SeedResult) -> (u32, Found) {
    let shorter = (2..trial.days).map(|days| (days, Trial { days, ..trial }.run::<StreamPlan>().found));
    shorter.into_iter().find(|(_, found)| found.is_broken()).unwrap_or((trial.days, found.found.clone()))
}

/// The most seeds that a mutant is given to lose something.
const MUTANT_SEEDS: u64 = 40;
const MUTANT_DAYS: u32 = 12;

/// Each mutant until its first loss; then the engine and the control on the same seeds. Whether each mutant
/// was caught and the others were not.
fn mutant_table(options: &Options) -> bool {
    let caught: Mutex<BTreeMap<usize, Option<SeedResult>>> = Mutex::new(BTreeMap::new());
    let numbers: Vec<usize> = (0..mutants::MUTANTS.len()).collect();
    on_threads(options.threads(), &numbers, |number| {
        let mutant = &mutants::MUTANTS[*number];
        let first = (1..=MUTANT_SEEDS).map(|seed| mutant.run(seed, MUTANT_DAYS)).find(SeedResult::has_loss);
        caught.lock().unwrap_or_else(PoisonError::into_inner).insert(*number, first);
    });
    let caught = caught.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{:<52} {:>5} {:>9}  first loss", "engine with a known bug", "seed", "day");
    for (number, first) in &caught {
        let name = mutants::MUTANTS[*number].name;
        match first {
            Some(result) => {
                println!("{name:<52} {:>5} {:>9.2}  {}", result.seed, result.days_run(), result.first_loss());
            }
            None => println!("{name:<52}     -         -  NOT CAUGHT"),
        }
    }
    let most = caught.values().flatten().map(|result| result.seed).max().unwrap_or(1);
    let seeds: Vec<u64> = (1..=most).collect();
    let mut good = caught.values().all(Option::is_some);
    for innocent in [&mutants::CONTROL, &mutants::ENGINE] {
        let losses = lost_by(innocent, options, &seeds);
        println!(
            "{:<52} {:>5} {:>9}  lost, stale or regressed: {losses}",
            innocent.name,
            format!("1-{most}"),
            "all"
        );
        good &= losses == 0;
    }
    good
}

fn lost_by(mutant: &Mutant, options: &Options, seeds: &[u64]) -> usize {
    let lost = AtomicUsize::new(0);
    on_threads(options.threads(), seeds, |seed| {
        let result = mutant.run(*seed, MUTANT_DAYS);
        if result.has_loss() {
            eprintln!("{}, seed {seed}: {:?}", mutant.name, result.found.notes);
            lost.fetch_add(1, Ordering::Relaxed);
        }
    });
    lost.into_inner()
}

fn on_threads<T: Sync>(threads: usize, work: &[T], run: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    run(item);
                }
            });
        }
    });
}
