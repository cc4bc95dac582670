//! One sync of one connection, and of all that are due.

mod report;
mod syncer;

pub use report::{Outcome, Report, StreamReport};
pub use syncer::{Budget, Settings, Syncer};
