//! The real binary against an Entra and a Graph on a socket.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod commands;
mod levers;
mod networks;
mod poison;
mod secrets;
mod serve;
mod support;
#[cfg(unix)]
mod terminal;
