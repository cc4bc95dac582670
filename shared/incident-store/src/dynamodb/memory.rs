//! What this process knows of the leases that it holds or has given back.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{ConnectionId, Lease};

/// The last lease of each connection that this process has claimed.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<HashMap<ConnectionId, (u64, Use)>>);

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Held, and nothing written under it: it ends early by itself.
    Idle,
    /// Held, and written under: it lasts as long as was claimed.
    Written,
    /// Given back without a write.
    GivenBack,
}

impl Leases {
    pub(super) fn claimed(&self, lease: &Lease) {
        self.lock().insert(lease.connection, (lease.fence, Use::Idle));
    }

    pub(super) fn written(&self, lease: &Lease) {
        let mut leases = self.lock();
        let known = leases.entry(lease.connection).or_insert((lease.fence, Use::Written));
        if known.0 == lease.fence {
            known.1 = Use::Written;
        }
    }

    /// Whether giving `lease` back takes no write. From then on it counts as given back.
    pub(super) fn give_back(&self, lease: &Lease) -> bool {
        let mut leases = self.lock();
        match leases.get_mut(&lease.connection) {
            Some((fence, used)) if *fence == lease.fence && *used != Use::Written => {
                *used = Use::GivenBack;
                true
            }
            Some((fence, _)) if *fence == lease.fence => {
                leases.remove(&lease.connection);
                false
            }
            _ => false,
        }
    }

    /// The fence of the lease that was given back without a write.
    pub(super) fn given_back(&self, connection: ConnectionId) -> Option<u64> {
        let given_back = |(fence, used): &(u64, Use)| (*used == Use::GivenBack).then_some(*fence);
        self.lock().get(&connection).and_then(given_back)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, (u64, Use)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
