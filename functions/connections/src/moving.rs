//! Giving what an owner has to another one: a role was made anew, an issuer was changed. Whoever runs the stack does it, and
//! no owner can.

use incident_store::{Groups, StoreError};

use crate::trail;

/// Gives all groups of `from` to `to`, each in one write with all that belongs to it, and says how many. `by` is who does
/// it, for the audit line. What fails in between is done by asking again.
///
/// # Errors
/// When the store cannot answer, or somebody else moves the same groups.
pub async fn move_all(store: &impl Groups, by: &str, from: &str, to: &str) -> Result<usize, StoreError> {
    let groups = if from == to { Vec::new() } else { store.groups(from).await? };
    for group in &groups {
        store.move_to(group, from, to).await?;
        trail::write_move(by, group, from, to);
    }
    Ok(groups.len())
}
