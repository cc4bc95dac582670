//! Changing what a person may change.

use graph_http::Transport;
use http_api::{Attempts, Caller};
use incident_store::{Connection, ConnectionId, Connections, Groups, Lifecycle, SecretVault, SyncStore};

use crate::trail::{self, Fields, Made};
use crate::{Admin, Change, Expected, Refusal, limits};

impl<S: Connections + Groups + SyncStore, V: SecretVault, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Changes what `change` says. It is due at once then, where it is not paused.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Changed`], [`Refusal::Unfinished`], [`Refusal::Invalid`], or when the
    /// store cannot answer.
    pub async fn change(
        &self,
        caller: &Caller,
        id: ConnectionId,
        expected: &Expected,
        change: Change,
    ) -> Result<Connection, Refusal> {
        let fields = Fields::of(&change);
        let mut connection = self.finished(caller, id, expected).await?;
        let settings = &mut connection.settings;
        if let Some(name) = change.name {
            settings.name = limits::name(name.as_deref())?;
        }
        if change.interval_seconds.is_some() {
            settings.interval = limits::interval(change.interval_seconds)?;
        }
        // A date that has passed may stay, so that a whole form can be sent back.
        if let Some(day) = change.secret_expires.filter(|day| *day != settings.secret_expires) {
            settings.secret_expires = limits::expiry(day, self.now())?;
        }
        match change.paused {
            Some(true) => connection.lifecycle = Lifecycle::Paused,
            Some(false) => connection.lifecycle = Lifecycle::Connected,
            None => {}
        }
        let answer = self.store.update(&connection).await.map_err(Refusal::from);
        trail::answered(caller, id, Made::Changed(fields), &answer);
        answer
    }
}
