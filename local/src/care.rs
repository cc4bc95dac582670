//! `connections edit`, `pause`, `resume` and `remove`.

use std::io::{self, BufRead as _, IsTerminal as _};

use connections::{Change, Expected, Refusal};
use incident_store::{Connection, ConnectionId, Connections as _, Records};

use crate::args::{EditArgs, RemoveArgs};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::text::{self, label};

pub(crate) async fn edit(desk: &Desk, args: EditArgs) -> Result<(), Failure> {
    let name = args.name.as_deref().map(|name| text::name(Some(name)));
    let change = Change {
        name,
        interval_seconds: args.interval,
        paused: None,
        secret_expires: args.secret_expires.map(|day| day.0),
    };
    let connection = changed(desk, args.id, change).await?;
    eprintln!("{} is changed", label(&connection));
    Ok(())
}

/// Keeps a connection and does not sync it, or syncs it again.
pub(crate) async fn pause(desk: &Desk, id: ConnectionId, paused: bool) -> Result<(), Failure> {
    let connection = changed(desk, id, Change { paused: Some(paused), ..Change::default() }).await?;
    let now = if paused { "paused: it is kept and not synced" } else { "synced again" };
    eprintln!("{} is {now}", label(&connection));
    Ok(())
}

async fn changed(desk: &Desk, id: ConnectionId, change: Change) -> Result<Connection, Failure> {
    desk.admin().change(&desk.caller, id, &Expected::Any, change).await.map_err(|refusal| of(id, refusal))
}

/// Removes a connection with its secret and its records. A person at a terminal is asked first.
pub(crate) async fn remove(desk: &Desk, args: &RemoveArgs) -> Result<(), Failure> {
    let id = args.id;
    let connection = desk.store.connection(id).await?.ok_or(Failure::NoConnection(id))?;
    if !args.yes && io::stdin().is_terminal() && !agreed(&connection)? {
        return Err(Failure::Refused("nothing is removed".into()));
    }
    desk.clean().await?;
    let removed = desk.admin().remove(&desk.caller, id, &Expected::Any, Records::Remove).await;
    removed.map_err(|refusal| of(id, refusal))?;
    eprintln!("connection {id} is removed, with its secret and its records");
    Ok(())
}

fn agreed(connection: &Connection) -> Result<bool, Failure> {
    eprint!("Remove {} with its client secret and all its records in this store? [y/N] ", label(connection));
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::Refused(format!("the answer cannot be read: {}", error.kind())))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn of(id: ConnectionId, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::NotFound => Failure::NoConnection(id),
        refusal => refusal.into(),
    }
}
