//! Entering and removing connections. Store and secrets are two places, so the order of writes is such that
//! whatever is interrupted is either finished or undone by [`tidy`]: no secret is left without its
//! connection and no connection is synced without its secret.

use incident_store::{
    Connection, ConnectionId, Connections as _, Lifecycle, NewConnection, Records, StoreError,
};
use jiff::SignedDuration;
use jiff::civil::Date;
use secrecy::SecretString;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::text::is_simulated;

/// How long entering a connection takes at most: one that is pending for longer was interrupted.
const PENDING_AT_MOST: SignedDuration = SignedDuration::from_mins(10);

/// A new connection's id.
pub(crate) fn new_id(desk: &Desk) -> ConnectionId {
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    ConnectionId::new(desk.clock.now(), random)
}

/// Keeps a connection and its secret: pending, then the secret, then connected. The first real one takes
/// the place of the simulated one.
pub(crate) async fn enter(
    desk: &Desk,
    id: ConnectionId,
    settings: NewConnection,
    secret: SecretString,
) -> Result<Connection, Failure> {
    tidy(desk).await?;
    let pending = desk.store.create(id, settings, Lifecycle::Pending, desk.clock.now()).await?;
    if let Err(error) = desk.secrets.put(id, secret).await {
        forget(desk, pending).await?;
        return Err(Failure::Secrets(error));
    }
    let connected = Connection { lifecycle: Lifecycle::Connected, ..pending };
    let connected = desk.store.update(&connected).await?;
    if !is_simulated(&connected) {
        remove_simulated(desk).await?;
    }
    Ok(connected)
}

/// Removes a connection, its secret and its records.
pub(crate) async fn remove(desk: &Desk, id: ConnectionId) -> Result<(), Failure> {
    tidy(desk).await?;
    let connection = desk.store.connection(id).await?.ok_or(Failure::NoConnection(id))?;
    forget(desk, connection).await
}

/// Puts `secret` in the old one's place, in one step, and then the day on which it expires.
pub(crate) async fn replace_secret(
    desk: &Desk,
    id: ConnectionId,
    secret: SecretString,
    expires: Option<Date>,
) -> Result<(), Failure> {
    desk.secrets.put(id, secret).await.map_err(Failure::Secrets)?;
    loop {
        let Some(mut connection) = desk.store.connection(id).await? else {
            // It was removed meanwhile.
            desk.secrets.remove(id).await.map_err(Failure::Secrets)?;
            return Err(Failure::NoConnection(id));
        };
        connection.settings.secret_expires = expires;
        match desk.store.update(&connection).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Stale) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Removes the simulated connections, where there are real ones. Says whether there were any.
pub(crate) async fn remove_simulated(desk: &Desk) -> Result<bool, Failure> {
    let (simulated, real): (Vec<_>, Vec<_>) =
        desk.store.connections(None).await?.into_iter().partition(is_simulated);
    if simulated.is_empty() || !real.iter().any(|real| real.lifecycle == Lifecycle::Connected) {
        return Ok(false);
    }
    for connection in simulated {
        forget(desk, connection).await?;
    }
    Ok(true)
}

/// Finishes what another run of this program was interrupted in.
pub(crate) async fn tidy(desk: &Desk) -> Result<(), Failure> {
    let now = desk.clock.now();
    for connection in desk.store.connections(None).await? {
        let stale = match connection.lifecycle {
            Lifecycle::Removing => true,
            Lifecycle::Pending => now.duration_since(connection.created) > PENDING_AT_MOST,
            Lifecycle::Connected | Lifecycle::Paused => false,
        };
        if stale {
            forget(desk, connection).await?;
        }
    }
    Ok(())
}

/// Pauses or wakes a connection; one that was changed meanwhile is left for the next time.
pub(crate) async fn set_lifecycle(
    desk: &Desk,
    connection: &Connection,
    lifecycle: Lifecycle,
) -> Result<(), Failure> {
    match desk.store.update(&Connection { lifecycle, ..connection.clone() }).await {
        Ok(_) | Err(StoreError::Stale | StoreError::Gone) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Removing, then the secret, then the connection with its records. It takes several runs of this program
/// doing the same at once.
async fn forget(desk: &Desk, connection: Connection) -> Result<(), Failure> {
    let id = connection.id;
    if connection.lifecycle != Lifecycle::Removing {
        let mut connection = connection;
        loop {
            let removing = Connection { lifecycle: Lifecycle::Removing, ..connection };
            match desk.store.update(&removing).await {
                Ok(_) | Err(StoreError::Gone) => break,
                Err(StoreError::Stale) => match desk.store.connection(id).await? {
                    Some(changed) => connection = changed,
                    None => break,
                },
                Err(error) => return Err(error.into()),
            }
        }
    }
    desk.secrets.remove(id).await.map_err(Failure::Secrets)?;
    match desk.store.remove(id, Records::Remove).await {
        Ok(()) | Err(StoreError::Gone) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
