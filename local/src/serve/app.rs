//! What the routes work with.

use incident_store::ConnectionId;
use tokio::sync::mpsc;

use crate::desk::Desk;

/// The store with its ports, and a line to the keeper.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) desk: Desk,
    /// Asks the keeper to sync a connection now.
    pub(super) wake: mpsc::Sender<ConnectionId>,
}
