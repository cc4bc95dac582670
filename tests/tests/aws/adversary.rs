//! The engine against a hostile tenant, as tests/adversary drives it, on the store on AWS: simulated days, real
//! sockets, throttles, resets and lost answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adversary::trial::{Trial, connection};
use graph_security::RecordKind;
use incident_store::dynamodb::DynamoStore;
use incident_store::{
    Claim, Claimed, Connection, ConnectionId, Connections, Due, Found, GroupId, Incoming, Lease, Lifecycle,
    NewConnection, Progress, Records, Seen, StoreError, StoredVersion, SyncState, SyncStore, Upserted,
};
use jiff::Timestamp;
use sync_incidents::plan::StreamPlan;
use tokio::runtime::Handle;

use crate::desk::{Desk, at};
use crate::faults::faults;

/// A store whose sockets and waits belong to another runtime, where time is real.
struct Elsewhere {
    store: Arc<DynamoStore>,
    runtime: Handle,
    only: ConnectionId,
    /// How often it was asked what is due.
    asked: AtomicUsize,
}

/// Days of the trial. All of the last day and a half are calm.
const DAYS: u32 = 2;

/// Of so many ticks one syncs, in the storm and when it is calm: each costs a dozen real calls, and the sweeps come
/// round all the same. Runs that are cut off, doubled or frozen come besides.
const STORMY_TICKS: usize = 4;
const CALM_TICKS: usize = 15;

/// So many of the runs write nothing, at least: looks that find all as it was.
const LEAST_LOOKS: u64 = 20;

impl Elsewhere {
    async fn run<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        call: impl FnOnce(Arc<DynamoStore>) -> F,
    ) -> T {
        self.runtime.spawn(call(self.store.clone())).await.expect("the store does not panic")
    }
}

impl Connections for Elsewhere {
    async fn create(
        &self,
        id: ConnectionId,
        settings: NewConnection,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> Result<Connection, StoreError> {
        self.run(async move |store| store.create(id, settings, lifecycle, now).await).await
    }

    async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        self.run(async move |store| store.connection(id).await).await
    }

    async fn connections(&self, group: Option<&GroupId>) -> Result<Vec<Connection>, StoreError> {
        let group = group.cloned();
        self.run(async move |store| store.connections(group.as_ref()).await).await
    }

    async fn update(&self, connection: &Connection) -> Result<Connection, StoreError> {
        let connection = connection.clone();
        self.run(async move |store| store.update(&connection).await).await
    }

    async fn remove(&self, id: ConnectionId, records: Records) -> Result<(), StoreError> {
        self.run(async move |store| store.remove(id, records).await).await
    }

    /// Asked at every tick, of one connection: two reads say the same as sixteen.
    async fn due(&self, now: Timestamp, _: usize) -> Result<Found<Due>, StoreError> {
        let (id, asked) = (self.only, self.asked.fetch_add(1, Ordering::Relaxed));
        let calm = at(i64::from(DAYS) * 86_400 - 36 * 3600);
        if asked % if now < calm { STORMY_TICKS } else { CALM_TICKS } != 0 {
            return Ok(Found::default());
        }
        let (progress, connection) =
            self.run(async move |store| tokio::try_join!(store.progress(id), store.connection(id))).await?;
        let due = connection
            .zip(progress.next_due)
            .map(|(connection, next_due)| Due::of(id, connection.settings, next_due, progress.last_attempt));
        Ok(due.into_iter().filter(|due| due.timing.is_due(now)).collect::<Vec<_>>().into())
    }

    async fn unfinished(&self, before: Timestamp, limit: usize) -> Result<Found<Connection>, StoreError> {
        self.run(async move |store| store.unfinished(before, limit).await).await
    }
}

impl SyncStore for Elsewhere {
    async fn claim(&self, id: ConnectionId, claim: Claim) -> Result<Claimed, StoreError> {
        self.run(async move |store| store.claim(id, claim).await).await
    }

