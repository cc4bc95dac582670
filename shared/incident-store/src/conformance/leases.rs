//! What a run is promised about its lease and its state.

use super::samples::{
    Incident, at, claim_at, connected, due, id, incoming, lease, leased, put, settings, stored,
};
use crate::{
    Claim, Claimed, Connection, ConnectionId, Connections, Lease, Lifecycle, Progress, Records, Seen,
    StoreError, SyncState, SyncStore,
};

fn state(text: &str) -> SyncState {
    SyncState { checkpoint: format!(r#"{{"at":{text:?}}}"#), status: format!("status {text}") }
}

async fn assert_fenced<S: SyncStore>(store: &S, lease: &Lease) {
    let saved = store.save(lease, &state("late"), Some(at(7))).await;
    assert!(matches!(saved, Err(StoreError::Fenced)), "a fenced run saves nothing: {saved:?}");
    let upserted = store.upsert(lease, Incident, &[incoming("late", None, "late")]).await;
    assert!(matches!(upserted, Err(StoreError::Fenced)), "a fenced run writes nothing: {upserted:?}");
    let nothing = store.upsert(lease, Incident, &[]).await;
    assert!(matches!(nothing, Err(StoreError::Fenced)), "a fenced run is told so at once: {nothing:?}");
    assert_eq!(stored(store, lease, "late").await, None, "a fenced run writes nothing");
    assert_ne!(store.state(lease.connection).await.expect("no error"), Some(state("late")), "nor saves it");
}

async fn assert_gone<S: SyncStore>(store: &S, lease: &Lease, why: &str) {
    let saved = store.save(lease, &state("late"), None).await;
    assert!(matches!(saved, Err(StoreError::Gone)), "{why}: nothing is saved: {saved:?}");
    let upserted = store.upsert(lease, Incident, &[incoming("late", None, "late")]).await;
    assert!(matches!(upserted, Err(StoreError::Gone)), "{why}: nothing is written: {upserted:?}");
    assert_eq!(stored(store, lease, "late").await, None, "{why}: nothing is written");
    store.release(lease).await.expect("giving back what is gone is no error");
    assert_inactive(store, lease.connection, why).await;
}

async fn assert_inactive<S: SyncStore>(store: &S, id: ConnectionId, why: &str) {
    let claimed = store.claim(id, claim_at(at(100_000))).await.expect("a claim is answered");
    assert_eq!(claimed, Claimed::Inactive, "{why}: it is not synced");
}

pub(super) async fn one_run_at_a_time<S: Connections + SyncStore>(store: &S) {
    let created = connected(store, 1).await;
    let claim = claim_at(at(10));
    let Claimed::Held { lease: held, connection, state } =
        store.claim(id(1), claim).await.expect("an answer")
    else {
        panic!("a free connection's lease is given");
    };
    assert_eq!(connection, created, "a claim tells of the connection, whose version no sync changes");
    assert_eq!(held.connection, id(1), "the lease is for what was claimed");
    assert_eq!(state, None, "there is no state before the first run");
    let second = store.claim(id(1), claim_at(at(11))).await.expect("an answer");
    assert_eq!(second, Claimed::Busy { until: claim.until }, "a held lease is not given again");
    connected(store, 2).await;
    lease(store, id(2), at(11)).await;
    put(store, &held, &incoming("1", None, "a refused claim does not end the lease")).await;
}

pub(super) async fn of_claims_at_once_one_wins<S: Connections + SyncStore>(store: &S) {
    connected(store, 1).await;
    let claim = || store.claim(id(1), claim_at(at(10)));
    let (a, b, c, d) = tokio::join!(claim(), claim(), claim(), claim());
    let answers = [a, b, c, d].map(|answer| answer.expect("a claim is answered"));
    let held = answers.iter().filter(|answer| matches!(answer, Claimed::Held { .. })).count();
    let busy = answers.iter().filter(|answer| matches!(answer, Claimed::Busy { .. })).count();
    assert_eq!((held, busy), (1, 3), "of claims at once one wins, the others are busy: {answers:?}");
}

pub(super) async fn a_lease_that_ended_is_taken_over<S: Connections + SyncStore>(store: &S) {
    let first = leased(store).await;
    let until = claim_at(at(1)).until;
    put(store, &first, &incoming("1", None, "nobody else has taken it")).await;
    let second = lease(store, first.connection, until).await;
    assert!(second.fence > first.fence, "a later claim's fence is greater");
    assert_fenced(store, &first).await;
    store.release(&first).await.expect("giving back a lost lease is no error");
    let third = store.claim(first.connection, claim_at(until)).await.expect("an answer");
    assert!(matches!(third, Claimed::Busy { .. }), "nobody gives back another run's lease: {third:?}");
    put(store, &second, &incoming("2", None, "the new holder writes")).await;
}

pub(super) async fn what_a_clock_that_was_ahead_has_left_is_not_believed<S: Connections + SyncStore>(
    store: &S,
) {
    let created = connected(store, 1).await;
    let year = at(365 * 86_400);
    let ahead = lease(store, created.id, year).await;
    let now = at(60);
    let found = due(store, now, 9).await;
    assert_eq!(found, [created.id], "what is due in a year was set by a clock that was ahead");
    let right = lease(store, created.id, now).await;
    assert_fenced(store, &ahead).await;
    assert_eq!(due(store, now, 9).await, [], "a right clock is believed");
    let hour = crate::believed::LONGEST_WAIT;
    store.save(&right, &state("waits"), Some(now + hour)).await.expect("the holder saves");
    assert_eq!(due(store, now, 9).await, [], "so is the longest wait");
}

pub(super) async fn a_released_lease_is_free<S: Connections + SyncStore>(store: &S) {
    let first = leased(store).await;
    store.release(&first).await.expect("a lease is given back");
    let second = lease(store, first.connection, at(2)).await;
    assert!(second.fence > first.fence, "a fence is never used again");
    assert_fenced(store, &first).await;
}

pub(super) async fn only_connected_ones_are_synced<S: Connections + SyncStore>(store: &S) {
    assert_inactive(store, id(9), "unknown").await;
    for (number, lifecycle) in [(1, Lifecycle::Pending), (2, Lifecycle::Paused), (3, Lifecycle::Removing)] {
        store.create(id(number), settings(number), lifecycle, at(0)).await.expect("it is created");
        assert_inactive(store, id(number), &format!("{lifecycle:?}")).await;
    }
    let paused = store.connection(id(2)).await.expect("no error").expect("it is there");
    store.update(&Connection { lifecycle: Lifecycle::Connected, ..paused }).await.expect("it is connected");
    assert_eq!(due(store, at(0), 9).await, [id(2)], "once connected it is due");
    lease(store, id(2), at(0)).await;
}

pub(super) async fn a_claim_schedules_and_a_save_may_reschedule<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    let due = async |seconds| due(store, at(seconds), 9).await;
    assert_eq!(due(300).await, [], "a claim puts off when it is due");
    assert_eq!(due(301).await, [id(1)], "to when the claim says");
    store.save(&held, &state("a"), None).await.expect("the holder saves");
    assert_eq!(
        (due(300).await, due(301).await),
        (vec![], vec![id(1)]),
        "a save alone changes nothing of that"
    );
    store.save(&held, &state("b"), Some(at(20))).await.expect("the holder saves");
    assert_eq!((due(19).await, due(20).await), (vec![], vec![id(1)]), "a save may say when it is due");
    store.claim(id(1), claim_at(at(30))).await.expect("an answer");
    assert_eq!(due(20).await, [id(1)], "a claim that is not given changes nothing of that");
}

pub(super) async fn a_slot_has_one_run<S: Connections + SyncStore>(store: &S) {
    connected(store, 1).await;
    let claim = async |second, slot| {
        let claim = Claim { slot: Some(at(slot)), ..claim_at(at(second)) };
        store.claim(id(1), claim).await.expect("a claim is answered")
    };
    let Claimed::Held { lease: held, .. } = claim(70, 60).await else { panic!("the slot's run is given") };
    assert_eq!(claim(71, 60).await, Claimed::Over, "the slot has its run, which still goes on");
    store.release(&held).await.expect("a lease is given back");
    assert_eq!(claim(80, 60).await, Claimed::Over, "the slot has had its run");
    assert_eq!(claim(80, 70).await, Claimed::Over, "a run that began with the slot is its run");
    put(store, &held, &incoming("1", None, "what is refused ends no lease")).await;
    store.release(&held).await.expect("a lease is given back");
    assert!(matches!(claim(130, 120).await, Claimed::Held { .. }), "the next slot has its own");

    connected(store, 2).await;
    let ahead = lease(store, id(2), at(365 * 86_400)).await;
    store.release(&ahead).await.expect("a lease is given back");
    let right = Claim { slot: Some(at(60)), ..claim_at(at(70)) };
    let right = store.claim(id(2), right).await.expect("an answer");
    assert!(
        matches!(right, Claimed::Held { .. }),
        "no clock that was ahead has had the slot's run: {right:?}"
    );
}

pub(super) async fn a_look_takes_nothing<S: Connections + SyncStore>(store: &S) {
    assert_eq!(
        store.look(id(1)).await.expect("no error"),
        None,
        "of what does not exist there is nothing to see"
    );
    let created = connected(store, 1).await;
    let look = async || store.look(id(1)).await.expect("a look is answered").expect("it is there");
    let seen = look().await;
    assert_eq!(
        (&seen.connection, &seen.state, seen.last_attempt),
        (&created, &None, None),
        "it is as it was entered"
    );
    let held = lease(store, id(1), at(10)).await;
    store.save(&held, &state("a"), None).await.expect("the holder saves");
    let seen = look().await;
    assert_eq!(
        (seen.state, seen.last_attempt),
        (Some(state("a")), Some(at(10))),
        "what a run has left is seen"
    );
    put(store, &held, &incoming("1", None, "a look takes no lease")).await;
    store.remove(id(1), Records::Keep).await.expect("it is removed");
    assert_eq!(store.look(id(1)).await.expect("no error"), None, "nor of what was removed");
}

pub(super) async fn what_was_seen_is_settled_and_what_has_changed_since_is_not<S: Connections + SyncStore>(
    store: &S,
) {
    let held = leased(store).await;
    store.save(&held, &state("a"), None).await.expect("the holder saves");
    let look = async || store.look(id(1)).await.expect("a look is answered").expect("it is there");
    let settle = async |seen: &Seen, second, to: &str| {
        store.settle(seen, claim_at(at(second)), &state(to)).await.expect("an answer")
    };
    let seen = look().await;
    assert!(matches!(settle(&seen, 2, "b").await, Some(Claimed::Busy { .. })), "a run goes on");
    put(store, &held, &incoming("1", None, "and has its lease")).await;
    store.release(&held).await.expect("a lease is given back");

    let seen = look().await;
    assert_eq!(settle(&seen, 20, "b").await, None, "nothing has happened since");
    let settled = look().await;
    assert_eq!((settled.state, settled.last_attempt), (Some(state("b")), Some(at(20))), "it is an attempt");
    assert_eq!(due(store, at(319), 9).await, [], "which has said when it is due again");
    assert_fenced(store, &held).await;

    // What was seen is of before that.
    let Some(Claimed::Held { lease: again, state: held, .. }) = settle(&seen, 30, "old").await else {
        panic!("what has changed is claimed")
    };
    assert_eq!(held, Some(state("b")), "and nothing of it is undone");
    store.save(&again, &state("c"), None).await.expect("the holder saves");
    store.release(&again).await.expect("a lease is given back");

    let seen = look().await;
    let renamed = store.update(&seen.connection).await.expect("a person changes it");
    let Some(Claimed::Held { connection, .. }) = settle(&seen, 40, "old").await else {
        panic!("what a person has changed is claimed")
    };
    assert_eq!(connection, renamed, "as it is now");
}

pub(super) async fn what_is_updated_is_due_at_once<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    store.save(&held, &state("failing"), Some(at(3600))).await.expect("the holder saves");
    assert_eq!(due(store, at(1), 9).await, [], "it is put off");
    let connection = store.connection(id(1)).await.expect("no error").expect("it is there");
    store.update(&connection).await.expect("it is updated");
    assert_eq!(due(store, at(1), 9).await, [id(1)], "what is updated is due at once");
}

