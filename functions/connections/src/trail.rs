//! Who has changed what: one line for each change that was made. It names fields and has none of their values.

use http_api::Caller;
use incident_store::{ConnectionId, GroupId, Records};

use crate::Change;

/// A change that was made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Made {
    Entered,
    Changed(Fields),
    SecretReplaced,
    Removed(Records),
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

/// Writes the line of a move.
pub(crate) fn write_move(by: &str, group: &GroupId, from: &str, to: &str) {
    tracing::info!(owner = from, person = by, %group, what = "moved", to, "connection changed");
}

/// Writes the line.
pub(crate) fn write(caller: &Caller, connection: ConnectionId, made: Made) {
    let (what, fields) = match made {
        Made::Entered => ("entered", String::new()),
        Made::Changed(Fields(fields)) => {
            ("changed", fields.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        Made::SecretReplaced => ("secret replaced", "clientSecret".to_owned()),
        Made::Removed(Records::Remove) => ("removed", String::new()),
        Made::Removed(Records::Keep) => ("removed, its records kept", String::new()),
    };
    let Caller { owner, person } = caller;
    tracing::info!(owner, person, %connection, what, fields, "connection changed");
}
