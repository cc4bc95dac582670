//! Why a command did not do what was asked, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use connections::Refusal;
use incident_store::{ConnectionId, StoreError};

/// A command's failure, as its user reads it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line or the environment is wrong: exit 2.
    #[error("{0}")]
    Usage(String),
    /// It was understood, and cannot be done: exit 1.
    #[error("{0}")]
    Refused(String),
    /// No connection has this id.
    #[error("there is no connection {0}; `soc-anywhere connections list` prints the ids")]
    NoConnection(ConnectionId),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Standard output.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// 2 for usage, 1 for the rest. A reader who closed the pipe (`| head`) has what it wants: 0.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid { field, detail } => Self::Usage(format!("{}: {detail}", option(field))),
            Refusal::NotFound => StoreError::Gone.into(),
            Refusal::Changed => StoreError::Stale.into(),
            Refusal::Unfinished => {
                Self::Refused("the connection is not saved yet; remove it, or wait".into())
            }
            Refusal::Duplicate(first) => StoreError::Duplicate(first).into(),
            Refusal::TestFailed(_) => Self::Refused("the test failed and nothing was saved".into()),
            Refusal::TooMany(too_many) => Self::Refused(too_many.to_string()),
            Refusal::Full(most) => Self::Refused(format!("there are {most} connections already")),
            Refusal::Unavailable(why) => StoreError::Unavailable(why).into(),
            Refusal::Broken(why) => StoreError::Corrupt(why).into(),
        }
    }
}

/// The option that gives a field.
fn option(field: &str) -> &str {
    match field {
        "secretExpires" => "--secret-expires",
        "intervalSeconds" => "--interval",
        "name" => "--name",
        "since" => "--since",
        field => field,
    }
}

/// What a command that ran to its end found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Exit 0.
    Good,
    /// Exit 1.
    Bad,
    /// Ctrl-C ended the command: exit 130, which is 128 and the number of `SIGINT`.
    Interrupted,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Good => Self::SUCCESS,
            Verdict::Bad => Self::FAILURE,
            Verdict::Interrupted => Self::from(130),
        }
    }
}
