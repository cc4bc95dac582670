//! Client secrets on the desk: one file beside the store, mode 0600, never the database.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use incident_store::{ClientSecrets, ConnectionId, SecretError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// `STORE.secrets.json`: each connection's secret under its id. It is replaced as a whole, by renaming, and
/// a lock on `STORE.lock` lets one process at a time do so; readers need no lock.
#[derive(Clone, Debug)]
pub(crate) struct SecretFile {
    path: PathBuf,
    lock: PathBuf,
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

    /// Keeps `secret`, in place of the one there was.
    pub(crate) async fn put(&self, id: ConnectionId, secret: SecretString) -> io::Result<()> {
        self.change(move |secrets| {
            secrets.insert(id, secret);
            true
        })
        .await
    }

    /// Forgets the secret; without effect when there is none.
    pub(crate) async fn remove(&self, id: ConnectionId) -> io::Result<()> {
        self.change(move |secrets| secrets.remove(&id).is_some()).await
    }

    /// Reads, changes and replaces the file while no other process does; `edit` says whether it changed
    /// anything.
    async fn change(
        &self,
        edit: impl FnOnce(&mut BTreeMap<ConnectionId, SecretString>) -> bool + Send + 'static,
    ) -> io::Result<()> {
        let this = self.clone();
        blocking(move || {
            let lock = private(OpenOptions::new().append(true).create(true)).open(&this.lock)?;
            lock.lock()?;
            let mut secrets = read(&this.path)?;
            if edit(&mut secrets) { replace(&this.path, &secrets) } else { Ok(()) }
        })
        .await
    }
}

/// It reads the file each time, so that a secret replaced by another process is picked up at once.
impl ClientSecrets for SecretFile {
    async fn client_secret(&self, id: ConnectionId, _fresh: bool) -> Result<SecretString, SecretError> {
        let path = self.path.clone();
        let mut secrets = blocking(move || read(&path))
            .await
            .map_err(|error| SecretError::Unavailable(error.to_string()))?;
        secrets.remove(&id).ok_or(SecretError::Missing)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn read(path: &Path) -> io::Result<BTreeMap<ConnectionId, SecretString>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    // serde_json's message could repeat what it read.
    serde_json::from_slice(&text)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is not as this program writes it"))
}

fn replace(path: &Path, secrets: &BTreeMap<ConnectionId, SecretString>) -> io::Result<()> {
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
    let text = serde_json::to_vec_pretty(&Exposed(secrets)).map_err(io::Error::other)?;
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

/// The one place where secrets are written out.
struct Exposed<'a>(&'a BTreeMap<ConnectionId, SecretString>);

impl Serialize for Exposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (id, secret) in self.0 {
            map.serialize_entry(id, secret.expose_secret())?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> ConnectionId {
        ConnectionId::new(jiff::Timestamp::UNIX_EPOCH, [n; 10])
    }

    #[tokio::test]
    async fn a_secret_is_kept_replaced_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFile::beside(&folder.path().join("s.db"));
        assert_eq!(secrets.client_secret(id(1), false).await.unwrap_err(), SecretError::Missing);
        secrets.put(id(1), "one".into()).await.unwrap();
        secrets.put(id(2), "two~.+&=%\"\\é".into()).await.unwrap();
        secrets.put(id(1), "other".into()).await.unwrap();
        assert_eq!(secrets.client_secret(id(1), false).await.unwrap().expose_secret(), "other");
        assert_eq!(secrets.client_secret(id(2), true).await.unwrap().expose_secret(), "two~.+&=%\"\\é");
        secrets.remove(id(1)).await.unwrap();
        assert!(secrets.client_secret(id(1), false).await.is_err());
        assert!(secrets.client_secret(id(2), false).await.is_ok());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_file_is_for_its_user_alone_whatever_it_was_before() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFile::beside(&folder.path().join("s.db"));
        fs::write(&secrets.path, "{}").unwrap();
        fs::set_permissions(&secrets.path, fs::Permissions::from_mode(0o644)).unwrap();
        secrets.put(id(1), "one".into()).await.unwrap();
        assert_eq!(fs::metadata(&secrets.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn many_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFile::beside(&folder.path().join("s.db"));
        let writes: Vec<_> = (0..20)
            .map(|n| {
                let secrets = secrets.clone();
                tokio::spawn(async move { secrets.put(id(n), format!("{n}").into()).await })
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
        assert!(secrets.put(id(1), "one".into()).await.is_err());
        assert!(fs::read_to_string(&secrets.path).unwrap().contains("oops"));
    }
}
