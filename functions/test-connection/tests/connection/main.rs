//! The connection test over real HTTP, against the simulator.

#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]

mod causes;
mod clouds;
mod docs;
mod foreign;
mod mistaken;
mod networks;
mod probe;
mod secrets;
mod support;
mod time;
mod waiting;
