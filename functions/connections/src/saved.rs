//! Testing a connection that is saved, with the secret that is kept. Nothing else here reads a secret.

use graph_auth::{Credential, Identity};
use graph_http::Transport;
use http_api::{Attempts, Caller};
use incident_store::{
    ClientSecrets, Connection, ConnectionId, Connections, Groups, SecretError, StoreError, SyncStore,
};
use secrecy::SecretString;
use test_connection::{Candidate, Check, Input, Subject, TestReport};

use crate::admin::{LOOKS, Tested, merged};
use crate::{Admin, Expected, Refusal};

impl<S: Connections + Groups + SyncStore, V: ClientSecrets, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Tests a connection with the secret that is kept, and notes what it may do.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Unfinished`], [`Refusal::TooMany`], or when something cannot answer.
    pub async fn test(
        &self,
        caller: &Caller,
        id: ConnectionId,
        observer: impl FnMut(&Check) + Send,
    ) -> Result<Tested, Refusal> {
        let connection = self.finished(caller, id, &Expected::Any).await?;
        let subject = Subject {
            caller,
            tenant_id: connection.settings.tenant_id,
            client_id: connection.settings.client_id,
            connection: Some(&id.to_string()),
            guess: false,
        };
        let test = Box::pin(async {
            match self.vault.client_secret(id, true).await {
                Ok(secret) => {
                    let candidate = with_secret(&connection, secret);
                    Ok(self.tester.test_candidate(&candidate, observer).await)
                }
                // The test says what to do about it.
                Err(SecretError::Missing) => {
                    Ok(self.tester.test(&without_secret(&connection), observer).await)
                }
                Err(error) => Err(Refusal::from(error)),
            }
        });
        let report = self.audited(subject, test).await?;
        let connection = self.note(connection, &report).await?;
        Ok(Tested { connection, report })
    }

    /// Writes down what a test has found of a saved connection. One that was failing and passes is due at
    /// once.
    async fn note(&self, connection: Connection, report: &TestReport) -> Result<Connection, Refusal> {
        let cured = report.ok && self.store.progress(connection.id).await?.sync_status().failing.is_some();
        let mut connection = connection;
        for _ in 0..LOOKS {
            let capabilities = merged(connection.capabilities, report);
            if capabilities == connection.capabilities && !cured {
                return Ok(connection);
            }
            match self.store.update(&Connection { capabilities, ..connection.clone() }).await {
                Err(StoreError::Stale) => {}
                answer => return Ok(answer?),
            }
            connection = self.store.connection(connection.id).await?.ok_or(Refusal::NotFound)?;
        }
        Err(Refusal::Changed)
    }
}

fn with_secret(connection: &Connection, secret: SecretString) -> Candidate {
    let settings = &connection.settings;
    Candidate {
        identity: Identity {
            tenant_id: settings.tenant_id,
            client_id: settings.client_id,
            credential: Credential::ClientSecret(secret),
        },
        cloud: settings.cloud.clone(),
        since: Some(settings.since),
    }
}

fn without_secret(connection: &Connection) -> Input {
    Input {
        tenant_id: connection.settings.tenant_id.to_string(),
        client_id: connection.settings.client_id.to_string(),
        client_secret: "".into(),
        cloud: String::new(),
    }
}
