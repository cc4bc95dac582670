//! Entering a connection: tested, then saved.

use graph_auth::{Cause, Credential};
use graph_http::Transport;
use http_api::Attempts;
use incident_store::{
    Capabilities, Connection, ConnectionId, Connections, Lifecycle, NewConnection, SecretVault,
    SecretVersion, StoreError, SyncStore,
};
use secrecy::SecretString;
use test_connection::{Candidate, Check, Subject};
use uuid::Uuid;

use crate::admin::{Tested, merged};
use crate::clean::{forget, is_left_over};
use crate::trail::{self, Made, Outcome};
use crate::{Admin, Entry, Refusal, limits};

/// What was entered, ready to be saved.
struct Entered {
    settings: NewConnection,
    secret: SecretString,
}

impl<S: Connections + SyncStore, V: SecretVault, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Tests what was entered, and saves it for `owner` when it is good, or when told to save it anyway.
    ///
    /// That another owner has a connection for the same tenant and client neither hinders nor shows: a
    /// connection reads with its own secret alone.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::Duplicate`], [`Refusal::TestFailed`], [`Refusal::TooMany`], or when
    /// something cannot answer. Nothing is saved then.
    pub async fn enter(
        &self,
        owner: &str,
        entry: &Entry,
        observer: impl FnMut(&Check) + Send,
    ) -> Result<Tested, Refusal> {
        let Entered { settings, secret } = match self.entered(owner, entry)? {
            Ok(entered) => entered,
            Err(cause) => return Err(self.refusal_of(owner, entry, cause, observer).await),
        };
        self.refuse_duplicate(&settings).await?;
        let NewConnection { tenant_id, client_id, since, .. } = settings;
        let subject = Subject { owner, tenant_id, client_id, connection: None, guess: true };
        let complete = |candidate| Candidate { since: Some(since), ..candidate };
        let input = entry.input();
        let test = Box::pin(self.tester.test_as(&input, complete, observer));
        let report = self.audited(subject, test).await?;
        if !report.ok && !entry.save_anyway {
            return Err(Refusal::TestFailed(Box::new(report)));
        }
        let capabilities = merged(Capabilities::default(), &report);
        let connection = self.save(settings, secret, capabilities).await?;
        Ok(Tested { connection, report })
    }

    /// Saves what was entered for `owner` without a test.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::Duplicate`], or when something cannot answer. Values that cannot be right
    /// are a [`Refusal::TestFailed`], or a [`Refusal::TooMany`], as they are to [`Self::enter`]: Entra is asked for
    /// the ID behind a domain, and nobody is asked else. Nothing is saved then.
    pub async fn enter_untested(&self, owner: &str, entry: &Entry) -> Result<Connection, Refusal> {
        let Entered { settings, secret } = match self.entered(owner, entry)? {
            Ok(entered) => entered,
            Err(cause) => return Err(self.refusal_of(owner, entry, cause, |_| {}).await),
        };
        self.refuse_duplicate(&settings).await?;
        self.save(settings, secret, Capabilities::default()).await
    }

    /// What the report says of values that cannot be right. Entra is asked for the ID behind a domain, so that counts.
    async fn refusal_of(
        &self,
        owner: &str,
        entry: &Entry,
        cause: Cause,
        observer: impl FnMut(&Check) + Send,
    ) -> Refusal {
        let input = entry.input();
        // On the heap, because its future has some 20 KB.
        let test = Box::pin(self.tester.test(&input, observer));
        let report = match cause {
            Cause::TenantIdIsDomain => {
                let (tenant_id, client_id) = (Uuid::nil(), Uuid::nil());
                let subject = Subject { owner, tenant_id, client_id, connection: None, guess: false };
                self.audited(subject, test).await
            }
            _ => Ok(test.await),
        };
        report.map_or_else(|refused| refused, |report| Refusal::TestFailed(Box::new(report)))
    }

    /// What was entered, read. The inner error is about the values that a test judges.
    fn entered(&self, owner: &str, entry: &Entry) -> Result<Result<Entered, Cause>, Refusal> {
        let now = self.now();
        let name = limits::name(entry.name.as_deref())?;
        let interval = limits::interval(entry.interval_seconds)?;
        let since = limits::since(entry.since, now)?;
        let secret_expires = limits::expiry(entry.secret_expires, now)?;
        Ok(entry.input().candidate().map(|Candidate { identity, cloud, .. }| {
            let Credential::ClientSecret(secret) = identity.credential;
            let (tenant_id, client_id) = (identity.tenant_id, identity.client_id);
            let owner = owner.to_owned();
            let settings =
                NewConnection { owner, name, tenant_id, client_id, cloud, since, interval, secret_expires };
            Entered { settings, secret }
        }))
    }

    /// Saves a connection and its secret, untested: pending, then the secret, then connected.
    ///
    /// # Errors
    /// [`Refusal::Duplicate`], or when something cannot answer.
    pub async fn save(
        &self,
        settings: NewConnection,
        secret: SecretString,
        capabilities: Capabilities,
    ) -> Result<Connection, Refusal> {
        let pending = self.pending(settings).await?;
        let saved = async {
            let version = new_version();
            self.vault.stage(pending.id, version, secret).await?;
            self.vault.promote(pending.id, version).await?;
            let connected = Connection { lifecycle: Lifecycle::Connected, capabilities, ..pending.clone() };
            Ok(self.store.update(&connected).await?)
        };
        let refusal = match saved.await {
            Ok(connected) => {
                trail::write(&connected.settings.owner, connected.id, Made::Entered, Outcome::Made);
                return Ok(connected);
            }
            Err(refusal) => refusal,
        };
        if let Err(error) = forget(&self.store, &self.vault, pending.clone()).await {
            tracing::warn!(connection = %pending.id, ?error, "an interrupted saving is left to be cleaned");
            trail::write(&pending.settings.owner, pending.id, Made::Entered, Outcome::Unknown);
        }
        // Somebody removed it meanwhile, and it never was: ask again.
        Err(match refusal {
            Refusal::NotFound | Refusal::Changed => Refusal::Unavailable("removed while it was saved".into()),
            other => other,
        })
    }

    /// Enters it; in place of what an interrupted request has left.
    async fn pending(&self, settings: NewConnection) -> Result<Connection, Refusal> {
        let now = self.now();
        let id = new_id(now);
        let first = match self.store.create(id, settings.clone(), Lifecycle::Pending, now).await {
            Err(StoreError::Duplicate(first)) => first,
            answer => return Ok(answer?),
        };
        match self.store.connection(first).await? {
            Some(first) if is_left_over(&first, now) => forget(&self.store, &self.vault, first).await?,
            Some(_) => return Err(Refusal::Duplicate(first)),
            None => {}
        }
        Ok(self.store.create(id, settings, Lifecycle::Pending, now).await?)
    }

    /// Before the test, so that a mistake costs no attempt.
    async fn refuse_duplicate(&self, settings: &NewConnection) -> Result<(), Refusal> {
        let key = |settings: &NewConnection| (settings.tenant_id, settings.client_id, settings.cloud.clone());
        let now = self.now();
        let all = self.store.connections(Some(&settings.owner)).await?;
        let mut same = all.iter().filter(|there| key(&there.settings) == key(settings));
        match same.find(|there| !is_left_over(there, now)) {
            Some(first) => Err(Refusal::Duplicate(first.id)),
            None => Ok(()),
        }
    }
}

/// One version for one request: whatever repeats a call on the way, repeats it for the same version.
pub(crate) fn new_version() -> SecretVersion {
    let mut random = [0; 16];
    fastrand::fill(&mut random);
    SecretVersion(uuid::Builder::from_random_bytes(random).into_uuid())
}

fn new_id(now: jiff::Timestamp) -> ConnectionId {
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    ConnectionId::new(now, random)
}
