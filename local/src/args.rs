//! The command line.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, error::ErrorKind};
use graph_auth::Cloud;
use incident_store::ConnectionId;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sync_incidents::Request;

use crate::failure::Failure;

/// What a network may need.
const NETWORK: &str = "HTTPS_PROXY names a proxy, NO_PROXY the hosts that are reached without it. SSL_CERT_FILE names a \
                       PEM file with CAs that are trusted besides the built-in ones.";

/// Microsoft Defender's incidents and alerts, in a store of your own.
#[derive(Debug, Parser)]
#[command(name = "soc-anywhere", version, max_term_width = 80, after_help = NETWORK)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
    /// The store, an SQLite file. Secrets are kept beside it in FILE.secrets.json. Without it, `serve` uses
    /// a demo store and every other command the store in your data directory
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) store: Option<PathBuf>,
    /// Say on standard error what is asked of Microsoft and how it answers. `RUST_LOG` chooses more finely
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
    /// Taken so that it can be refused with the right hint. What follows it is not kept.
    #[arg(long, global = true, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = Unkept::of)]
    client_secret: Option<Unkept>,
}

/// A value that is forgotten at once.
#[derive(Clone, Copy, Debug)]
struct Unkept;

impl Unkept {
    #[expect(clippy::unnecessary_wraps, reason = "clap's signature")]
    fn of(_: &str) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

impl CommandLine {
    /// What is to be done; without a command it is `serve`.
    pub(crate) fn command(self) -> Result<Command, clap::Error> {
        if self.client_secret.is_some() {
            return Err(Self::error(
                ErrorKind::UnknownArgument,
                "a client secret is never an argument, because every process on this machine can read \
                 arguments: set SOC_ANYWHERE_CLIENT_SECRET, or leave it out and you are asked for it",
            ));
        }
        match self.command {
            None => Ok(Command::Serve(self.serve)),
            Some(_) if self.serve.port.is_some() || self.serve.no_simulate => {
                Err(Self::error(ErrorKind::ArgumentConflict, "--port and --no-simulate belong after `serve`"))
            }
            Some(command) => Ok(command),
        }
    }

