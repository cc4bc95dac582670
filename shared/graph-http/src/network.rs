//! What lies between this process and the internet.

use crate::proxy::Proxy;
use crate::roots::MoreRoots;

/// How hosts are reached, and whose certificates are trusted. The default is straight, with the built-in roots only.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// What HTTPS requests go through.
    pub proxy: Option<Proxy>,
    /// Whom to trust besides the built-in roots.
    pub roots: MoreRoots,
}
