//! Over TLS on loopback: what is between this machine and a host, and what is said of it.

#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]

mod asleep;
mod certificates;
mod proxies;
mod support;
