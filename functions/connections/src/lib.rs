//! Enter, list, change and remove connections, each confined to its owner.
//!
//! [`Admin`] does it, over ports; [`handle`] is the same over HTTP, as docs/openapi.yaml says. Connection and
//! secret are kept in two places, so the order of writes is such that whatever is interrupted is found and
//! undone by [`clean`]: no secret is left without its connection, and no connection is synced without its
//! secret. The library takes ports; only the bootstrap (feature `bootstrap`) links Lambda and AWS.

mod admin;
mod change;
mod clean;
mod credential;
mod enter;
mod entry;
mod etag;
mod handle;
mod limits;
mod refusal;
mod remove;
mod route;
mod trail;
mod view;

pub use admin::{Admin, Tested};
pub use clean::{Cleaned, UNFINISHED_AFTER, clean};
pub use entry::{Change, Entry, NewCredential};
pub use etag::Expected;
pub use handle::{BODY_CAP, handle};
pub use refusal::Refusal;
pub use view::{ConnectionView, Page};
