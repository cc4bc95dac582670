//! What goes wrong on the way, tenant by tenant: the adversary's levers.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;

use crate::Kind;

/// Faults of a tenant's Graph side (and of Entra's where it says so). The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each lever is on or off by itself")]
pub struct Faults {
    /// Ids of records that Graph cannot show: a page with one of them, and the record itself, answer 500.
    pub poison: BTreeSet<String>,
    /// Poison works only with `$expand=alerts`, as an incident with too many alerts does.
    pub poison_only_expanded: bool,
    /// Poison does not work where the request has `$select`.
    pub poison_spares_select: bool,
    /// The next request's status and its `Retry-After` in seconds; it is used up by that request.
    pub graph_status_once: Option<(u16, Option<u32>)>,
    /// Only requests for this list meet `graph_status`, `reset` and `stall`.
    pub only: Option<Kind>,
    /// The same for every request.
    pub graph_status: Option<(u16, Option<u32>)>,
    /// The same for the token endpoint; the body is not JSON.
    pub entra_status: Option<(u16, Option<u32>)>,
    /// More requests to Graph within a minute are refused with 429.
    pub requests_per_minute: Option<u32>,
    /// `@odata.nextLink` points to this origin (`https://evil.example`).
    pub next_link_host: Option<String>,
    /// `@odata.nextLink` is the link of the page it stands on.
    pub next_link_loops: bool,
    /// There is never an `@odata.nextLink`.
    pub next_link_absent: bool,
    /// `@odata.nextLink` has `$skip`, not `$skiptoken`: rows that change in between are lost or repeated,
    /// and from 500 on there is no next page.
    pub next_link_skips: bool,
    /// Lists answer 206 with a `Warning`, as a federated provider's time-out does.
    pub partial_206: bool,
    /// A gateway's HTML page with status 200.
    pub non_json: bool,
    /// `value` is an object.
    pub value_not_array: bool,
    /// How far the `Date` header is ahead of the tenant's clock.
    pub date_ahead: SignedDuration,
    /// No `Date` header.
    pub omit_date: bool,
    /// The body breaks off after so many bytes.
    pub truncate_body: Option<usize>,
    /// The body stops after so many bytes, and the connection stays.
    pub stall_body: Option<usize>,
    /// Every answer comes so much later; Entra's too.
    pub slow: Option<Duration>,
    /// The connection breaks before an answer.
    pub reset: bool,
    /// There is never an answer.
    pub stall: bool,
}