pub(super) async fn progress_tells_of_the_last_run<S: Connections + SyncStore>(store: &S) {
    let progress = async |id| store.progress(id).await.expect("progress is answered");
    assert_eq!(progress(id(1)).await, Progress::default(), "of what does not exist there is none");
    connected(store, 1).await;
    let new = Progress { next_due: Some(at(1)), ..Progress::default() };
    assert_eq!(progress(id(1)).await, new, "a new one is due and was never attempted");
    let held = lease(store, id(1), at(10)).await;
    let claimed = Progress { last_attempt: Some(at(10)), next_due: Some(at(310)), ..Progress::default() };
    assert_eq!(progress(id(1)).await, claimed, "a claim is an attempt");
    store.save(&held, &state("a"), Some(at(70))).await.expect("the holder saves");
    let saved = Progress { status: state("a").status, next_due: Some(at(70)), ..claimed };
    assert_eq!(progress(id(1)).await, saved, "a save leaves its status");
    store.remove(id(1), Records::Keep).await.expect("it is removed");
    assert_eq!(progress(id(1)).await, Progress::default(), "of what was removed there is none");
}

pub(super) async fn state_is_kept_as_it_is<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    let version = store.connection(id(1)).await.expect("no error").expect("it is there").version;
    assert_eq!(store.state(id(1)).await.expect("no error"), None, "there is no state before the first save");
    assert_eq!(store.state(id(9)).await.expect("no error"), None, "nor of what does not exist");
    for text in ["", "ünïcode 🛡 \u{1}\"\\", &"long ".repeat(10_000)] {
        let kept = SyncState { checkpoint: text.to_owned(), status: format!("{text}!") };
        store.save(&held, &kept, None).await.expect("the holder saves");
        assert_eq!(store.state(id(1)).await.expect("no error"), Some(kept.clone()), "state is kept as it is");
        store.release(&held).await.expect("a lease is given back");
    }
    let last = store.state(id(1)).await.expect("no error");
    let claimed = store.claim(id(1), claim_at(at(50))).await.expect("an answer");
    let Claimed::Held { state, connection, .. } = claimed else { panic!("a released lease is given") };
    assert_eq!(state, last, "a claim tells of the last run's state");
    assert_eq!(connection.version, version, "a sync never changes the connection's version");
}

