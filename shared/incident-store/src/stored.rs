//! Values as both stores write them: names of enums, and instants and intervals as fine as they are kept.

use std::time::Duration;

use graph_auth::{Cloud, PrivateHosts, TestOrigin};
use graph_security::RecordKind;

use crate::{Incoming, Lifecycle, NewConnection, StoreError, ticks};

/// A stored text or number that this version does not know.
pub(crate) fn unreadable(what: &str) -> StoreError {
    StoreError::Corrupt(format!("unknown {what}"))
}

/// What a store gives back of `settings`: instants to 100 ns, the interval to the millisecond.
pub(crate) fn as_stored(settings: NewConnection) -> NewConnection {
    NewConnection {
        since: ticks::truncate(settings.since),
        interval: Duration::from_millis(interval_ms(settings.interval).unsigned_abs()),
        ..settings
    }
}

pub(crate) fn interval_ms(interval: Duration) -> i64 {
    i64::try_from(interval.as_millis()).unwrap_or(i64::MAX)
}

/// To what a store holds, so that a record is not newer than itself once it is stored.
pub(crate) fn truncate_instants(incoming: &mut Incoming) {
    let head = &mut incoming.record.head;
    head.created = head.created.map(ticks::truncate);
    head.updated = head.updated.map(ticks::truncate);
    incoming.answered = ticks::truncate(incoming.answered);
}

/// A cloud by its name and, where it is a simulated one, its origin.
pub(crate) fn cloud(name: &str, simulator: Option<&str>) -> Result<Cloud, StoreError> {
    match (name, simulator) {
        // It was checked when it was entered; whether private hosts are allowed is asked there alone.
        ("simulated", Some(origin)) => TestOrigin::parse(origin, PrivateHosts::Allowed)
            .map(Cloud::Simulated)
            .map_err(|_| unreadable("simulator")),
        _ => name.parse().map_err(|_| unreadable("cloud")),
    }
}

pub(crate) fn simulator(cloud: &Cloud) -> Option<String> {
    match cloud {
        Cloud::Simulated(origin) => Some(origin.to_string()),
        Cloud::Global | Cloud::GccHigh | Cloud::Dod => None,
    }
}

pub(crate) fn lifecycle_name(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Pending => "pending",
        Lifecycle::Connected => "connected",
        Lifecycle::Paused => "paused",
        Lifecycle::Removing => "removing",
    }
}

pub(crate) fn lifecycle(name: &str) -> Result<Lifecycle, StoreError> {
    [Lifecycle::Pending, Lifecycle::Connected, Lifecycle::Paused, Lifecycle::Removing]
        .into_iter()
        .find(|lifecycle| lifecycle_name(*lifecycle) == name)
        .ok_or_else(|| unreadable("lifecycle"))
}

pub(crate) fn kind_name(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Incident => "incident",
        RecordKind::Alert => "alert",
    }
}

pub(crate) fn kind(name: &str) -> Result<RecordKind, StoreError> {
    [RecordKind::Incident, RecordKind::Alert]
        .into_iter()
        .find(|kind| kind_name(*kind) == name)
        .ok_or_else(|| unreadable("kind"))
}
