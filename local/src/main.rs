//! `soc-anywhere`: Microsoft Defender's incidents and alerts in a store on one machine, with a page to look
//! at them.

mod alive;
mod args;
mod care;
mod connection_test;
mod connections;
mod desk;
mod enter;
mod environment;
mod failure;
mod incidents;
mod input;
mod logs;
mod network;
mod report;
mod secret_input;
mod secrets;
mod serve;
mod simulated;
mod sync;
mod testing;
mod text;
mod view;
mod watched;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Command, CommandLine, ConnectionsCommand};
use desk::{Desk, StorePath};
use environment::Environment;
use failure::{Failure, Verdict};

/// The store of every command but `serve`, in the data folder.
const STORE: &str = "soc-anywhere.db";

/// `serve`'s own, so that trying it out touches nobody's connections.
const DEMO: &str = "demo.db";

// One thread beside the store's: more of them, one for each core, want more memory and have nothing to do.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(CommandLine::parse()).await {
        Ok(verdict) => verdict.into(),
        Err(failure) => {
            let exit_code = failure.exit_code();
            if exit_code != ExitCode::SUCCESS {
                eprintln!("soc-anywhere: {failure}");
            }
            exit_code
        }
    }
}

async fn run(line: CommandLine) -> Result<Verdict, Failure> {
    let (store, verbose) = (line.store.clone(), line.verbose);
    let command = line.command().unwrap_or_else(|error| error.exit());
    let mut environment = Environment::from_env()?;
    logs::start(verbose, environment.log.as_deref())?;
    network::log(&environment.network);
    let name = if matches!(command, Command::Serve(_)) { DEMO } else { STORE };
    let path = StorePath::of(store.as_deref(), &environment, name)?;
    match command {
        Command::Serve(args) => {
            let own = StorePath::of(None, &environment, STORE)?;
            if store.is_none() && own.path.exists() {
                eprintln!(
                    "this is the demo store; --store {} shows your own connections",
                    own.path.display()
                );
            }
            serve::run(&args, &path, &environment).await?;
        }
        Command::Connections(command) => return on_connections(command, &path, environment).await,
        Command::TestConnection(args) => {
            let desk = match args.connection {
                Some(_) => Desk::open_to_read(&path, &environment)?,
                None => Desk::without_store(&path, &environment)?,
            };
            return connection_test::run(&desk, &args, &mut environment).await;
        }
        Command::Sync(args) => return sync::run(&Desk::open_to_read(&path, &environment)?, &args).await,
        Command::Incidents(args) => {
            incidents::run(&Desk::open_to_read(&path, &environment)?.store, args).await?;
        }
    }
    Ok(Verdict::Good)
}

async fn on_connections(
    command: ConnectionsCommand,
    path: &StorePath,
    mut environment: Environment,
) -> Result<Verdict, Failure> {
    let desk = match command {
        ConnectionsCommand::Add(_) => Desk::open(path, &environment)?,
        _ => Desk::open_to_read(path, &environment)?,
    };
    match command {
        ConnectionsCommand::Add(args) => return enter::add(&desk, args, &mut environment).await,
        ConnectionsCommand::SetSecret(args) => {
            return enter::set_secret(&desk, &args, &mut environment).await;
        }
        ConnectionsCommand::List { json } => connections::list(&desk, json).await?,
        ConnectionsCommand::Edit(args) => care::edit(&desk, args).await?,
        ConnectionsCommand::Pause { id } => care::pause(&desk, id, true).await?,
        ConnectionsCommand::Resume { id } => care::pause(&desk, id, false).await?,
        ConnectionsCommand::Remove(args) => care::remove(&desk, &args).await?,
    }
    Ok(Verdict::Good)
}
