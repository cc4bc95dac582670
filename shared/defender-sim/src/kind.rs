//! The two lists.

/// Which records a history is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/security/incidents`
    Incidents,
    /// `/security/alerts_v2`
    Alerts,
}