    fn error(kind: ErrorKind, message: &str) -> clap::Error {
        <Self as CommandFactory>::command().error(kind, message)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sync what is due, all the time, and show it on a page (the default)
    Serve(ServeArgs),
    /// Enter, list, change and remove connections
    #[command(subcommand)]
    Connections(ConnectionsCommand),
    /// Say whether a connection is good, and if not, the one thing to do. The client secret of one that is not stored
    /// is read from `SOC_ANYWHERE_CLIENT_SECRET`, else asked for, else read from standard input
    TestConnection(TestArgs),
    /// Sync all connections once, or one of them
    Sync(SyncArgs),
    /// Print the incidents that the store holds, newest first
    Incidents(IncidentsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The port on 127.0.0.1; 0 for any free one [default: 8787]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Do not simulate a tenant where the store has no connection
    #[arg(long)]
    pub(crate) no_simulate: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// Test a connection and enter it when it is good. Its client secret is read from
    /// `SOC_ANYWHERE_CLIENT_SECRET`, else asked for, else read from standard input
    Add(AddArgs),
    /// Test a new client secret and let it take the old one's place. All records stay. The secret is read from
    /// `SOC_ANYWHERE_CLIENT_SECRET`, else asked for, else read from standard input
    SetSecret(SetSecretArgs),
    /// Change a connection's name, interval or expiry date
    Edit(EditArgs),
    /// Keep a connection and do not sync it
    Pause {
        /// Its id, as `connections list` prints it
        id: ConnectionId,
    },
    /// Sync a paused connection again
    Resume {
        /// Its id, as `connections list` prints it
        id: ConnectionId,
    },
    /// List the connections and how they are doing
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Remove a connection, its secret and its records. On a terminal you are asked first
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Directory (tenant) ID
    #[arg(long, value_name = "ID")]
    pub(crate) tenant_id: String,
    /// Application (client) ID
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: String,
    /// What you call it
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// global (also for GCC), gcc-high or dod
    #[arg(long, default_value = "global")]
    pub(crate) cloud: Cloud,
    /// How far back the first sync goes, YYYY-MM-DD; at most 180 days [default: 30 days ago]
    #[arg(long, value_name = "DATE")]
    pub(crate) since: Option<Date>,
    /// The day on which the client secret expires, YYYY-MM-DD: you are warned ahead
    #[arg(long, value_name = "DATE")]
    pub(crate) secret_expires: Option<Date>,
    /// Save it without a test
    #[arg(long)]
    pub(crate) no_test: bool,
    /// Print the connection as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SetSecretArgs {
    /// Its id, as `connections list` prints it
    pub(crate) id: ConnectionId,
    /// The day on which the new secret expires, YYYY-MM-DD: you are warned ahead
    #[arg(long, value_name = "DATE")]
    pub(crate) secret_expires: Option<Date>,
    /// Replace the old secret also when the test of the new one fails
    #[arg(long)]
    pub(crate) anyway: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// Its id, as `connections list` prints it
    pub(crate) id: ConnectionId,
    /// What you call it; an empty one for none
    #[arg(long, required_unless_present_any = ["secret_expires", "interval"])]
    pub(crate) name: Option<String>,
    /// The day on which the client secret expires, YYYY-MM-DD, or `none`
    #[arg(long, value_name = "DATE", value_parser = Day::of)]
    pub(crate) secret_expires: Option<Day>,
    /// How often it is synced, in seconds: from 60 to 86400
    #[arg(long, value_name = "SECONDS")]
    pub(crate) interval: Option<u64>,
}

/// A day, or that none is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day(pub(crate) Option<Date>);

impl Day {
    fn of(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            day => day.parse().map(|day| Self(Some(day))).map_err(|error: jiff::Error| error.to_string()),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Its id, as `connections list` prints it
    pub(crate) id: ConnectionId,
    /// Remove it without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Directory (tenant) ID
    #[arg(long, value_name = "ID", requires = "client_id", required_unless_present = "connection")]
    pub(crate) tenant_id: Option<String>,
    /// Application (client) ID
    #[arg(long, value_name = "ID", requires = "tenant_id")]
    pub(crate) client_id: Option<String>,
    /// global (also for GCC), gcc-high or dod [default: global]
    #[arg(long)]
    pub(crate) cloud: Option<String>,
    /// A stored connection's id, in place of the ids and the secret
    #[arg(long, value_name = "ID", conflicts_with_all = ["tenant_id", "client_id", "cloud"])]
    pub(crate) connection: Option<ConnectionId>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Only this connection
    #[arg(long, value_name = "ID")]
    pub(crate) connection: Option<ConnectionId>,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    /// Where Microsoft asks to wait, wait and go on. Otherwise `sync` ends when all else is read
    #[arg(long)]
    pub(crate) wait: bool,
    /// Print one JSON array with a result for each connection
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is wanted besides what is new: one of these.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct RequestArgs {
    /// Read again what changed since this day, YYYY-MM-DD (UTC)
    #[arg(long, value_name = "DATE")]
    again_since: Option<Date>,
    /// Try what is set aside now, not after its hour
    #[arg(long)]
    retry_set_aside: bool,
    /// Run the hourly and the daily sweep now
    #[arg(long)]
    sweep: bool,
    /// Read everything again, as the first sync did. What is stored stays
    #[arg(long)]
    forget_checkpoint: bool,
}

impl RequestArgs {
    /// Fails for a day that no instant can be of.
    pub(crate) fn request(&self) -> Result<Request, Failure> {
        if let Some(day) = self.again_since {
            let since = day
                .to_zoned(TimeZone::UTC)
                .map_err(|error| Failure::Usage(format!("--again-since: {error}")))?;
            return Ok(Request::AgainSince(since.timestamp()));
        }
        Ok(match self {
            Self { retry_set_aside: true, .. } => Request::RetrySetAside,
            Self { sweep: true, .. } => Request::Sweep,
            Self { forget_checkpoint: true, .. } => Request::ForgetCheckpoint,
            _ => Request::Sync,
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct IncidentsArgs {
    /// Only those with this status, in any case; may be given more than once, or as a list with commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) status: Vec<String>,
    /// Only those with this severity, in any case; may be given more than once, or as a list with commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) severity: Vec<String>,
    /// Print a JSON array: each incident and its alerts as Graph sent them
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, clap::Error> {
        CommandLine::try_parse_from(line.split(' ')).and_then(CommandLine::command)
    }

    #[test]
    fn the_definition_is_sound() {
        <CommandLine as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_serves() {
        assert!(matches!(parse("soc-anywhere"), Ok(Command::Serve(_))));
        let Ok(Command::Serve(serve)) = parse("soc-anywhere --port 1 --no-simulate --store x") else {
            panic!()
        };
        assert_eq!((serve.port, serve.no_simulate), (Some(1), true));
        let Ok(Command::Serve(serve)) = parse("soc-anywhere serve --port 2") else { panic!() };
        assert_eq!(serve.port, Some(2));
    }

    #[test]
    fn the_store_may_stand_before_and_after_the_command() {
        for line in ["soc-anywhere --store x incidents", "soc-anywhere connections list --store x"] {
            let parsed = CommandLine::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(parsed.store.as_deref(), Some(std::path::Path::new("x")), "{line}");
        }
    }

    #[test]
    fn a_sync_may_be_asked_for_more_than_what_is_new() {
        let since = "2026-11-01T00:00:00Z".parse().unwrap();
        for (line, expected) in [
            ("soc-anywhere sync", Request::Sync),
            ("soc-anywhere sync --again-since 2026-11-01", Request::AgainSince(since)),
            ("soc-anywhere sync --retry-set-aside --json", Request::RetrySetAside),
            ("soc-anywhere sync --wait --sweep", Request::Sweep),
            ("soc-anywhere sync --forget-checkpoint", Request::ForgetCheckpoint),
        ] {
            let Ok(Command::Sync(args)) = parse(line) else { panic!("{line}") };
            assert_eq!(args.request.request().unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn a_secret_in_an_argument_is_refused_with_the_way_to_give_it_and_is_not_repeated() {
        for line in [
            "soc-anywhere connections add --tenant-id t --client-id c --client-secret S3ntinel",
            "soc-anywhere test-connection --client-secret=S3ntinel --tenant-id t --client-id c",
            "soc-anywhere --client-secret S3ntinel incidents",
            "soc-anywhere incidents --client-secret",
        ] {
            let error = parse(line).expect_err(line);
            let said = error.to_string();
            assert!(said.contains("SOC_ANYWHERE_CLIENT_SECRET") && !said.contains("S3ntinel"), "{said}");
            assert_eq!(error.exit_code(), 2, "{line}");
        }
        let kept = CommandLine::try_parse_from(["soc-anywhere", "--client-secret", "S3ntinel"]).unwrap();
        assert!(!format!("{kept:?}").contains("S3ntinel"));
    }

    #[test]
    fn each_command_that_takes_a_secret_says_where_the_secret_comes_from() {
        let command = <CommandLine as CommandFactory>::command();
        for path in [vec!["connections", "add"], vec!["connections", "set-secret"], vec!["test-connection"]] {
            let find = |command: clap::Command, name: &&str| command.find_subcommand(name).unwrap().clone();
            let help = path.iter().fold(command.clone(), find).render_help().to_string();
            assert!(help.contains("SOC_ANYWHERE_CLIENT_SECRET"), "{path:?}: {help}");
        }
    }

    #[test]
    fn help_fits_a_terminal() {
        let mut command = <CommandLine as CommandFactory>::command();
        command.build();
        let mut commands = vec![&mut command];
        while let Some(command) = commands.pop() {
            let help = command.render_long_help().to_string() + &command.render_help().to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
            commands.extend(command.get_subcommands_mut());
        }
    }

    #[test]
    fn what_does_not_fit_together_is_a_usage_error() {
        for line in [
            "soc-anywhere --port 1 incidents",
            "soc-anywhere test-connection",
            "soc-anywhere test-connection --tenant-id t",
            "soc-anywhere test-connection --tenant-id t --client-id c --connection 00000000-0000-0000-0000-000000000001",
            "soc-anywhere connections remove nothing",
            "soc-anywhere connections edit 00000000-0000-0000-0000-000000000001",
            "soc-anywhere connections edit 00000000-0000-0000-0000-000000000001 --secret-expires soon",
            "soc-anywhere connections add --tenant-id t --client-id c --cloud china",
            "soc-anywhere connections add --tenant-id t --client-id c --since yesterday",
            "soc-anywhere sync --again-since yesterday",
            "soc-anywhere sync --sweep --forget-checkpoint",
            "soc-anywhere sync --again-since 2026-11-01 --retry-set-aside",
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
