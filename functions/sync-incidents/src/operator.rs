//! What an operator may ask of all connections, whoever owns them. docs/runbook.md says how it is asked.

mod order;
mod overview;
mod shown;

use graph_http::{Deadline, Transport};
use incident_store::{
    ClientSecrets, Connection, ConnectionId, Connections, Groups, Lifecycle, StoreError, SyncStore,
};
use serde::Serialize;

pub use order::{BadOrder, Order, Ordered};
pub use overview::{Group, Line, Overview};
pub use shown::Shown;

use crate::{Report, Request, Syncer};

/// How often a change begins again because somebody else has changed the connection meanwhile.
const TRIES: u32 = 5;

/// What an operator is answered. None of it has a secret or a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// All connections.
    Overview(Overview),
    /// One connection, as it is now.
    Shown(Box<Shown>),
    /// What a sync did.
    Synced(Box<Report>),
    /// The note is in the log.
    Noted {
        /// What was noted.
        noted: String,
    },
    /// Nothing was done.
    Refused {
        /// Why.
        error: String,
    },
}

impl Answer {
    fn refused(error: &str) -> Self {
        Self::Refused { error: error.to_owned() }
    }
}

impl<S: Connections + Groups + SyncStore, T: Transport, K: ClientSecrets> Syncer<S, T, K> {
    /// Does what an operator, `by`, orders; a sync of it ends at `deadline` at the latest. A change of a connection has the
    /// audit line of any change, with its owner.
    ///
    /// # Errors
    /// Only when the store fails. What cannot be done is answered.
    pub async fn operate(&self, by: &str, order: Order, deadline: Deadline) -> Result<Answer, StoreError> {
        match order {
            Order::List { state, cause } => {
                let overview =
                    overview::of(&self.store, state, cause.as_deref(), self.graph.clock.now()).await?;
                Ok(Answer::Overview(overview))
            }
            Order::Show { connection } => self.show(connection).await,
            Order::Pause { connection } => self.set_lifecycle(by, connection, Lifecycle::Paused).await,
            Order::Resume { connection } => self.set_lifecycle(by, connection, Lifecycle::Connected).await,
            Order::Note { text } => Ok(Answer::Noted { noted: text }),
            Order::Sync { connection } => self.ask(connection, Request::Sync, deadline).await,
            Order::Again { connection, since } => {
                self.ask(connection, Request::AgainSince(since), deadline).await
            }
            Order::RetrySetAside { connection } => {
                self.ask(connection, Request::RetrySetAside, deadline).await
            }
            Order::Sweep { connection } => self.ask(connection, Request::Sweep, deadline).await,
            Order::ForgetCheckpoint { connection } => {
                self.ask(connection, Request::ForgetCheckpoint, deadline).await
            }
        }
    }

    async fn ask(
        &self,
        id: ConnectionId,
        request: Request,
        deadline: Deadline,
    ) -> Result<Answer, StoreError> {
        Ok(Answer::Synced(Box::new(Box::pin(self.sync_now(id, request, deadline)).await?)))
    }

    async fn show(&self, id: ConnectionId) -> Result<Answer, StoreError> {
        let Some(connection) = self.store.connection(id).await? else { return Ok(unknown()) };
        let progress = self.store.progress(id).await?;
        let owner = overview::owner(&self.store, &connection.settings.group).await?;
        Ok(Answer::Shown(Box::new(Shown::of(&connection, owner, &progress, self.graph.clock.now()))))
    }

    /// Pauses a connection, or lets it go on. A run that is under way ends its turn.
    async fn set_lifecycle(&self, by: &str, id: ConnectionId, to: Lifecycle) -> Result<Answer, StoreError> {
        for _ in 0..TRIES {
            let Some(connection) = self.store.connection(id).await? else { return Ok(unknown()) };
            match connection.lifecycle {
                Lifecycle::Pending => return Ok(Answer::refused("the connection is still being entered")),
                Lifecycle::Removing => return Ok(Answer::refused("the connection is being removed")),
                is if is == to => return self.show(id).await,
                Lifecycle::Connected | Lifecycle::Paused => {}
            }
            // Before the change: what comes after it may fail.
            let owner = overview::owner(&self.store, &connection.settings.group).await?;
            let changed = |outcome: &str| {
                tracing::info!(owner, person = by, connection = %id, what = "changed", fields = "paused", outcome, "connection changed");
            };
            match self.store.update(&Connection { lifecycle: to, ..connection }).await {
                Ok(_) => {
                    changed("made");
                    return self.show(id).await;
                }
                Err(StoreError::Stale) => {}
                Err(StoreError::Unavailable(why)) => {
                    changed("unknown");
                    return Err(StoreError::Unavailable(why));
                }
                Err(StoreError::Gone) => return Ok(unknown()),
                Err(error) => return Err(error),
            }
        }
        Ok(Answer::refused("the connection keeps changing: try again"))
    }
}

fn unknown() -> Answer {
    Answer::refused("there is no such connection")
}
