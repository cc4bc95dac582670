//! A vault that ends with its process: for tests, and for trying things out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;

use crate::{ClientSecrets, ConnectionId, SecretError, SecretVault, SecretVersion};

/// Client secrets in memory. A clone is the same vault.
#[derive(Clone, Debug, Default)]
pub struct MemoryVault {
    kept: Arc<Mutex<HashMap<ConnectionId, Option<Versions>>>>,
}

/// Of one connection. `Debug` shows no secret.
#[derive(Debug, Default)]
struct Versions {
    current: Option<Version>,
    staged: Option<Version>,
}

type Version = (SecretVersion, SecretString);

impl MemoryVault {
    /// Whose secrets it keeps, the staged ones included.
    #[must_use]
    pub fn ids(&self) -> Vec<ConnectionId> {
        let kept = self.lock();
        kept.iter().filter_map(|(id, versions)| versions.as_ref().map(|_| *id)).collect()
    }

    /// `None` stands for what was removed.
    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Option<Versions>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSecrets for MemoryVault {
    async fn client_secret(&self, id: ConnectionId, _fresh: bool) -> Result<SecretString, SecretError> {
        let kept = self.lock();
        let versions = kept.get(&id).and_then(Option::as_ref).ok_or(SecretError::Missing)?;
        versions.current.as_ref().map(|(_, secret)| secret.clone()).ok_or(SecretError::Missing)
    }
}

impl SecretVault for MemoryVault {
    async fn stage(
        &self,
        id: ConnectionId,
        version: SecretVersion,
        secret: SecretString,
    ) -> Result<(), SecretError> {
        let mut kept = self.lock();
        let versions = kept.entry(id).or_insert_with(|| Some(Versions::default()));
        versions.as_mut().ok_or(SecretError::Missing)?.staged = Some((version, secret));
        Ok(())
    }

    async fn promote(&self, id: ConnectionId, version: SecretVersion) -> Result<(), SecretError> {
        let mut kept = self.lock();
        let versions = kept.get_mut(&id).and_then(Option::as_mut).ok_or(SecretError::Missing)?;
        match versions.staged.take() {
            Some(staged) if staged.0 == version => versions.current = Some(staged),
            other => {
                versions.staged = other;
                if versions.current.as_ref().is_none_or(|(current, _)| *current != version) {
                    return Err(SecretError::Missing);
                }
            }
        }
        Ok(())
    }

    async fn discard(&self, id: ConnectionId, version: SecretVersion) -> Result<(), SecretError> {
        if let Some(versions) = self.lock().get_mut(&id).and_then(Option::as_mut) {
            versions.staged.take_if(|(staged, _)| *staged == version);
        }
        Ok(())
    }

    async fn remove(&self, id: ConnectionId) -> Result<(), SecretError> {
        self.lock().insert(id, None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_keeps_every_promise() {
        crate::conformance::run_vault(async || MemoryVault::default()).await;
    }
}
