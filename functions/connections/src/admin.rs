//! The ports, and what every operation does with them: whose connection it is, and what a test is.

use std::pin::Pin;

use futures_util::{StreamExt as _, TryStreamExt as _};
use graph_auth::{Credential, Identity};
use graph_http::Transport;
use http_api::{Attempts, Limits};
use incident_store::{
    Capabilities, Connection, ConnectionId, Connections, Lifecycle, SecretError, SecretVault, SyncStore,
};
use jiff::Timestamp;
use secrecy::SecretString;
use test_connection::{Candidate, Check, Input, Subject, TestReport, Tester, audited};

use crate::{ConnectionView, Expected, Page, Refusal};

/// How many connections' progress is read at a time.
const PARALLEL: usize = 16;

/// A connection that others keep changing is given up on after so many looks at it.
pub(crate) const LOOKS: usize = 5;

/// Enters, lists, changes and removes connections. An owner is whoever the caller says: nobody's operation
/// reaches, or tells of, another's connections.
#[derive(Debug)]
pub struct Admin<S, V, A, T> {
    /// The connections and how they are doing.
    pub store: S,
    /// Their secrets.
    pub vault: V,
    /// How often somebody has tested.
    pub attempts: A,
    /// How often somebody may.
    pub limits: Limits,
    /// Tests them; its clock is ours.
    pub tester: Tester<T>,
}

/// A connection that was tested and written.
#[derive(Clone, Debug)]
pub struct Tested {
    /// As it is now.
    pub connection: Connection,
    /// What the test found.
    pub report: TestReport,
}

impl<S: Connections + SyncStore, V: SecretVault, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Some of `owner`'s connections: at most `limit`, those after `after`.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn list(
        &self,
        owner: &str,
        after: Option<ConnectionId>,
        limit: usize,
    ) -> Result<Page, Refusal> {
        // One more than wanted tells whether there is another page. An id sorts by the time it was made.
        let wanted = limit.saturating_add(1);
        let (mut some, mut from) = (Vec::new(), after);
        loop {
            let read = self.store.connections_after(owner, from, wanted - some.len()).await?;
            let Some(last) = read.last() else { break };
            from = Some(last.id);
            some.extend(read.into_iter().filter(|connection| connection.lifecycle != Lifecycle::Removing));
            if some.len() >= wanted {
                break;
            }
        }
        let is_more = some.len() > limit;
        some.truncate(limit);
        let next = some.last().filter(|_| is_more).map(|last| last.id);
        let views = some.into_iter().map(|connection| self.view(connection));
        let connections = futures_util::stream::iter(views).buffered(PARALLEL).try_collect().await?;
        Ok(Page { connections, next })
    }

    /// One of `owner`'s connections.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], or when the store cannot answer.
    pub async fn get(&self, owner: &str, id: ConnectionId) -> Result<ConnectionView, Refusal> {
        self.view(self.owned(owner, id).await?).await
    }

    /// `connection` with how it is doing.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn view(&self, connection: Connection) -> Result<ConnectionView, Refusal> {
        let progress = self.store.progress(connection.id).await?;
        Ok(ConnectionView::of(connection, &progress, self.now()))
    }

    /// Tests a connection with the secret that is kept, and notes what it may do.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Unfinished`], [`Refusal::TooMany`], or when something cannot answer.
    pub async fn test(
        &self,
        owner: &str,
        id: ConnectionId,
        observer: impl FnMut(&Check) + Send,
    ) -> Result<Tested, Refusal> {
        let connection = self.finished(owner, id, &Expected::Any).await?;
        let subject = Subject {
            owner,
            tenant_id: connection.settings.tenant_id,
            client_id: connection.settings.client_id,
            connection: Some(&id.to_string()),
            guess: false,
        };
        let report = match self.vault.client_secret(id, true).await {
            Ok(secret) => {
                let candidate = with_secret(&connection, secret);
                self.audited(subject, Box::pin(self.tester.test_candidate(&candidate, observer))).await?
            }
            // The test says what to do about it.
            Err(SecretError::Missing) => {
                let input = without_secret(&connection);
                self.audited(subject, Box::pin(self.tester.test(&input, observer))).await?
            }
            Err(error) => return Err(error.into()),
        };
        let connection = self.note(connection, &report).await?;
        Ok(Tested { connection, report })
    }

    /// Makes one test, counted and written down. It is on the heap, because its future has some 20 KB and would stand
    /// in each caller's.
    pub(crate) async fn audited(
        &self,
        subject: Subject<'_>,
        test: Pin<Box<impl Future<Output = TestReport> + Send>>,
    ) -> Result<TestReport, Refusal> {
        Ok(audited(&self.attempts, &self.limits, subject, self.now(), test).await?)
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
                Err(incident_store::StoreError::Stale) => {}
                answer => return Ok(answer?),
            }
            connection = self.store.connection(connection.id).await?.ok_or(Refusal::NotFound)?;
        }
        Err(Refusal::Changed)
    }

    /// One of `owner`'s connections; one that is being removed is none any more.
    pub(crate) async fn owned(&self, owner: &str, id: ConnectionId) -> Result<Connection, Refusal> {
        let connection = self.store.connection(id).await?;
        connection
            .filter(|there| there.settings.owner == owner && there.lifecycle != Lifecycle::Removing)
            .ok_or(Refusal::NotFound)
    }

    /// The same, saved as a whole and as the caller knows it.
    pub(crate) async fn finished(
        &self,
        owner: &str,
        id: ConnectionId,
        expected: &Expected,
    ) -> Result<Connection, Refusal> {
        let connection = self.owned(owner, id).await?;
        expected.check(&connection)?;
        match connection.lifecycle {
            Lifecycle::Pending => Err(Refusal::Unfinished),
            _ => Ok(connection),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.tester.clock.now()
    }
}

/// What the report adds to what was known.
pub(crate) fn merged(known: Capabilities, report: &TestReport) -> Capabilities {
    Capabilities {
        write_back: report.capabilities.write_back.or(known.write_back),
        custom_detections: report.capabilities.custom_detections.or(known.custom_detections),
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
