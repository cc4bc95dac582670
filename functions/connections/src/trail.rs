//! Who has changed what: one line for each change that was made. It names fields and has none of their values.

use incident_store::{ConnectionId, Records};

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

/// Writes the line. The caller behind the owner is in the gateway's line of the same request.
pub(crate) fn write(owner: &str, connection: ConnectionId, made: Made) {
    let (what, fields) = match made {
        Made::Entered => ("entered", String::new()),
        Made::Changed(Fields(fields)) => {
            ("changed", fields.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        Made::SecretReplaced => ("secret replaced", "clientSecret".to_owned()),
        Made::Removed(Records::Remove) => ("removed", String::new()),
        Made::Removed(Records::Keep) => ("removed, its records kept", String::new()),
    };
    tracing::info!(owner, %connection, what, fields, "connection changed");
}
