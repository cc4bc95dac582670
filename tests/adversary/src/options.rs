//! The command line.

use std::num::NonZero;
use std::path::PathBuf;
use std::thread::available_parallelism;

use adversary::mixture::Mixture;
use adversary::result::SeedResult;
use adversary::trial::Trial;
use clap::{Parser, Subcommand, ValueEnum};

/// In `mixed`, one seed in so many runs on SQLite.
const SQLITE_EVERY: u64 = 8;

/// Runs the engine against a hostile tenant in simulated time, then engines with a known bug, and prints
/// what was lost. Fails when the engine lost anything or a bug was not caught.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// One seed only; its figures are the same each time.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// With --seed: prints every run and request between these seconds after connecting, as FROM-TO.
    #[arg(long, value_parser = seconds)]
    pub(crate) trace: Option<(i64, i64)>,
    /// Days of one seed; the last day and a half are calm.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(2..))]
    days: u32,
    /// Tenant-years to simulate.
    #[arg(long, default_value_t = 1.1)]
    years: f64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from_seed: u64,
    /// Seeds at a time; by default one for each core.
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// What the engine writes to; one seed in eight is SQLite's where it is mixed.
    #[arg(long, value_enum, default_value = "mixed")]
    store: Store,
    /// Keeps each seed's result in this file, one JSON a line, and leaves out those that it has.
    #[arg(long)]
    pub(crate) resume: Option<PathBuf>,
    /// How hostile the tenant is: twisted is everything; full leaves out the kinds that came later, so that a seed gives
    /// what it gave before them; mild is what the engines with a known bug run on.
    #[arg(long, value_enum, default_value = "twisted")]
    mixture: Mixture,
    /// Only the engine.
    #[arg(long)]
    pub(crate) no_mutants: bool,
    /// Fails also when less was done than CI promises: a year, 100,000 updates, 50,000 looks, 30 days on SQLite, each kind
    /// of fault 1,000 times (wrong instants 400 times).
    #[arg(long)]
    pub(crate) ci: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads 100,000 incidents and 300,000 alerts within Microsoft's budget.
    Backfill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Store {
    Mixed,
    Model,
    Sqlite,
}

impl Options {
    pub(crate) fn threads(&self) -> usize {
        let cores = || available_parallelism().map_or(1, NonZero::get);
        self.threads.map_or_else(cores, NonZero::get)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of seeds")]
    pub(crate) fn seeds(&self) -> std::ops::Range<u64> {
        let seeds = (self.years * 365.0 / f64::from(self.days)).ceil() as u64;
        self.from_seed..self.from_seed + seeds
    }

    pub(crate) fn trial(&self, seed: u64) -> Trial {
        let sqlite = match self.store {
            Store::Mixed => seed.is_multiple_of(SQLITE_EVERY),
            Store::Model => false,
            Store::Sqlite => true,
        };
        Trial { mixture: self.mixture, ..Trial::full(seed, self.days, sqlite) }
    }

    /// Whether it is the result of a trial that these options ask for.
    pub(crate) fn is_trial_of(&self, result: &SeedResult) -> bool {
        let trial = self.trial(result.seed);
        (result.days, result.sqlite, result.mixture) == (trial.days.into(), trial.sqlite, trial.mixture)
    }
}

fn seconds(text: &str) -> Result<(i64, i64), String> {
    let both = text.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    both.ok_or_else(|| "two numbers of seconds, as 100-200".to_owned())
}
