//! What lies between this process and the internet.

use crate::roots::MoreRoots;

/// Whose certificates are trusted. The default is the built-in roots only.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Whom to trust besides the built-in roots.
    pub roots: MoreRoots,
}