pub(super) async fn removal_stops_a_running_sync<S: Connections + SyncStore>(store: &S) {
    for (number, records) in [(1, Records::Remove), (2, Records::Keep)] {
        let connection = connected(store, number).await;
        let held = lease(store, connection.id, at(10)).await;
        put(store, &held, &incoming("1", None, "before")).await;
        store.remove(connection.id, records).await.expect("a connection is removed while it is synced");
        assert_gone(store, &held, &format!("removed ({records:?})")).await;
        let kept = stored(store, &held, "1").await.is_some();
        assert_eq!(kept, records == Records::Keep, "its records go or stay as was asked ({records:?})");
    }
    let connection = connected(store, 3).await;
    let held = lease(store, connection.id, at(10)).await;
    let removing = Connection { lifecycle: Lifecycle::Removing, ..connection };
    store.update(&removing).await.expect("it is being removed");
    assert_gone(store, &held, "being removed").await;
    let unknown = Lease { connection: id(9), fence: 1 };
    assert_gone(store, &unknown, "unknown").await;
}

pub(super) async fn a_pause_lets_a_running_sync_end<S: Connections + SyncStore>(store: &S) {
    let connection = connected(store, 1).await;
    let held = lease(store, connection.id, at(10)).await;
    let paused = Connection { lifecycle: Lifecycle::Paused, ..connection };
    store.update(&paused).await.expect("a connection is paused while it is synced");
    put(store, &held, &incoming("1", None, "what was read is not lost")).await;
    store.save(&held, &state("a"), None).await.expect("the holder saves");
    store.release(&held).await.expect("a lease is given back");
    assert_inactive(store, held.connection, "paused").await;
}
