//! Whether another process syncs this store. A killed process leaves its leases behind for two minutes;
//! on one machine it can be told that nobody is there any more to hold them.
//!
//! This only spares a wait: should it ever be wrong, the store's fences keep the two runs apart.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::secrets::private;

/// A sign that this process syncs: a shared lock on `STORE.syncing`, which ends with the process however
/// that ends.
#[derive(Debug)]
pub(crate) struct Alive {
    sign: Mutex<File>,
    gate: PathBuf,
}

impl Alive {
    /// Gives the sign for the store at `path`.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let with = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let sign = open(&with(".syncing"))?;
        sign.lock_shared()?;
        Ok(Self { sign: Mutex::new(sign), gate: with(".lock") })
    }

    /// Whether no other process gives the sign. When that cannot be told, it says that one does.
    pub(crate) fn is_alone(&self) -> bool {
        self.ask().unwrap_or(false)
    }

    /// The sign is down for a moment, so the gate lets one process at a time ask.
    fn ask(&self) -> io::Result<bool> {
        let sign = self.sign.lock().map_err(|_| io::Error::other("poisoned"))?;
        let gate = open(&self.gate)?;
        if gate.try_lock().is_err() {
            return Ok(false);
        }
        sign.unlock()?;
        let alone = sign.try_lock().is_ok();
        if alone {
            sign.unlock()?;
        }
        sign.lock_shared()?;
        Ok(alone)
    }
}

fn open(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().append(true).create(true)).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_alone_until_another_comes_and_again_when_it_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("s.db");
        let one = Alive::beside(&store).unwrap();
        assert!(one.is_alone());
        let other = Alive::beside(&store).unwrap();
        assert!(!one.is_alone() && !other.is_alone());
        drop(other);
        assert!(one.is_alone() && one.is_alone());
    }
}
