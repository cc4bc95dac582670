//! Replacing a secret: the new one is tested before it takes the old one's place, and the old one serves until
//! then. No sync finds none.

use graph_auth::Credential;
use graph_http::Transport;
use http_api::{Attempts, Caller};
use incident_store::{
    Capabilities, Connection, ConnectionId, Connections, Groups, Lifecycle, SecretVault, StoreError,
    SyncStore,
};
use jiff::civil::Date;
use secrecy::SecretString;
use test_connection::{Candidate, Check, Input, Subject};

use crate::admin::{LOOKS, Tested, merged};
use crate::enter::new_version;
use crate::trail::{self, Made};
use crate::{Admin, Expected, NewCredential, Refusal, limits};

impl<S: Connections + Groups + SyncStore, V: SecretVault, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Tests a new secret, and lets it take the old one's place when it is good, or when told to do so anyway.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Changed`], [`Refusal::Unfinished`], [`Refusal::Invalid`],
    /// [`Refusal::TestFailed`], [`Refusal::TooMany`], or when something cannot answer.
    pub async fn replace_credential(
        &self,
        caller: &Caller,
        id: ConnectionId,
        expected: &Expected,
        new: &NewCredential,
        observer: impl FnMut(&Check) + Send,
    ) -> Result<Tested, Refusal> {
        let connection = self.finished(caller, id, expected).await?;
        let secret_expires = limits::expiry(new.secret_expires, self.now())?;
        let settings = &connection.settings;
        let (tenant_id, client_id) = (settings.tenant_id, settings.client_id);
        let input = Input {
            tenant_id: tenant_id.to_string(),
            client_id: client_id.to_string(),
            client_secret: new.client_secret.clone(),
            cloud: String::new(),
        };
        let Ok(Candidate { identity, .. }) = input.candidate() else {
            return Err(Refusal::TestFailed(Box::new(Box::pin(self.tester.test(&input, observer)).await)));
        };
        let Credential::ClientSecret(secret) = identity.credential;
        // Who has been seen to own the application does not guess its secret.
        let guess = connection.capabilities == Capabilities::default();
        let subject = Subject { caller, tenant_id, client_id, connection: Some(&id.to_string()), guess };
        let (cloud, since) = (settings.cloud.clone(), Some(settings.since));
        let complete = |candidate| Candidate { cloud, since, ..candidate };
        let test = Box::pin(async { Ok(self.tester.test_as(&input, complete, observer).await) });
        let report = self.audited(subject, test).await?;
        if !report.ok && !new.save_anyway {
            return Err(Refusal::TestFailed(Box::new(report)));
        }
        let capabilities = merged(connection.capabilities, &report);
        // Of two requests for one version one goes on from here.
        self.store.update(&Connection { capabilities, ..connection }).await?;
        self.put_secret(caller, id, secret).await?;
        let connection = self.set_expiry(id, secret_expires).await?;
        Ok(Tested { connection, report })
    }

    async fn put_secret(
        &self,
        caller: &Caller,
        id: ConnectionId,
        secret: SecretString,
    ) -> Result<(), Refusal> {
        let version = new_version();
        self.vault.stage(id, version, secret).await?;
        let promoted = self.vault.promote(id, version).await.map_err(Refusal::from);
        trail::answered(caller, id, Made::SecretReplaced, &promoted);
        if promoted.is_err()
            && let Err(error) = self.vault.discard(id, version).await
        {
            tracing::warn!(connection = %id, %error, "a staged secret stays beside the current one");
        }
        promoted
    }

    /// Last, so that a cut before it warns too early and not too late. The update makes it due at once.
    async fn set_expiry(&self, id: ConnectionId, expires: Option<Date>) -> Result<Connection, Refusal> {
        for _ in 0..LOOKS {
            let Some(mut connection) = self.store.connection(id).await? else { break };
            connection.settings.secret_expires = expires;
            match self.store.update(&connection).await {
                Err(StoreError::Stale) => {}
                Err(StoreError::Gone) => break,
                answer => return Ok(answer?),
            }
        }
        match self.store.connection(id).await? {
            Some(there) if there.lifecycle != Lifecycle::Removing => Err(Refusal::Changed),
            // It was removed while its secret was replaced. Where it had none, one may have come in after all.
            _ => {
                self.vault.remove(id).await?;
                Err(Refusal::NotFound)
            }
        }
    }
}
