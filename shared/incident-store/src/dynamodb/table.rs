//! The names that the table is made with: docs/data.md is their contract.

/// Partition key, a string.
pub const PK: &str = "pk";
/// Sort key, a string.
pub const SK: &str = "sk";
/// What a record ages out by: seconds since 1970. The table's `TimeToLiveSpecification` names it.
pub const EXPIRES: &str = "expires";

/// A secondary index over the heads of records: its partition key is a string, its sort key a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its partition key.
    pub partition: &'static str,
    /// Its sort key.
    pub sort: &'static str,
    /// What it has of a record beside all keys: everything but the body.
    pub projected: &'static [&'static str],
}

/// All records of one connection, in the order in which they changed.
pub const CHANGES: Index = Index {
    name: "changes",
    partition: "connection",
    sort: "revision",
    projected: &[
        "id",
        "created",
        "updated",
        "title",
        "status",
        "severity",
        "classification",
        "determination",
        "assigned_to",
        "incident_id",
        "redirect_incident_id",
        "answered",
        "first_seen",
        "fingerprint",
        "body_at",
    ],
};

/// The incidents of one connection, or the alerts of one incident, by when they were last updated.
pub const LISTS: Index = Index {
    name: "lists",
    partition: "list",
    sort: "list_order",
    projected: &[
        "id",
        "created",
        "updated",
        "title",
        "status",
        "severity",
        "classification",
        "determination",
        "assigned_to",
        "incident_id",
        "redirect_incident_id",
        "answered",
        "first_seen",
        "fingerprint",
        "body_at",
        "revision",
    ],
};
