//! Enter, list, change and remove connections, each confined to its owner.
//!
//! [`Admin`] does it, over ports; [`handle`] is the same over HTTP, as docs/openapi.yaml says. Connection and
//! secret are kept in two places, so the order of writes is such that whatever is interrupted is found and
//! undone by [`clean`]: no secret is left without its connection, and no connection is synced without its
//! secret. The library takes ports; only the bootstrap (feature `bootstrap`) links Lambda and AWS.

mod admin;
mod calls;
mod change;
mod clean;
mod credential;
mod enter;
mod entry;
mod etag;
mod handle;
mod limits;
mod moving;
mod refusal;
mod remove;
mod route;
mod saved;
mod trail;
mod view;

pub use admin::{Admin, Tested};
pub use calls::{Answer, Call, SavedTest, TenantCalls};
pub use clean::{Cleaned, UNFINISHED_AFTER, clean};
pub use entry::{Change, Entry, NewCredential};
pub use etag::Expected;
pub use handle::{BODY_CAP, handle};
pub use moving::move_all;
pub use refusal::Refusal;
pub use view::{ConnectionView, Page};
