//! How long it may take to connect.

use std::time::Duration;

/// How long it may take to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connecting {
    /// TCP and TLS to a host. They take well under 100 ms to a Microsoft front end; 3 s rides out one lost SYN.
    pub straight: Duration,
    /// The same twice: to a proxy, and from there.
    pub through_proxy: Duration,
    /// Until a proxy that opened no tunnel has said why when it is asked again. One that has just refused answers at
    /// once.
    pub refusal: Duration,
}

impl Connecting {
    /// `longest` for each: a test on a busy machine is to fail for what it tests, and not for a limit.
    #[must_use]
    pub const fn within(longest: Duration) -> Self {
        Self { straight: longest, through_proxy: longest, refusal: longest }
    }
}

impl Default for Connecting {
    fn default() -> Self {
        Self {
            straight: Duration::from_secs(3),
            through_proxy: Duration::from_secs(6),
            refusal: Duration::from_secs(3),
        }
    }
}