    async fn look(&self, id: ConnectionId) -> Result<Option<Seen>, StoreError> {
        self.run(async move |store| store.look(id).await).await
    }

    async fn settle(
        &self,
        seen: &Seen,
        claim: Claim,
        state: &SyncState,
    ) -> Result<Option<Claimed>, StoreError> {
        let (seen, state) = (seen.clone(), state.clone());
        self.run(async move |store| store.settle(&seen, claim, &state).await).await
    }

    async fn save(
        &self,
        lease: &Lease,
        state: &SyncState,
        next_due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (lease, state) = (lease.clone(), state.clone());
        self.run(async move |store| store.save(&lease, &state, next_due).await).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.run(async move |store| store.release(&lease).await).await
    }

    async fn upsert(
        &self,
        lease: &Lease,
        kind: RecordKind,
        records: &[Incoming],
    ) -> Result<Vec<Upserted>, StoreError> {
        let (lease, records) = (lease.clone(), records.to_vec());
        self.run(async move |store| store.upsert(&lease, kind, &records).await).await
    }

    async fn versions(
        &self,
        connection: ConnectionId,
        kind: RecordKind,
        ids: &[String],
    ) -> Result<Vec<Option<StoredVersion>>, StoreError> {
        let ids = ids.to_vec();
        self.run(async move |store| store.versions(connection, kind, &ids).await).await
    }

    async fn state(&self, id: ConnectionId) -> Result<Option<SyncState>, StoreError> {
        self.run(async move |store| store.state(id).await).await
    }

    async fn progress(&self, id: ConnectionId) -> Result<Progress, StoreError> {
        self.run(async move |store| store.progress(id).await).await
    }
}

#[test]
fn nothing_is_lost_and_nothing_goes_back_on_an_aws_that_fails() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let Some(desk) = runtime.block_on(Desk::new()) else { return };
    let proxy = runtime.block_on(desk.emulators.microburst(&desk.aws)).unwrap();
    let store = runtime.block_on(desk.store_over(&proxy));
    // One call in twenty fails. More, for days, uses up what the SDK may repeat: it protects the service then.
    runtime.block_on(proxy.set_rules(&faults(40, 62, 90))).unwrap();
    let elsewhere = Elsewhere {
        store: Arc::new(store),
        runtime: runtime.handle().clone(),
        only: connection(),
        asked: AtomicUsize::new(0),
    };
    let begun = std::time::Instant::now();
    // By this seed it looks before it claims, as on AWS, and runs are cut off, doubled and frozen.
    let trial = Trial { sparse: true, ..Trial::full(24, DAYS, false) };
    let result = trial.run_on::<StreamPlan>(elsewhere);
    let found = &result.found;
    let faults = runtime.block_on(proxy.faults()).unwrap();
    let count = |action: &str| {
        faults.iter().filter(|((_, did), _)| did.contains(action)).map(|(_, number)| number).sum::<usize>()
    };
    let between = ["ProvisionedThroughputExceeded", "reset", "abort"].map(|action| (action, count(action)));
    println!(
        "{} runs, {} of them looks, in {:?}: {} versions, {} lost, {} stale, {} regressed, {:?}; between: {between:?}",
        result.runs,
        result.looks,
        begun.elapsed(),
        found.updates,
        found.lost,
        found.stale,
        found.regressed,
        result.injected,
    );
    assert!(!found.is_broken(), "{found:?}");
    assert!(result.runs > 200 && found.updates > 100, "it did happen: {result:?}");
    assert!(result.looks > LEAST_LOOKS, "{} looks", result.looks);
    assert!(between.iter().all(|(_, number)| *number > 30), "and on an AWS that failed: {between:?}");
    for how in ["run cut at an await", "two runs at once", "run frozen past its lease"] {
        assert!(result.injected.get(how).is_some_and(|times| *times > 0), "{how}: {:?}", result.injected);
    }
}
