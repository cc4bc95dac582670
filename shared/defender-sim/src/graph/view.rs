//! How records are shown to who asked.

use crate::faults::Faults;
use crate::state::Asked;

/// What a list or a record is shown with.
pub(crate) struct View<'a> {
    pub(crate) asked: &'a Asked<'a>,
    pub(crate) faults: &'a Faults,
    /// `Prefer: include-unknown-enum-members`
    pub(crate) all_members: bool,
    pub(crate) version: &'a str,
}

impl View<'_> {
    pub(super) fn context(&self, of: &str) -> String {
        format!("{}/{}/$metadata#security/{of}", self.asked.origin, self.version)
    }
}
