//! What connections belong to, and whose that is.
//!
//! Connections and their records hang on a group's id, and the owner is an attribute of the group. So what an owner has
//! passes to another one by one write, however much it is: a role was made anew, an issuer was changed, a customer was
//! sold.

use std::fmt;
use std::future::Future;

use jiff::Timestamp;

use crate::StoreError;

/// A group's own id. It tells nothing of its owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(String);

impl GroupId {
    /// A new id from the time it is made at and 10 random bytes, so that ids sort by the time they were made.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(crate::ConnectionId::new(now, random).to_string())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for GroupId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for GroupId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The groups, and whose they are.
pub trait Groups: Send + Sync {
    /// All groups of `owner`, in the order of their ids.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn groups(&self, owner: &str) -> impl Future<Output = Result<Vec<GroupId>, StoreError>> + Send;

    /// The group that what `owner` enters belongs to; made under the id `new` where there is none. Of requests at the same
    /// moment all get the same one.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn home(&self, owner: &str, new: GroupId) -> impl Future<Output = Result<GroupId, StoreError>> + Send;

    /// Whose `group` is; `None` where there is no such group.
    ///
    /// # Errors
    /// Only when the store cannot answer.
    fn owner(&self, group: &GroupId) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Gives `group` with all that belongs to it from one owner to another, in one write: nobody sees half of it moved. A
    /// group that was moved is no home: what its new owner enters belongs to a group of the new owner's own.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when there is no such group, [`StoreError::Stale`] when it is not `from`'s (any more).
    fn move_to(
        &self,
        group: &GroupId,
        from: &str,
        to: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
