//! Token → pages of incidents and alerts.

mod record;

pub use record::{Head, Record, RecordKind, Unreadable};
