//! What who changes a secret is promised.

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::samples::id;
use crate::{ClientSecrets, SecretError, SecretVault, SecretVersion};

fn version(number: u128) -> SecretVersion {
    SecretVersion(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number))
}

/// The current secret of connection 1, whether or not it was read before.
async fn current<V: ClientSecrets>(vault: &V) -> Result<String, SecretError> {
    vault.client_secret(id(1), true).await.map(|secret| secret.expose_secret().to_owned())
}

async fn stage<V: SecretVault>(vault: &V, number: u128, secret: &str) {
    let staged = vault.stage(id(1), version(number), SecretString::from(secret)).await;
    staged.expect("a secret is staged");
}

async fn put<V: SecretVault>(vault: &V, number: u128, secret: &str) {
    stage(vault, number, secret).await;
    vault.promote(id(1), version(number)).await.expect("a staged secret is promoted");
}

pub(super) async fn what_was_promoted_is_read<V: ClientSecrets + SecretVault>(vault: &V) {
    assert_eq!(current(vault).await, Err(SecretError::Missing), "there is no secret before the first");
    for (number, secret) in [(1, "first"), (2, "second ünïcode ~._-"), (3, "first")] {
        put(vault, number, secret).await;
        assert_eq!(current(vault).await.as_deref(), Ok(secret), "what was promoted is read");
    }
    let other = vault.client_secret(id(2), true).await.map(|_| ());
    assert_eq!(other, Err(SecretError::Missing), "another connection's secret is its own");
}

pub(super) async fn a_staged_secret_waits<V: ClientSecrets + SecretVault>(vault: &V) {
    put(vault, 1, "old").await;
    stage(vault, 2, "abandoned").await;
    assert_eq!(current(vault).await.as_deref(), Ok("old"), "a staged secret is not read");
    stage(vault, 3, "new").await;
    assert_eq!(current(vault).await.as_deref(), Ok("old"), "a staged secret is not read");
    vault.promote(id(1), version(3)).await.expect("the one staged last is promoted");
    assert_eq!(current(vault).await.as_deref(), Ok("new"), "what was promoted is read");
    let unknown = vault.promote(id(1), version(9)).await;
    assert_eq!(unknown, Err(SecretError::Missing), "what was never staged is not promoted");
    assert_eq!(current(vault).await.as_deref(), Ok("new"), "and changes nothing");
}

pub(super) async fn a_version_written_twice_is_one<V: ClientSecrets + SecretVault>(vault: &V) {
    put(vault, 1, "old").await;
    for _ in 0..2 {
        stage(vault, 2, "new").await;
    }
    for _ in 0..2 {
        vault.promote(id(1), version(2)).await.expect("promoting again is harmless");
        assert_eq!(current(vault).await.as_deref(), Ok("new"), "what was promoted is read");
    }
}

pub(super) async fn a_discarded_version_is_gone<V: ClientSecrets + SecretVault>(vault: &V) {
    put(vault, 1, "old").await;
    stage(vault, 2, "new").await;
    for _ in 0..2 {
        vault.discard(id(1), version(2)).await.expect("discarding again is harmless");
    }
    assert_eq!(vault.promote(id(1), version(2)).await, Err(SecretError::Missing), "it cannot be promoted");
    vault.discard(id(1), version(1)).await.expect("discarding the current one is no error");
    vault.discard(id(2), version(1)).await.expect("nor is discarding where nothing is");
    assert_eq!(current(vault).await.as_deref(), Ok("old"), "the current one stays");
}

pub(super) async fn removal_is_final<V: ClientSecrets + SecretVault>(vault: &V) {
    put(vault, 1, "current").await;
    stage(vault, 2, "staged").await;
    for _ in 0..2 {
        vault.remove(id(1)).await.expect("removing again is harmless");
    }
    assert_eq!(current(vault).await, Err(SecretError::Missing), "a removed secret is not read");
    assert_eq!(
        vault.promote(id(1), version(2)).await,
        Err(SecretError::Missing),
        "nor a staged one promoted"
    );
    let late = vault.stage(id(1), version(3), SecretString::from("late")).await;
    assert_eq!(late, Err(SecretError::Missing), "nor anything staged any more");
    vault.discard(id(1), version(2)).await.expect("discarding what is gone is no error");
    assert_eq!(current(vault).await, Err(SecretError::Missing), "removal is final");
    vault.remove(id(2)).await.expect("removing what never was is no error");
    let never = vault.stage(id(2), version(1), SecretString::from("late")).await;
    assert_eq!(
        never,
        Err(SecretError::Missing),
        "and is final as well: a late request leaves nothing behind"
    );
}
