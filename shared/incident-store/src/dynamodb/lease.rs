//! Who may write for a connection, when it is due, and what a run leaves for the next one.

use jiff::Timestamp;

use super::DynamoStore;
use super::calls::{Written, nonce};
use super::change::Change;
use super::compress::{gunzip, gzip};
use super::connection::connection;
use super::item::{
    Item, bytes, number, of_bytes, of_instant, of_number, of_text, optional_instant, optional_text, text,
};
use super::keys;
use crate::believed::LONGEST_LEASE;
use crate::{
    Claim, Claimed, ConnectionId, Lease, Lifecycle, Progress, StoreError, SyncState, stored::unreadable,
};

pub(super) async fn claim(
    store: &DynamoStore,
    id: ConnectionId,
    claim: Claim,
) -> Result<Claimed, StoreError> {
    let holder = nonce();
    let change = claim_change(claim, &holder, store.leases.given_back(id));
    let item = match store.update(&keys::connection(id), &change).await? {
        Written::Done(item) => item,
        Written::Refused(None) => return Ok(Claimed::Inactive),
        // It is ours, and only the answer was lost.
        Written::Refused(Some(item)) if optional_text(&item, "holder")? == Some(&holder) => item,
        Written::Refused(Some(item)) => {
            let connected = text(&item, "lifecycle")? == "connected";
            let until = optional_instant(&item, "lease_until")?.filter(|_| connected);
            return Ok(until.map_or(Claimed::Inactive, |until| Claimed::Busy { until }));
        }
    };
    let connection = connection(&item)?;
    let lease = Lease { connection: id, fence: number(&item, "fence")? };
    store.leases.claimed(&lease);
    Ok(Claimed::Held { lease, connection, state: state(store, id).await? })
}

/// One write: the fence, the lease, when it is due again and when it was last attempted.
fn claim_change(claim: Claim, holder: &str, given_back: Option<u64>) -> Change {
    let Claim { now, until, next_due } = claim;
    let halfway = now + next_due.duration_since(now) / 2;
    let change = Change::default()
        .set_to("fence", "#fence + :one")
        .value("one", of_number(1))
        .set("holder", of_text(holder))
        .set("lease_until", of_instant(until))
        .set("free_from", of_instant(halfway.clamp(now, until.max(now))))
        .set("next_due", of_instant(next_due))
        .set("last_attempt", of_instant(now))
        .and("#lifecycle = :connected")
        .value("connected", of_text("connected"))
        .value("now", of_instant(now));
    let too_far = now.saturating_add(LONGEST_LEASE).unwrap_or(now);
    let change = change.value("too_far", of_instant(too_far));
    let free = "attribute_not_exists(#free_from) OR #free_from <= :now OR #free_from > :too_far";
    match given_back {
        Some(fence) => {
            change.and(&format!("{free} OR #fence = :given_back")).value("given_back", of_number(fence))
        }
        None => change.and(free),
    }
}

/// The update of the connection's item that each write of a run goes with: refused when the lease is another
/// run's or the connection is being removed; else the lease lasts as long as was claimed.
pub(super) fn under(lease: &Lease) -> Change {
    Change::when("#fence = :fence AND #lifecycle IN (:pending, :connected, :paused)")
        .set_to("free_from", "#lease_until")
        .value("fence", of_number(lease.fence))
        .value("pending", of_text("pending"))
        .value("connected", of_text("connected"))
        .value("paused", of_text("paused"))
}

/// Whether `lease` may write, as far as reading can tell; the connection's item then.
pub(super) async fn may_write(store: &DynamoStore, lease: &Lease) -> Result<Item, StoreError> {
    let item = store.get(&keys::connection(lease.connection)).await?.ok_or(StoreError::Gone)?;
    if connection(&item)?.lifecycle == Lifecycle::Removing {
        return Err(StoreError::Gone);
    }
    if number::<u64>(&item, "fence")? == lease.fence { Ok(item) } else { Err(StoreError::Fenced) }
}

pub(super) async fn save(
    store: &DynamoStore,
    lease: &Lease,
    state: &SyncState,
    next_due: Option<Timestamp>,
) -> Result<(), StoreError> {
    let id = lease.connection;
    let mut change = under(lease);
    if let Some(next_due) = next_due {
        change = change.set("next_due", of_instant(next_due));
    }
    let mut item = keys::state(id).item();
    item.insert("checkpoint".to_owned(), of_bytes(gzip(state.checkpoint.as_bytes())));
    item.insert("status".to_owned(), of_bytes(gzip(state.status.as_bytes())));
    item.insert("fence".to_owned(), of_number(lease.fence));
    let writes =
        vec![change.update(&store.table, &keys::connection(id))?, Change::default().put(&store.table, item)?];
    if store.transact(writes).await? {
        store.leases.written(lease);
        return Ok(());
    }
    may_write(store, lease).await?;
    Err(StoreError::Unavailable("the state was refused".to_owned()))
}

pub(super) async fn release(store: &DynamoStore, lease: &Lease) -> Result<(), StoreError> {
    if store.leases.give_back(lease) {
        return Ok(());
    }
    let change = Change::when("#fence = :fence").value("fence", of_number(lease.fence)).remove("free_from");
    // Refused, it is another run's or gone: as good as given back.
    store.update(&keys::connection(lease.connection), &change).await?;
    Ok(())
}

pub(super) async fn state(store: &DynamoStore, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
    let Some(item) = store.get(&keys::state(id)).await? else { return Ok(None) };
    Ok(Some(SyncState { checkpoint: unzipped(&item, "checkpoint")?, status: unzipped(&item, "status")? }))
}

/// A text that is stored compressed: an idle success then costs one write unit for each kilobyte less.
fn unzipped(item: &Item, name: &'static str) -> Result<String, StoreError> {
    String::from_utf8(gunzip(bytes(item, name)?)?).map_err(|_| unreadable(name))
}

pub(super) async fn progress(store: &DynamoStore, id: ConnectionId) -> Result<Progress, StoreError> {
    let (connection_key, state_key) = (keys::connection(id), keys::state(id));
    let (item, state) = tokio::try_join!(store.get(&connection_key), store.get(&state_key))?;
    let Some(item) = item else { return Ok(Progress::default()) };
    let status = state.as_ref().map(|state| unzipped(state, "status")).transpose()?;
    Ok(Progress {
        status: status.unwrap_or_default(),
        last_attempt: optional_instant(&item, "last_attempt")?,
        next_due: optional_instant(&item, "next_due")?,
    })
}
