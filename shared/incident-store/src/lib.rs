//! Connections, checkpoints, incidents and alerts behind small traits.
//!
//! [`Connections`] is what an admin changes, [`Groups`] says whose connections are; [`SyncStore`] is what a sync works with. Two implementations
//! stand behind them: an embedded one on SQLite (feature `sqlite`) and one on DynamoDB (feature `dynamodb`). Client secrets are
//! kept elsewhere: [`ClientSecrets`] is who reads one, [`SecretVault`] who changes one.
//! [`decide`] is the one rule by which a stored record is replaced; both implementations call it, and both
//! pass `conformance::run` (feature `conformance`).

pub mod believed;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connection;
mod connection_id;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
mod error;
mod group;
pub mod health;
mod memory;
mod record;
pub mod redirect;
pub mod schedule;
mod secrets;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod status;
#[cfg(any(feature = "sqlite", feature = "dynamodb"))]
mod stored;
mod sync;
pub mod ticks;

pub use connection::{Capabilities, Connection, Connections, Due, Found, Lifecycle, NewConnection, Records};
pub use connection_id::ConnectionId;
pub use error::StoreError;
pub use group::{GroupId, Groups};
pub use health::Health;
pub use memory::MemoryVault;
pub use record::{
    CLOCKS_DIFFER, Change, Field, Incoming, Over, StoredVersion, Upserted, decide, fingerprint, same_content,
};
pub use schedule::Timing;
pub use secrets::{ClientSecrets, SecretError, SecretVault, SecretVersion};
pub use status::{Aside, Failing, Observed, SetAside, StreamStatus, SyncStatus};
pub use sync::{Claim, Claimed, Lease, Progress, Seen, SyncState, SyncStore};
