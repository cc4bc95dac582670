//! How small and how fast it is: `tests/bench.sh` builds what this needs and runs it.

mod figures;
mod first;
mod idle;
mod list;
mod listener;
mod measure;
mod page;
mod process;
mod quota;
mod samples;
mod scale;
mod seeded;
mod serve;
mod server;
mod startup;
mod sync;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::list::Size;

/// Measures, and prints tables in Markdown.
#[derive(Debug, Parser)]
struct Options {
    /// The folder with the bootstraps
    #[arg(long, global = true, default_value = "target/bootstrap")]
    bootstraps: PathBuf,
    /// A Python with boto3, requests and msgraph-sdk
    #[arg(long, global = true, default_value = ".tools/bench/bin/python")]
    python: PathBuf,
    /// The folder with the scripts for it
    #[arg(long, global = true, default_value = "tests/bench/python")]
    scripts: PathBuf,
    /// The program that puts connections into an emulated AWS
    #[arg(long, global = true, default_value = "target/debug/examples/seeded")]
    seeded: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// From spawn to the first event
    Startup {
        #[arg(long, default_value_t = 41)]
        rounds: usize,
    },
    /// A cold start's first invocation
    First {
        #[arg(long, default_value_t = 15)]
        rounds: usize,
    },
    /// Idle connections in a warm bootstrap
    Idle {
        #[arg(long, default_value_t = 6)]
        rounds: usize,
    },
    /// Many idle connections in one process
    Scale {
        #[arg(long, value_delimiter = ',', default_values_t = [1_000, 2_500, 5_000, 10_000])]
        connections: Vec<u64>,
    },
    /// A first sync
    Sync {
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        #[arg(long, default_value_t = 3_000)]
        incidents: u32,
        #[arg(long, default_value_t = 9_000)]
        alerts: u32,
        /// Leave Microsoft's SDK out
        #[arg(long)]
        no_sdk: bool,
    },
    /// Peak memory by the number of pages
    Memory {
        #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
        pages: Vec<u32>,
    },
    /// Take one page so many times, for callgrind
    Page {
        #[arg(value_enum)]
        case: page::Case,
        times: u32,
    },
    /// Be the list server
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        incidents: u32,
        #[arg(long)]
        alerts: u32,
        #[arg(long, default_value_t = 1)]
        evidence: usize,
    },
    /// Be the tenants of many connections
    #[command(hide = true)]
    Tenants { count: u64 },
    /// Run a program, and tell what it used
    #[command(hide = true)]
    Measure {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<OsString>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Options { bootstraps, python, scripts, seeded, command } = Options::parse();
    match command {
        Command::Startup { rounds } => {
            let folder = tempfile::tempdir()?;
            startup::run(&startup::programs(folder.path(), &bootstraps, &python, &scripts)?, rounds)
        }
        Command::First { rounds } => first::run(&bootstraps, &seeded, rounds),
        Command::Idle { rounds } => idle::run(&bootstraps, &seeded, rounds),
        Command::Scale { connections } => scale::run(&connections).await,
        Command::Tenants { count } => server::until_left(scale::tenants(count)).await,
        Command::Sync { rounds, incidents, alerts, no_sdk } => {
            let size = Size { incidents, alerts, evidence: 1 };
            sync::run(&sync::tools(&python, &scripts), size, rounds, !no_sdk)
        }
        Command::Memory { pages } => sync::memory(&sync::tools(&python, &scripts), &pages),
        Command::Page { case, times } => page::run(case, times).await,
        Command::Serve { incidents, alerts, evidence } => {
            server::until_left(serve::run(Size { incidents, alerts, evidence })).await
        }
        Command::Measure { program } => measure::run(&program),
    }
}
