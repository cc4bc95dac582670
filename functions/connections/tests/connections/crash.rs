//! A process that dies at any await: before a call to a store, after it with its answer lost, or with a store
//! that fails. Whatever is left, one cleaning makes whole: each secret has its connection, each connection its
//! secret.

use std::pin::pin;
use std::sync::Arc;

use connections::{
    Admin, Change, Cleaned, Entry, Expected, NewCredential, Refusal, Tested, UNFINISHED_AFTER, clean,
};
use defender_sim::{InProcess, Scenario, Simulator};
use graph_auth::EndpointOverride;
use graph_http::Clock;
use http_api::{Caller, Limits, MemoryAttempts};
use incident_store::sqlite::SqliteStore;
use incident_store::{
    Connection, ConnectionId, Connections as _, Lifecycle, MemoryVault, NewConnection, Records,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use test_connection::Tester;
use uuid::Uuid;

use crate::cut::{Cut, Fuse, How, until_cut};
use crate::support::{logged, secret, spec};

type Cutting = Admin<Cut<SqliteStore>, Cut<MemoryVault>, MemoryAttempts, InProcess>;

const NEW: &str = "another-secret-of-this-application~";
const OLD_DAY: Date = date(2099, 1, 1);
const NEW_DAY: Date = date(2099, 12, 31);

fn owner() -> Caller {
    "a".into()
}

/// One connection's stores, and what is entered.
struct Stage {
    store: SqliteStore,
    vault: MemoryVault,
    simulator: Arc<Simulator>,
    entry: Entry,
}

impl Stage {
    fn new() -> Self {
        logged();
        let simulator = Arc::new(Simulator::new(7, Clock::system().now()));
        let tenant = simulator.add_tenant(spec(1, Scenario::Good));
        simulator.add_secret(tenant.tenant_id, NEW);
        let entry = serde_json::json!({
            "tenantId": tenant.tenant_id,
            "clientId": tenant.client_id,
            "clientSecret": tenant.secret,
            "secretExpires": OLD_DAY.to_string(),
        });
        Self {
            store: SqliteStore::in_memory().unwrap(),
            vault: MemoryVault::default(),
            simulator,
            entry: serde_json::from_value(entry).unwrap(),
        }
    }

    fn admin(&self, calls: usize, how: How) -> (Cutting, Arc<Fuse>) {
        let fuse = Fuse::new(calls, how);
        let clock = Clock::system();
        let admin = Admin {
            store: Cut { port: self.store.clone(), fuse: fuse.clone() },
            vault: Cut { port: self.vault.clone(), fuse: fuse.clone() },
            attempts: MemoryAttempts::default(),
            limits: Limits::default(),
            tester: Tester {
                seed: 1,
                ..Tester::new(
                    InProcess { simulator: self.simulator.clone(), clock: clock.clone() },
                    clock,
                    EndpointOverride::default(),
                )
            },
        };
        (admin, fuse)
    }

    async fn entered(&self) -> ConnectionId {
        let (admin, _) = self.admin(usize::MAX, How::Fails);
        admin.enter(&owner(), &self.entry, |_| {}).await.unwrap().connection.id
    }

    /// What a cleaning finds when everything is old enough.
    async fn clean(&self) -> Cleaned {
        let later = Timestamp::now() + UNFINISHED_AFTER + UNFINISHED_AFTER;
        let mut cleaned = Cleaned::default();
        clean(&self.store, &self.vault, later, 100, &mut cleaned).await.unwrap();
        cleaned
    }

    /// A cleaning that is cut at that call, and what it has counted by then.
    async fn clean_until_cut(&self, calls: usize, how: How) -> (Cleaned, Arc<Fuse>) {
        let (admin, fuse) = self.admin(calls, how);
        let later = Timestamp::now() + UNFINISHED_AFTER + UNFINISHED_AFTER;
        let mut cleaned = Cleaned::default();
        let cleaning = async {
            let cleaning = clean(&admin.store, &admin.vault, later, 100, &mut cleaned);
            cleaning.await.map_err(Refusal::from)
        };
        let _ = until_cut(&fuse, cleaning).await;
        (cleaned, fuse)
    }

    async fn connection(&self, id: ConnectionId) -> Connection {
        self.store.connection(id).await.unwrap().unwrap()
    }

    /// The connections, each with its secret, and no secret besides.
    async fn whole(&self, context: &str) -> Vec<(Connection, String)> {
        let mut whole = Vec::new();
        for connection in self.store.connections(None).await.unwrap() {
            let finished = matches!(connection.lifecycle, Lifecycle::Connected | Lifecycle::Paused);
            assert!(finished, "{context}: {connection:?}");
            let secret = secret(&self.vault, connection.id).await;
            whole.push((connection, secret.unwrap_or_else(|| panic!("{context}: no secret"))));
        }
        let mut with_secret = self.vault.ids();
        with_secret.retain(|id| whole.iter().all(|(connection, _)| connection.id != *id));
        assert_eq!(with_secret, [], "{context}: a secret without its connection");
        whole
    }
}

/// Holds the trail of connection `id` to what has become of the connection after a request that was cut: a change has its line,
/// and a line that says "made" has its change. A process that has died says nothing.
fn check_trail(id: ConnectionId, what: &str, has_changed: bool, how: How, context: &str) {
    let text = logged().text();
    let of_it = format!("connection={id} what=\"{what}");
    let lines: Vec<_> = text.lines().filter(|line| line.contains(&of_it)).collect();
    let is_told = |outcome: &str| lines.iter().any(|line| line.contains(&format!("outcome=\"{outcome}\"")));
    if has_changed && matches!(how, How::Fails | How::FailsAfter) {
        assert!(is_told("made") || is_told("unknown"), "{context}: the trail has nothing of it");
    }
    assert!(has_changed || !is_told("made"), "{context}: {lines:?}");
}

/// Runs `attempt` with the cut at the first call, the second, and so on, until it comes after the last. Says at
/// how many calls there were.
async fn at_every_call(attempt: impl AsyncFn(usize, How) -> bool) -> usize {
    let mut calls = 0;
    for how in [How::DiesBefore, How::DiesAfter, How::Fails, How::FailsAfter] {
        calls = 1;
        while attempt(calls, how).await {
            calls += 1;
        }
    }
    calls - 1
}

#[tokio::test]
async fn a_saving_that_is_cut_anywhere_leaves_all_or_nothing() {
    let calls = at_every_call(async |calls, how| {
        let context = format!("call {calls}, {how:?}");
        let stage = Stage::new();
        let (admin, fuse) = stage.admin(calls, how);
        let answer = until_cut(&fuse, admin.enter(&owner(), &stage.entry, |_| {})).await;
        let saved = matches!(answer, Some(Ok(_)));
        drop(admin);
        stage.clean().await;
        let whole = stage.whole(&context).await;
        assert!(whole.len() == 1 || !saved, "{context}: what was answered is there");
        if let Some((connection, _)) = whole.first() {
            check_trail(connection.id, "entered", true, how, &context);
        }
        // Whatever happened, it is entered now.
        let (admin, _) = stage.admin(usize::MAX, how);
        match admin.enter(&owner(), &stage.entry, |_| {}).await {
            Ok(Tested { connection, .. }) => assert_eq!(connection.lifecycle, Lifecycle::Connected),
            Err(Refusal::Duplicate(first)) => assert_eq!(first, whole[0].0.id, "{context}"),
            Err(other) => panic!("{context}: {other:?}"),
        }
        assert_eq!(stage.whole(&context).await.len(), 1, "{context}");
        fuse.is_down()
    })
    .await;
    assert!(calls >= 5, "create, stage, promote, update, and the look before: {calls}");
}

#[tokio::test]
async fn a_replacing_that_is_cut_anywhere_leaves_one_of_the_two_secrets() {
    let calls = at_every_call(async |calls, how| {
        let context = format!("call {calls}, {how:?}");
        let stage = Stage::new();
        let id = stage.entered().await;
        let new =
            NewCredential { client_secret: NEW.into(), secret_expires: Some(NEW_DAY), save_anyway: false };
        let (admin, fuse) = stage.admin(calls, how);
        let answer =
            until_cut(&fuse, admin.replace_credential(&owner(), id, &Expected::Any, &new, |_| {})).await;
        let replaced = matches!(answer, Some(Ok(_)));
        drop(admin);
        assert_eq!(stage.clean().await, Cleaned::default(), "{context}: it stays connected");
        let whole = stage.whole(&context).await;
        let (connection, secret) = &whole[0];
        assert_eq!(connection.id, id, "{context}");
        assert!(!replaced || secret == NEW, "{context}: what was answered is so");
        check_trail(id, "secret replaced", secret == NEW, how, &context);
        if secret != NEW {
            assert_eq!(connection.settings.secret_expires, Some(OLD_DAY), "{context}: no notice is lost");
        }
        let (admin, _) = stage.admin(usize::MAX, how);
        admin.replace_credential(&owner(), id, &Expected::Any, &new, |_| {}).await.unwrap();
        let (connection, secret) = stage.whole(&context).await.remove(0);
        assert_eq!((secret.as_str(), connection.settings.secret_expires), (NEW, Some(NEW_DAY)), "{context}");
        fuse.is_down()
    })
    .await;
    assert!(calls >= 6, "read, update, stage, promote, read, update: {calls}");
}

#[tokio::test]
async fn a_removal_that_is_cut_anywhere_is_finished_or_was_not_begun() {
    for records in [Records::Remove, Records::Keep] {
        let calls = at_every_call(async |calls, how| {
            let context = format!("{records:?}, call {calls}, {how:?}");
            let stage = Stage::new();
            let id = stage.entered().await;
            let (admin, fuse) = stage.admin(calls, how);
            let answer = until_cut(&fuse, admin.remove(&owner(), id, &Expected::Any, records)).await;
            drop(admin);
            stage.clean().await;
            let whole = stage.whole(&context).await;
            assert!(
                whole.is_empty() || !matches!(answer, Some(Ok(()))),
                "{context}: what was answered is so"
            );
            check_trail(id, "removed", whole.is_empty(), how, &context);
            let kept = stage.store.counts().await.unwrap().iter().any(|counts| counts.removed);
            let expected = whole.is_empty() && records == Records::Keep;
            assert_eq!(kept, expected, "{context}: its records go or stay as was asked");
            fuse.is_down()
        })
        .await;
        assert!(calls >= 4, "read, update, vault, store: {calls}");
    }
}

#[tokio::test]
async fn a_change_that_is_cut_anywhere_is_in_the_trail() {
    let calls = at_every_call(async |calls, how| {
        let context = format!("call {calls}, {how:?}");
        let stage = Stage::new();
        let id = stage.entered().await;
        let (admin, fuse) = stage.admin(calls, how);
        let change = Change { paused: Some(true), ..Change::default() };
        let _ = until_cut(&fuse, admin.change(&owner(), id, &Expected::Any, change)).await;
        let is_paused = stage.connection(id).await.lifecycle == Lifecycle::Paused;
        check_trail(id, "changed", is_paused, how, &context);
        fuse.is_down()
    })
    .await;
    assert!(calls >= 2, "read, update: {calls}");
}

#[tokio::test]
async fn a_cleaning_that_is_cut_anywhere_is_finished_by_the_next() {
    at_every_call(async |calls, how| {
        let context = format!("call {calls}, {how:?}");
        let stage = Stage::new();
        // A saving that dies when its secret is current and the connection still pending.
        let (admin, fuse) = stage.admin(7, How::DiesBefore);
        assert!(until_cut(&fuse, admin.enter(&owner(), &stage.entry, |_| {})).await.is_none());
        drop(admin);
        assert_eq!(stage.vault.ids().len(), 1, "{context}");
        let (_, fuse) = stage.clean_until_cut(calls, how).await;
        stage.clean().await;
        assert_eq!(stage.whole(&context).await.len(), 0, "{context}");
        fuse.is_down()
    })
    .await;
}

#[tokio::test]
async fn a_cleaning_that_is_cut_off_has_counted_what_it_did() {
    let mut seen = Vec::new();
    for calls in 1.. {
        let stage = Stage::new();
        let entered = stage.store.connection(stage.entered().await).await.unwrap().unwrap();
        for number in 1..=2 {
            let (id, tenant_id) =
                (ConnectionId::new(entered.created, [number; 10]), Uuid::from_u128(number.into()));
            let settings = NewConnection { tenant_id, ..entered.settings.clone() };
            stage.store.create(id, settings, Lifecycle::Pending, entered.created).await.unwrap();
        }
        let (cleaned, fuse) = stage.clean_until_cut(calls, How::DiesBefore).await;
        let left = stage.store.connections(None).await.unwrap().len() - 1;
        assert_eq!((cleaned.removed + left, cleaned.failed), (2, 0), "cut at call {calls}");
        seen.push(cleaned.removed);
        if !fuse.is_down() {
            break;
        }
    }
    assert!(seen.is_sorted() && seen.contains(&1), "{seen:?}");
}

#[tokio::test]
async fn a_removal_beside_a_replacing_leaves_nothing_whichever_call_it_comes_before() {
    let mut stops = 0;
    for calls in 1.. {
        let context = format!("call {calls}");
        let stage = Stage::new();
        let id = stage.entered().await;
        let new = NewCredential { client_secret: NEW.into(), secret_expires: None, save_anyway: false };
        let (admin, fuse) = stage.admin(calls, How::WaitsBefore);
        let caller = owner();
        let mut replacing = pin!(admin.replace_credential(&caller, id, &Expected::Any, &new, |_| {}));
        if until_cut(&fuse, replacing.as_mut()).await.is_some() {
            break;
        }
        let (other, _) = stage.admin(usize::MAX, How::Fails);
        other.remove(&owner(), id, &Expected::Any, Records::Remove).await.unwrap();
        fuse.go_on.notify_one();
        let answer = replacing.await;
        assert!(matches!(answer, Err(Refusal::NotFound)), "{context}: {answer:?}");
        assert_eq!(stage.whole(&context).await.len(), 0, "{context}");
        stops += 1;
    }
    assert!(stops >= 6, "read, update, stage, promote, read, update: {stops}");
}

#[tokio::test]
async fn a_cleaning_beside_a_slow_saving_leaves_all_or_nothing_whichever_call_it_comes_before() {
    for calls in 1.. {
        let context = format!("call {calls}");
        let stage = Stage::new();
        let (admin, fuse) = stage.admin(calls, How::WaitsBefore);
        let caller = owner();
        let mut entering = pin!(admin.enter(&caller, &stage.entry, |_| {}));
        if until_cut(&fuse, entering.as_mut()).await.is_some() {
            break;
        }
        let cleaned = stage.clean().await;
        fuse.go_on.notify_one();
        let answer = entering.await;
        stage.clean().await;
        let whole = stage.whole(&context).await;
        assert_eq!(whole.len(), usize::from(answer.is_ok()), "{context}: {answer:?}");
        assert_eq!(answer.is_ok(), cleaned.removed == 0, "{context}: {answer:?}");
    }
}
