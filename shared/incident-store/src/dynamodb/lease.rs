//! Who may write for a connection, when it is due, and what a run leaves for the next one.

use jiff::{SignedDuration, Timestamp};

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
use crate::schedule::TICK;
use crate::{
    Claim, Claimed, ConnectionId, Lease, Lifecycle, Progress, Seen, StoreError, SyncState, stored::unreadable,
};

/// The least that a lease lives under which nothing was written: as long as one connection's turn.
const LEAST_LEASE: SignedDuration = SignedDuration::from_secs(20);

pub(super) async fn claim(
    store: &DynamoStore,
    id: ConnectionId,
    claim: Claim,
) -> Result<Claimed, StoreError> {
    let holder = nonce();
    let change = if_free(claim_change(claim, &holder), claim, store.leases.given_back(id));
    let item = match store.update(&keys::connection(id), &change).await? {
        Written::Done(item) => item,
        Written::Refused(None) => return Ok(Claimed::Inactive),
        // It is ours, and only the answer was lost.
        Written::Refused(Some(item)) if optional_text(&item, "holder")? == Some(&holder) => item,
        Written::Refused(Some(item)) => {
            if text(&item, "lifecycle")? != "connected" {
                return Ok(Claimed::Inactive);
            }
            if claim.is_over(optional_instant(&item, "last_attempt")?) {
                return Ok(Claimed::Over);
            }
            let until = optional_instant(&item, "lease_until")?;
            return Ok(until.map_or(Claimed::Inactive, |until| Claimed::Busy { until }));
        }
    };
    let connection = connection(&item)?;
    let lease = Lease { connection: id, fence: number(&item, "fence")? };
    store.leases.claimed(&lease);
    Ok(Claimed::Held { lease, connection, state: state(store, id).await? })
}

/// One write: the fence, the lease, when it is due again and when it was last attempted.
fn claim_change(claim: Claim, holder: &str) -> Change {
    let Claim { now, until, next_due, .. } = claim;
    let early = (now + next_due.duration_since(now) / 2).max(now + LEAST_LEASE);
    attempt(claim)
        .set("holder", of_text(holder))
        .set("lease_until", of_instant(until))
        .set("free_from", of_instant(early.clamp(now, until.max(now))))
}

/// An attempt of a connected one.
fn attempt(claim: Claim) -> Change {
    Change::when("#lifecycle = :connected")
        .value("connected", of_text("connected"))
        .set_to("fence", "#fence + :one")
        .value("one", of_number(1))
        .set("next_due", of_instant(claim.next_due))
        .set("last_attempt", of_instant(claim.now))
}

/// On the condition that nobody holds the lease, or only this process under the fence that it has `given_back`, and that
/// the slot has not had its run.
fn if_free(change: Change, claim: Claim, given_back: Option<u64>) -> Change {
    let Claim { now, slot, .. } = claim;
    let after = |period| of_instant(now.saturating_add(period).unwrap_or(now));
    let change = change.value("now", of_instant(now)).value("too_far", after(LONGEST_LEASE));
    let free = "attribute_not_exists(#free_from) OR #free_from <= :now OR #free_from > :too_far";
    let change = match given_back {
        Some(fence) => {
            change.and(&format!("{free} OR #fence = :given_back")).value("given_back", of_number(fence))
        }
        None => change.and(free),
    };
    let Some(slot) = slot else { return change };
    change
        .and("attribute_not_exists(#last_attempt) OR #last_attempt < :slot OR #last_attempt > :soon")
        .value("slot", of_instant(slot))
        .value("soon", after(TICK))
}

pub(super) async fn look(store: &DynamoStore, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
    let (connection_key, state_key) = (keys::connection(id), keys::state(id));
    let (item, state) = tokio::try_join!(store.glance(&connection_key), store.glance(&state_key))?;
    let Some(item) = item else { return Ok(None) };
    Ok(Some(Seen {
        connection: connection(&item)?,
        state: state.as_ref().map(sync_state).transpose()?,
        last_attempt: optional_instant(&item, "last_attempt")?,
        fence: number(&item, "fence")?,
        state_fence: state.map(|state| number(&state, "fence")).transpose()?,
    }))
}

/// One transaction. What was seen may be old, and the two items of different times: both fences must be what they were.
pub(super) async fn settle(
    store: &DynamoStore,
    seen: &Seen,
    claim: Claim,
    state: &SyncState,
) -> Result<Option<Claimed>, StoreError> {
    let id = seen.connection.id;
    if let Some(state_fence) = seen.state_fence {
        let as_seen = attempt(claim)
            .and("#fence = :seen AND #version = :version")
            .value("seen", of_number(seen.fence))
            .value("version", of_number(seen.connection.version))
            .remove("free_from");
        let settled = if_free(as_seen, claim, store.leases.given_back(id));
        let state_as_seen = Change::when("#fence = :state").value("state", of_number(state_fence));
        let state = state_item(id, seen.fence.saturating_add(1), state);
        let writes = vec![
            settled.update(&store.table, &keys::connection(id))?,
            state_as_seen.put(&store.table, state)?,
        ];
        if store.transact(writes).await? {
            return Ok(None);
        }
    }
    Ok(Some(Box::pin(self::claim(store, id, claim)).await?))
}

fn state_item(id: ConnectionId, fence: u64, state: &SyncState) -> Item {
    let mut item = keys::state(id).item();
    item.insert("checkpoint".to_owned(), of_bytes(gzip(state.checkpoint.as_bytes())));
    item.insert("status".to_owned(), of_bytes(gzip(state.status.as_bytes())));
    item.insert("fence".to_owned(), of_number(fence));
    item
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
    let item = state_item(id, lease.fence, state);
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
    store.get(&keys::state(id)).await?.as_ref().map(sync_state).transpose()
}

fn sync_state(item: &Item) -> Result<SyncState, StoreError> {
    Ok(SyncState { checkpoint: unzipped(item, "checkpoint")?, status: unzipped(item, "status")? })
}

/// A text that is stored compressed: an idle success then costs one write unit for each kilobyte less.
fn unzipped(item: &Item, name: &'static str) -> Result<String, StoreError> {
    String::from_utf8(gunzip(bytes(item, name)?)?).map_err(|_| unreadable(name))
}

pub(super) async fn progress(store: &DynamoStore, id: ConnectionId) -> Result<Progress, StoreError> {
    let (connection_key, state_key) = (keys::connection(id), keys::state(id));
    let (item, state) = tokio::try_join!(store.get(&connection_key), store.get(&state_key))?;
    let Some(item) = item else { return Ok(Progress::default()) };
    match progress_of(&item, state.as_ref()) {
        // It is shown as such: one spoilt item keeps no list of many from being shown.
        Err(StoreError::Corrupt(_)) => Ok(Progress { unreadable: true, ..Progress::default() }),
        read => read,
    }
}

fn progress_of(item: &Item, state: Option<&Item>) -> Result<Progress, StoreError> {
    let status = state.map(|state| unzipped(state, "status")).transpose()?;
    Ok(Progress {
        status: status.unwrap_or_default(),
        last_attempt: optional_instant(item, "last_attempt")?,
        next_due: optional_instant(item, "next_due")?,
        unreadable: false,
    })
}
