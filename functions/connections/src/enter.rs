//! Entering a connection: tested, then saved.

use graph_auth::{Cause, Credential};
use graph_http::Transport;
use http_api::{Attempts, Caller};
use incident_store::{
    Capabilities, Connection, ConnectionId, Connections, GroupId, Groups, Lifecycle, NewConnection,
    SecretVault, SecretVersion, StoreError, SyncStore,
};
use jiff::Timestamp;
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

impl<S: Connections + Groups + SyncStore, V: SecretVault, A: Attempts, T: Transport> Admin<S, V, A, T> {
    /// Tests what was entered, and saves it for `caller` when it is good, or when told to save it anyway.
    ///
    /// That another owner has a connection for the same tenant and client neither hinders nor shows: a
    /// connection reads with its own secret alone.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::Duplicate`], [`Refusal::Full`], [`Refusal::TestFailed`], [`Refusal::TooMany`], or when
    /// something cannot answer. Nothing is saved then.
    pub async fn enter(
        &self,
        caller: &Caller,
        entry: &Entry,
        observer: impl FnMut(&Check) + Send,
    ) -> Result<Tested, Refusal> {
        let home = self.store.home(&caller.owner, new_group(self.now())).await?;
        let Entered { settings, secret } = match self.entered(entry, &home)? {
            Ok(entered) => entered,
            Err(cause) => return Err(self.refusal_of(caller, entry, cause, observer).await),
        };
        self.has_room_for(caller, &settings).await?;
        let NewConnection { tenant_id, client_id, since, .. } = settings;
        let subject = Subject { caller, tenant_id, client_id, connection: None, guess: true };
        let complete = |candidate| Candidate { since: Some(since), ..candidate };
        let input = entry.input();
        let test = Box::pin(async { Ok(self.tester.test_as(&input, complete, observer).await) });
        let report = self.audited(subject, test).await?;
        if !report.ok && !entry.save_anyway {
            return Err(Refusal::TestFailed(Box::new(report)));
        }
        let capabilities = merged(Capabilities::default(), &report);
        let connection = self.save(caller, settings, secret, capabilities).await?;
        Ok(Tested { connection, report })
    }

    /// Saves what was entered for `caller` without a test.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::Duplicate`], or when something cannot answer. Values that cannot be right
    /// are a [`Refusal::TestFailed`], or a [`Refusal::TooMany`], as they are to [`Self::enter`]: Entra is asked for
    /// the ID behind a domain, and nobody is asked else. Nothing is saved then.
    pub async fn enter_untested(&self, caller: &Caller, entry: &Entry) -> Result<Connection, Refusal> {
        let home = self.store.home(&caller.owner, new_group(self.now())).await?;
        let Entered { settings, secret } = match self.entered(entry, &home)? {
            Ok(entered) => entered,
            Err(cause) => return Err(self.refusal_of(caller, entry, cause, |_| {}).await),
        };
        self.has_room_for(caller, &settings).await?;
        self.save(caller, settings, secret, Capabilities::default()).await
    }

    /// What the report says of values that cannot be right. Entra is asked for the ID behind a domain, so that counts.
    async fn refusal_of(
        &self,
        caller: &Caller,
        entry: &Entry,
        cause: Cause,
        observer: impl FnMut(&Check) + Send,
    ) -> Refusal {
        let input = entry.input();
        // On the heap, because its future has some 20 KB.
        let test = Box::pin(async { Ok(self.tester.test(&input, observer).await) });
        let report = match cause {
            Cause::TenantIdIsDomain => {
                let (tenant_id, client_id) = (Uuid::nil(), Uuid::nil());
                let subject = Subject { caller, tenant_id, client_id, connection: None, guess: false };
                self.audited(subject, test).await
            }
            _ => test.await,
        };
        report.map_or_else(|refused| refused, |report| Refusal::TestFailed(Box::new(report)))
    }

    /// What was entered, read. The inner error is about the values that a test judges.
    fn entered(&self, entry: &Entry, home: &GroupId) -> Result<Result<Entered, Cause>, Refusal> {
        let now = self.now();
        let name = limits::name(entry.name.as_deref())?;
        let interval = limits::interval(entry.interval_seconds)?;
        let since = limits::since(entry.since, now)?;
        let secret_expires = limits::expiry(entry.secret_expires, now)?;
        Ok(entry.input().candidate().map(|Candidate { identity, cloud, .. }| {
            let Credential::ClientSecret(secret) = identity.credential;
            let (tenant_id, client_id) = (identity.tenant_id, identity.client_id);
            let group = home.clone();
            let settings =
                NewConnection { group, name, tenant_id, client_id, cloud, since, interval, secret_expires };
            Entered { settings, secret }
        }))
    }

    /// Saves a connection and its secret, untested: pending, then the secret, then connected.
    ///
    /// # Errors
    /// [`Refusal::Duplicate`], or when something cannot answer.
    pub async fn save(
        &self,
        caller: &Caller,
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
                trail::write(caller, connected.id, Made::Entered, Outcome::Made);
                return Ok(connected);
            }
            Err(refusal) => refusal,
        };
        if let Err(error) = forget(&self.store, &self.vault, pending.clone()).await {
            tracing::warn!(connection = %pending.id, ?error, "an interrupted saving is left to be cleaned");
            trail::write(caller, pending.id, Made::Entered, Outcome::Unknown);
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

    /// Before the test, so that a mistake costs no attempt. What is left over will be gone, and counts for nothing.
    async fn has_room_for(&self, caller: &Caller, settings: &NewConnection) -> Result<(), Refusal> {
        let key = |settings: &NewConnection| (settings.tenant_id, settings.client_id, settings.cloud.clone());
        let now = self.now();
        let all = self.of_caller(caller).await?;
        let there: Vec<_> = all.iter().filter(|there| !is_left_over(there, now)).collect();
        if let Some(first) = there.iter().find(|there| key(&there.settings) == key(settings)) {
            return Err(Refusal::Duplicate(first.id));
        }
        let most = self.limits.connections;
        if there.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
            Err(Refusal::Full(most))
        } else {
            Ok(())
        }
    }
}

/// One version for one request: whatever repeats a call on the way, repeats it for the same version.
pub(crate) fn new_version() -> SecretVersion {
    let mut random = [0; 16];
    fastrand::fill(&mut random);
    SecretVersion(uuid::Builder::from_random_bytes(random).into_uuid())
}

fn new_id(now: Timestamp) -> ConnectionId {
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    ConnectionId::new(now, random)
}

fn new_group(now: Timestamp) -> GroupId {
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    GroupId::new(now, random)
}
