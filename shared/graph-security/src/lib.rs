//! Token → pages of incidents and alerts.
//!
//! A [`Graph`] is shared by all connections of a process; a [`Session`] is one connection in one run, with
//! its deadline and its budget of calls. Records stay the bytes that Graph sent, behind a small typed head.

mod annotations;
mod by_kind;
mod envelope;
mod error;
mod evidence;
mod instant;
mod link;
mod members;
mod page;
pub mod permission;
mod query;
mod record;
mod session;

pub use by_kind::ByKind;
pub use error::{ErrorDetail, GraphError, PageFault};
pub use evidence::Evidence;
pub use instant::{is_empty_date, parse_instant};
pub use link::{LinkError, LinkTrail, NextLink};
pub use page::{Page, parse_page};
pub use query::{Comparison, Condition, Property, Query, Select};
pub use record::{Head, Record, RecordKind, Unreadable};
pub use session::{Graph, Session, UNSTATED_RETRY_AFTER, Usage};
