//! Client secrets in AWS Secrets Manager: one secret for each connection, its versions staged as
//! `AWSPENDING`, `AWSCURRENT` and `AWSPREVIOUS`.
//!
//! `sync-incidents` and `tenant-calls` need `GetSecretValue` and nothing else. `connections`, which enters connections,
//! needs `CreateSecret`, `PutSecretValue`, `DescribeSecret`, `UpdateSecretVersionStage` and `DeleteSecret`, and has no right
//! to read one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use graph_http::Clock;
use incident_store::dynamodb::Late;
use incident_store::{ClientSecrets, ConnectionId, SecretError, SecretVault, SecretVersion};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

/// How long a secret is used before it is read again. A replaced one is found at once all the same: Entra
/// refuses the old one, and a refusal reads past the cache. An old one that Entra still takes does no harm.
const FRESH: SignedDuration = SignedDuration::from_hours(12);

/// The longest recovery window there is; the name is taken until its end.
const RECOVERY_DAYS: i64 = 30;

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// Client secrets under a prefix, by the connection's id. No tenant or client id is in a name.
#[derive(Debug)]
pub struct SecretsManager {
    client: Late<Client>,
    prefix: String,
    kms_key: Option<String>,
    clock: Clock,
    cache: Mutex<HashMap<ConnectionId, Cached>>,
}

/// A version that was read. `Debug` shows no secret.
#[derive(Clone, Debug)]
struct Cached {
    version: String,
    secret: SecretString,
    read: Timestamp,
}

impl SecretsManager {
    /// Secrets named `prefix` and the connection's id; new ones are encrypted under `kms_key`, or under AWS's
    /// own key where that is `None`. Calls nothing.
    #[must_use]
    pub fn new(client: Late<Client>, prefix: String, kms_key: Option<String>, clock: Clock) -> Self {
        Self { client, prefix, kms_key, clock, cache: Mutex::default() }
    }

    fn name(&self, id: ConnectionId) -> String {
        format!("{}{id}", self.prefix)
    }

