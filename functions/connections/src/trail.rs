//! Who has changed what: one line for each change that was made, or may have been, as soon as that is so: what comes
//! after it may fail. It names fields and has none of their values.

use http_api::Caller;
use incident_store::{ConnectionId, GroupId, Records};

use crate::{Change, Refusal};

/// A change.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Made {
    Entered,
    Changed(Fields),
    SecretReplaced,
    Removed(Records),
}

/// Whether a change was made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    Made,
    /// No answer says so: the change may have been made.
    Unknown,
}

impl Outcome {
    /// What the answer to the step that makes a change says of that change; `None` where nothing was changed.
    fn of<T>(answer: &Result<T, Refusal>) -> Option<Self> {
        match answer {
            Ok(_) => Some(Self::Made),
            Err(Refusal::Unavailable(_)) => Some(Self::Unknown),
            Err(_) => None,
        }
    }
}

/// Which fields a change has said something of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields([Option<&'static str>; 4]);

impl Fields {
    pub(crate) fn of(change: &Change) -> Self {
        let Change { name, interval_seconds, paused, secret_expires } = change;
        Self([
            name.is_some().then_some("name"),
            interval_seconds.is_some().then_some("intervalSeconds"),
            paused.is_some().then_some("paused"),
            secret_expires.is_some().then_some("secretExpires"),
        ])
    }
}

/// Writes the line of the change that `answer` is about, if there is one.
pub(crate) fn answered<T>(
    caller: &Caller,
    connection: ConnectionId,
    made: Made,
    answer: &Result<T, Refusal>,
) {
    if let Some(outcome) = Outcome::of(answer) {
        write(caller, connection, made, outcome);
    }
}

/// Writes the line of a move.
pub(crate) fn write_move(by: &str, group: &GroupId, from: &str, to: &str) {
    tracing::info!(owner = from, person = by, %group, what = "moved", to, outcome = "made", "connection changed");
}

/// Writes the line.
pub(crate) fn write(caller: &Caller, connection: ConnectionId, made: Made, outcome: Outcome) {
    let (what, fields) = match made {
        Made::Entered => ("entered", String::new()),
        Made::Changed(Fields(fields)) => {
            ("changed", fields.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        Made::SecretReplaced => ("secret replaced", "clientSecret".to_owned()),
        Made::Removed(Records::Remove) => ("removed", String::new()),
        Made::Removed(Records::Keep) => ("removed, its records kept", String::new()),
    };
    let outcome = match outcome {
        Outcome::Made => "made",
        Outcome::Unknown => "unknown",
    };
    let Caller { owner, person } = caller;
    tracing::info!(owner, person, %connection, what, fields, outcome, "connection changed");
}
