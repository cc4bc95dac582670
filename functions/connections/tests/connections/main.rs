//! The library as its callers meet it: over real HTTP, against the simulator.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod crash;
mod cut;
mod limits;
mod owners;
mod removing;
mod replacing;
mod routes;
mod saving;
mod secrets;
#[path = "../../examples/serve/server.rs"]
mod server;
mod support;
