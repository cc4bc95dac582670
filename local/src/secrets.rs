//! Client secrets on the desk: one file beside the store, mode 0600, never the database.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use incident_store::{ClientSecrets, ConnectionId, SecretError, SecretVault, SecretVersion};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// `STORE.secrets.json`: each connection's secret under its id. It is replaced as a whole, by renaming, and
/// a lock on `STORE.lock` lets one process at a time do so; readers need no lock.
#[derive(Clone, Debug)]
pub(crate) struct SecretFile {
    path: PathBuf,
    lock: PathBuf,
}

/// By connection; `null` stands for what was removed, so that no late write brings it back.
type Kept = BTreeMap<ConnectionId, Option<Versions>>;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Versions {
    current: Option<Version>,
    staged: Option<Version>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Version {
    version: Uuid,
    #[serde(serialize_with = "exposed")]
    secret: SecretString,
}

/// The one place where a secret is written out.
fn exposed<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

impl SecretFile {
    /// The file that belongs to `store`.
    pub(crate) fn beside(store: &Path) -> Self {
        let with = |suffix: &str| {
            let mut path = store.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        Self { path: with(".secrets.json"), lock: with(".lock") }
    }

    /// Reads, changes and replaces the file while no other process does.
    async fn change(
        &self,
        edit: impl FnOnce(&mut Kept) -> Result<(), SecretError> + Send + 'static,
    ) -> Result<(), SecretError> {
        let this = self.clone();
        blocking(move || {
            let lock = private(OpenOptions::new().append(true).create(true)).open(&this.lock)?;
            lock.lock()?;
            let mut kept = read(&this.path)?;
            match edit(&mut kept) {
                Ok(()) => replace(&this.path, &kept).map(Ok),
                Err(refused) => Ok(Err(refused)),
            }
        })
        .await?
    }
}

/// It reads the file each time, so that a secret replaced by another process is picked up at once.
impl ClientSecrets for SecretFile {
    async fn client_secret(&self, id: ConnectionId, _fresh: bool) -> Result<SecretString, SecretError> {
        let path = self.path.clone();
        let kept = blocking(move || read(&path)).await?.remove(&id).flatten();
        kept.and_then(|versions| versions.current).map(|current| current.secret).ok_or(SecretError::Missing)
    }
}

impl SecretVault for SecretFile {
    async fn stage(
        &self,
        id: ConnectionId,
        version: SecretVersion,
        secret: SecretString,
    ) -> Result<(), SecretError> {
        self.change(move |kept| {
            let versions = kept.entry(id).or_insert_with(|| Some(Versions::default()));
            let versions = versions.as_mut().ok_or(SecretError::Missing)?;
            versions.staged = Some(Version { version: version.0, secret });
            Ok(())
        })
        .await
    }

    async fn promote(&self, id: ConnectionId, version: SecretVersion) -> Result<(), SecretError> {
        self.change(move |kept| {
            let versions = kept.get_mut(&id).and_then(Option::as_mut).ok_or(SecretError::Missing)?;
            let is = |one: &Version| one.version == version.0;
            if let Some(staged) = versions.staged.take_if(|staged| is(staged)) {
                versions.current = Some(staged);
            }
            versions.current.as_ref().filter(|current| is(current)).map(drop).ok_or(SecretError::Missing)
        })
        .await
    }

    async fn discard(&self, id: ConnectionId, version: SecretVersion) -> Result<(), SecretError> {
        self.change(move |kept| {
            if let Some(versions) = kept.get_mut(&id).and_then(Option::as_mut) {
                versions.staged.take_if(|staged| staged.version == version.0);
            }
            Ok(())
        })
        .await
    }

    async fn remove(&self, id: ConnectionId) -> Result<(), SecretError> {
        self.change(move |kept| {
            kept.insert(id, None);
            Ok(())
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, SecretError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten();
    done.map_err(|error| SecretError::Unavailable(error.to_string()))
}

fn read(path: &Path) -> io::Result<Kept> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::new()),
        Err(error) => return Err(error),
    };
    // serde_json's message could repeat what it read.
    serde_json::from_slice(&text).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidData, "the file of secrets is not as this program writes it")
    })
}

fn replace(path: &Path, kept: &Kept) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    // What a killed process left; nobody else writes it while we hold the lock. It is made anew so that its
    // mode is ours from the first byte on.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&new)?;
    let text = serde_json::to_vec_pretty(kept).map_err(io::Error::other)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(path)
}

/// A rename is durable when its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Created for this user alone.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> ConnectionId {
        ConnectionId::new(jiff::Timestamp::UNIX_EPOCH, [n; 10])
    }

    async fn put(secrets: &SecretFile, id: ConnectionId, secret: &str) -> Result<(), SecretError> {
        let version = SecretVersion(Uuid::from_u128(1));
        secrets.stage(id, version, secret.into()).await?;
        secrets.promote(id, version).await
    }

    #[tokio::test]
    async fn it_keeps_what_any_vault_promises() {
        let folder = tempfile::tempdir().unwrap();
        let mut number = 0;
        let mut paths = std::iter::repeat_with(|| {
            number += 1;
            folder.path().join(format!("{number}.db"))
        });
        let next = std::cell::RefCell::new(&mut paths);
        let new_vault = async || SecretFile::beside(&next.borrow_mut().next().unwrap());
        incident_store::conformance::run_vault(new_vault).await;
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_file_is_for_its_user_alone_whatever_it_was_before() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFile::beside(&folder.path().join("s.db"));
        fs::write(&secrets.path, "{}").unwrap();
        fs::set_permissions(&secrets.path, fs::Permissions::from_mode(0o644)).unwrap();
        put(&secrets, id(1), "one").await.unwrap();
        assert_eq!(fs::metadata(&secrets.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn many_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFile::beside(&folder.path().join("s.db"));
        let writes: Vec<_> = (0..20)
            .map(|n| {
                let secrets = secrets.clone();
                tokio::spawn(async move { put(&secrets, id(n), &n.to_string()).await })
            })
            .collect();
        for write in writes {
            write.await.unwrap().unwrap();
        }
        for n in 0..20 {
            assert_eq!(secrets.client_secret(id(n), false).await.unwrap().expose_secret(), n.to_string());
        }
    }

    #[tokio::test]
    async fn a_spoilt_file_is_neither_shown_nor_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFile::beside(&folder.path().join("s.db"));
        fs::write(&secrets.path, "{\"S3ntinel\": oops").unwrap();
        let error = secrets.client_secret(id(1), false).await.unwrap_err().to_string();
        assert!(!error.contains("S3ntinel") && !error.contains("oops"), "{error}");
        assert!(put(&secrets, id(1), "one").await.is_err());
        assert!(fs::read_to_string(&secrets.path).unwrap().contains("oops"));
    }
}
