//! The one rule by which a stored record is replaced.

use bytes::Bytes;
use graph_security::{Head, Record};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::believed::LONGEST_LEASE;

/// The clocks of Microsoft's servers and ours differ by less.
pub const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(15);

/// A record as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The record.
    pub record: Record,
    /// The answer's `Date`; where it had none, our clock when it arrived.
    pub answered: Timestamp,
    /// Whether `answered` is the answer's `Date`, and not our clock.
    pub is_dated: bool,
    /// The stored version that this record replaces although its own instant is earlier.
    pub over: Option<Over>,
}

/// A stored version that an earlier instant replaces: one whose later instant no answer has shown for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// The stored version's revision. Any other version is not replaced.
    pub revision: u64,
    /// An answer from before this instant, or without a `Date`, replaces nothing.
    pub from: Timestamp,
}

/// What the store holds of a record, as far as the rule needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// The head as stored.
    pub head: Head,
    /// When the stored content was answered.
    pub answered: Timestamp,
    /// [`fingerprint`] of the stored bytes.
    pub fingerprint: u128,
    /// Greater with every real change, over all records of the connection: a consumer that has seen up
    /// to `r` asks for what is greater.
    pub revision: u64,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upserted {
    /// It was not there.
    Created {
        /// Its revision.
        revision: u64,
    },
    /// It replaced an older version.
    Updated {
        /// Its new revision.
        revision: u64,
        /// Which of the head's fields differ; empty when only the rest of the record does.
        fields: Vec<Field>,
        /// Its instant is earlier than that of the version which it replaced.
        went_back: bool,
    },
    /// It is what the store has; nothing was written.
    Unchanged,
    /// The store has a newer version; nothing was written.
    Older {
        /// The revision of the stored version.
        revision: u64,
    },
}

/// A field of [`Head`] that an update changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "they are the head's fields, documented there")]
pub enum Field {
    Created,
    Updated,
    Title,
    Status,
    Severity,
    Classification,
    Determination,
    AssignedTo,
    IncidentId,
    RedirectIncidentId,
}

/// What is to be done with an incoming record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Write it: there is none.
    Create,
    /// Write it over the stored one.
    Update {
        /// The fields of the head that differ.
        fields: Vec<Field>,
        /// Its instant is earlier than the stored one.
        went_back: bool,
    },
    /// It is the stored one.
    Unchanged,
    /// It is older than the stored one.
    Older {
        /// The revision of the stored one.
        revision: u64,
    },
}

/// Decides by the record's version: `lastUpdateDateTime` as an exact instant, then the answer's `Date`.
///
/// An older instant never replaces, with two exceptions, without which the record would stay as it is for ever. The
/// stored instant was in the future when the newer answer came: Graph sent a wrong one. Or the caller says that no answer
/// has shown the stored version for a while: see [`Over`]. No instant sorts below every instant. At equal instants only a later
/// answer whose content really differs replaces; `same_content` compares the two bodies as JSON, so
/// that another order of keys is no change (see the function of that name). It is asked only when the
/// bytes differ.
pub fn decide(
    stored: Option<&StoredVersion>,
    incoming: &Incoming,
    same_content: impl FnOnce() -> bool,
) -> Change {
    let Some(stored) = stored else { return Change::Create };
    let head = &incoming.record.head;
    let update = |went_back| Change::Update { fields: changed_fields(&stored.head, head), went_back };
    // `None < Some(_)`: no instant sorts below every instant.
    match head.updated.cmp(&stored.head.updated) {
        std::cmp::Ordering::Greater => update(false),
        std::cmp::Ordering::Equal if fingerprint(&incoming.record.raw) == stored.fingerprint => {
            Change::Unchanged
        }
        std::cmp::Ordering::Equal if same_content() => Change::Unchanged,
        std::cmp::Ordering::Equal if is_later(stored, incoming) => update(false),
        std::cmp::Ordering::Less if was_of_the_future(stored, incoming) || is_over(stored, incoming) => {
            update(true)
        }
        std::cmp::Ordering::Less | std::cmp::Ordering::Equal => Change::Older { revision: stored.revision },
    }
}

/// Whether the caller has seen for long enough that no answer shows the stored version.
fn is_over(stored: &StoredVersion, incoming: &Incoming) -> bool {
    let is_late_enough = |over: Over| over.revision == stored.revision && incoming.answered >= over.from;
    incoming.is_dated && is_later(stored, incoming) && incoming.over.is_some_and(is_late_enough)
}

/// Whether the incoming record was answered later than the stored one. Two runs do not overlap by as much as a lease: what
/// was answered so much later than now was dated by a clock of ours that was ahead.
fn is_later(stored: &StoredVersion, incoming: &Incoming) -> bool {
    let ahead = stored.answered.duration_since(incoming.answered);
    ahead.is_negative() || ahead > LONGEST_LEASE
}

/// Whether a later answer shows that the stored instant was none that a change can have had by then. Only Microsoft's
/// clock tells: ours may be wrong, and front ends that lag would win.
fn was_of_the_future(stored: &StoredVersion, incoming: &Incoming) -> bool {
    let ahead = stored.head.updated.map(|updated| updated.duration_since(incoming.answered));
    incoming.is_dated && is_later(stored, incoming) && ahead.is_some_and(|ahead| ahead > CLOCKS_DIFFER)
}

/// Whether two bodies are the same JSON value, in whatever order their keys stand. Where one is no JSON,
/// whether they are the same bytes.
#[must_use]
pub fn same_content(one: &[u8], other: &[u8]) -> bool {
    match (serde_json::from_slice::<Value>(one), serde_json::from_slice::<Value>(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// A fast digest of a record's bytes, to tell "the same bytes" without keeping them at hand. Not
/// cryptographic: a collision would take a chance of 2⁻¹²⁸ or Microsoft's own malice.
#[must_use]
pub fn fingerprint(raw: &Bytes) -> u128 {
    xxhash_rust::xxh3::xxh3_128(raw)
}

fn changed_fields(old: &Head, new: &Head) -> Vec<Field> {
    let pairs = [
        (Field::Created, old.created != new.created),
        (Field::Updated, old.updated != new.updated),
        (Field::Title, old.title != new.title),
        (Field::Status, old.status != new.status),
        (Field::Severity, old.severity != new.severity),
        (Field::Classification, old.classification != new.classification),
        (Field::Determination, old.determination != new.determination),
        (Field::AssignedTo, old.assigned_to != new.assigned_to),
        (Field::IncidentId, old.incident_id != new.incident_id),
        (Field::RedirectIncidentId, old.redirect_incident_id != new.redirect_incident_id),
    ];
    pairs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}
