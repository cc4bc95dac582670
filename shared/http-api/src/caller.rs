//! Who asks.

/// Somebody who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose connections they may see and change.
    pub owner: String,
    /// Which person or program of the owner's it is, for audit lines only.
    pub person: Option<String>,
}

impl From<&str> for Caller {
    /// An owner of whom no person is known.
    fn from(owner: &str) -> Self {
        Self { owner: owner.to_owned(), person: None }
    }
}
