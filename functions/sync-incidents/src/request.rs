//! What a person may ask of a sync.

use jiff::Timestamp;

/// What a person asks of a sync, besides what is new. A person's sync also tries what failed before its back-off ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Nothing more.
    Sync,
    /// All that changed since then is read once more. What is stored stays as it is where nothing differs.
    AgainSince(Timestamp),
    /// What is set aside is tried now, not after its hour.
    RetrySetAside,
    /// The hourly and the daily sweep begin now.
    Sweep,
    /// The checkpoint is forgotten: everything back to the connection's horizon is read as if for the first time.
    ForgetCheckpoint,
}