    fn cached(&self) -> MutexGuard<'_, HashMap<ConnectionId, Cached>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, id: ConnectionId) -> Result<Cached, SecretError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(self.name(id))
            .send()
            .await
            .map_err(|error| failed(&error))?;
        let secret = answer.secret_string.ok_or(SecretError::Missing)?.into();
        let version = answer.version_id.unwrap_or_default();
        Ok(Cached { version, secret, read: self.clock.now() })
    }

    /// The staging labels of each version; `Missing` when there is no secret, or it is being deleted.
    async fn labels(&self, id: ConnectionId) -> Result<HashMap<String, Vec<String>>, SecretError> {
        let answer = self
            .client
            .describe_secret()
            .secret_id(self.name(id))
            .send()
            .await
            .map_err(|error| failed(&error))?;
        match answer.deleted_date {
            Some(_) => Err(SecretError::Missing),
            None => Ok(answer.version_ids_to_stages.unwrap_or_default()),
        }
    }

    async fn put(&self, id: ConnectionId, version: &str, secret: &SecretString) -> Result<(), Put> {
        let call = self.client.put_secret_value().secret_id(self.name(id)).client_request_token(version);
        let call = call.secret_string(secret.expose_secret()).version_stages(PENDING);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => Err(Put::NoSecret),
            Err(error) => Err(Put::Failed(failed(&error))),
        }
    }

    /// A secret without a value, so that its first one gets the version it was asked for. Of no effect when it
    /// is there; `Missing` when it is being deleted.
    async fn create(&self, id: ConnectionId) -> Result<(), SecretError> {
        let call = self.client.create_secret().name(self.name(id)).set_kms_key_id(self.kms_key.clone());
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("ResourceExistsException") => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

enum Put {
    NoSecret,
    Failed(SecretError),
}

impl ClientSecrets for SecretsManager {
    async fn client_secret(&self, id: ConnectionId, fresh: bool) -> Result<SecretString, SecretError> {
        let cached = self.cached().get(&id).cloned();
        let now = self.clock.now();
        let in_time = |cached: &&Cached| now.duration_since(cached.read) < FRESH;
        if let Some(cached) = cached.as_ref().filter(|_| !fresh).filter(in_time) {
            return Ok(cached.secret.clone());
        }
        match (self.read(id).await, cached) {
            (Ok(read), before) => {
                if before.is_some_and(|before| before.version != read.version) {
                    tracing::info!(connection = %id, "the client secret was replaced");
                }
                let secret = read.secret.clone();
                self.cached().insert(id, read);
                Ok(secret)
            }
            (Err(SecretError::Missing), _) => {
                self.cached().remove(&id);
                Err(SecretError::Missing)
            }
            // Old is better than none, but not when Entra has just refused it.
            (Err(SecretError::Unavailable(_)), Some(cached)) if !fresh => Ok(cached.secret),
            (Err(error), _) => Err(error),
        }
    }
}

impl SecretVault for SecretsManager {
    async fn stage(
        &self,
        id: ConnectionId,
        version: SecretVersion,
        secret: SecretString,
    ) -> Result<(), SecretError> {
        let version = version.0.to_string();
        match self.put(id, &version, &secret).await {
            Ok(()) => return Ok(()),
            Err(Put::NoSecret) => self.create(id).await?,
            Err(Put::Failed(error)) => return Err(error),
        }
        self.put(id, &version, &secret).await.map_err(|error| match error {
            Put::NoSecret => SecretError::Unavailable("the new secret is not there yet".to_owned()),
            Put::Failed(error) => error,
        })
    }

    async fn promote(&self, id: ConnectionId, version: SecretVersion) -> Result<(), SecretError> {
        let version = version.0.to_string();
        let labels = self.labels(id).await?;
        if has(&labels, &version, CURRENT) {
            return Ok(());
        }
        if !has(&labels, &version, PENDING) {
            return Err(SecretError::Missing);
        }
        let current = labels.keys().find(|version| has(&labels, version, CURRENT)).cloned();
        let stage = || self.client.update_secret_version_stage().secret_id(self.name(id));
        let call = stage().version_stage(CURRENT).move_to_version_id(&version);
        if let Err(error) = call.set_remove_from_version_id(current).send().await {
            // Where only the answer was lost it is done, and what the SDK repeats is refused: the label is no
            // longer where it is to be taken from.
            let labels = self.labels(id).await;
            if !labels.is_ok_and(|labels| has(&labels, &version, CURRENT)) {
                return Err(failed(&error));
            }
        }
        self.cached().remove(&id);
        // Where this fails the label stays, which does no harm: the next staging moves it.
        let _ = stage().version_stage(PENDING).remove_from_version_id(version).send().await;
        Ok(())
    }

    async fn discard(&self, id: ConnectionId, version: SecretVersion) -> Result<(), SecretError> {
        let version = version.0.to_string();
        let labels = match self.labels(id).await {
            Ok(mut labels) => labels.remove(&version).unwrap_or_default(),
            Err(SecretError::Missing) => return Ok(()),
            Err(error) => return Err(error),
        };
        let has = |label: &str| labels.iter().any(|other| other == label);
        if has(PENDING) && !has(CURRENT) {
            let call = self.client.update_secret_version_stage().secret_id(self.name(id));
            call.version_stage(PENDING)
                .remove_from_version_id(version)
                .send()
                .await
                .map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    /// Deletes it with a recovery window. Of a connection that never had a secret the name is taken by an
    /// empty one that is deleted as well, so that a late request leaves nothing behind.
    async fn remove(&self, id: ConnectionId) -> Result<(), SecretError> {
        self.cached().remove(&id);
        let delete = || {
            let call = self.client.delete_secret().secret_id(self.name(id));
            call.recovery_window_in_days(RECOVERY_DAYS).send()
        };
        match delete().await {
            Ok(_) => return Ok(()),
            Err(error) if code(&error) == Some("ResourceNotFoundException") => {}
            Err(error) => return unless_missing(failed(&error)),
        }
        match self.create(id).await {
            Ok(()) => {}
            Err(error) => return unless_missing(error),
        }
        match delete().await {
            Ok(_) => Ok(()),
            Err(error) => unless_missing(failed(&error)),
        }
    }
}

fn has(labels: &HashMap<String, Vec<String>>, version: &str, label: &str) -> bool {
    labels.get(version).is_some_and(|labels| labels.iter().any(|other| other == label))
}

fn unless_missing(error: SecretError) -> Result<(), SecretError> {
    match error {
        SecretError::Missing => Ok(()),
        SecretError::Unavailable(_) => Err(error),
    }
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// `InvalidRequestException` is what Secrets Manager says of a secret that is being deleted. Only the code is
/// passed on.
fn failed<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> SecretError {
    match (code(error), error) {
        (Some("ResourceNotFoundException" | "InvalidRequestException"), _) => SecretError::Missing,
        (Some(code), _) => SecretError::Unavailable(code.to_owned()),
        (None, SdkError::TimeoutError(_)) => SecretError::Unavailable("timed out".to_owned()),
        (None, SdkError::DispatchFailure(_)) => SecretError::Unavailable("no connection".to_owned()),
        (None, _) => SecretError::Unavailable("no answer".to_owned()),
    }
}
