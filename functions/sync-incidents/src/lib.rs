//! One sync of one connection, and of all that are due.
//!
//! The library takes ports; only the bootstrap (feature `bootstrap`) links Lambda and AWS.
//!
//! The street: [`Syncer`] looks whether there is anything new, claims a connection and opens a session; `run` asks, stores and keeps the
//! checkpoint; [`plan`] decides what to ask next, and is pure; `verdict` says what the run leaves. What the
//! engine promises stands in docs/guarantees.md.

mod allowance;
mod back_off;
mod checkpoint;
mod ended;
mod keeper;
mod look;
pub mod operator;
pub mod plan;
mod report;
mod request;
mod run;
mod shift;
mod stream;
mod sync;
mod syncer;
mod turn;
mod verdict;

pub use allowance::Budget;
pub use report::{News, Outcome, Report, StreamReport};
pub use request::Request;
pub use shift::{Ended, NotSynced, Shift};
pub use syncer::{Settings, Syncer};
pub use turn::Turn;
