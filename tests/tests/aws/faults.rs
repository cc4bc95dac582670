//! The store on an AWS that throttles, resets and loses answers, and late writes of lost leases.

use graph_security::RecordKind::Incident;
use incident_store::dynamodb::DynamoStore;
use incident_store::{
    Connections as _, Lifecycle, Records, StoreError, SyncState, SyncStore as _, Upserted, conformance,
};
use lambda_support::Aws;
use serde_json::{Value, json};

use crate::desk::{Desk, at, client, id, lease, leased, record, settings};
use crate::held::Holding;

/// Each fails once, then lets so many pass: throttles, resets, and writes that are done and whose answers are
/// lost. Numbers without a common factor make them meet in all ways.
pub(crate) fn faults(throttles: u32, resets: u32, lost: u32) -> Value {
    json!([
        { "service": "dynamodb", "sequence": { "fail": 1, "pass": throttles },
          "error": { "code": "ProvisionedThroughputExceededException" } },
        { "service": "dynamodb", "sequence": { "fail": 1, "pass": resets }, "reset": true },
        { "service": "dynamodb", "sequence": { "fail": 1, "pass": lost }, "response": { "abort_frac": 0.0 } },
    ])
}

#[tokio::test]
async fn the_store_keeps_every_promise_whatever_fails_on_the_way() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = desk.emulators.microburst(&desk.aws).await.unwrap();
    proxy.set_rules(&faults(6, 10, 12)).await.unwrap();
    Box::pin(conformance::run(async || desk.store_over(&proxy).await)).await;
    conformance::run_groups(async || desk.store_over(&proxy).await).await;

    let fired = proxy.fired().await.unwrap();
    let count = |operation: &str, action: &str| {
        fired.iter().filter(|fault| fault.0 == operation && fault.1.contains(action)).count()
    };
    for operation in ["TransactWriteItems", "UpdateItem", "GetItem", "BatchGetItem", "Query"] {
        for action in ["ProvisionedThroughputExceeded", "reset", "abort"] {
            assert!(count(operation, action) > 0, "{operation} met no {action}: {fired:?}");
        }
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_done_once_and_answered_all_the_same() {
    let Some(desk) = Desk::new().await else { return };
    let proxy = desk.emulators.microburst(&desk.aws).await.unwrap();
    let store = desk.store_over(&proxy).await;
    let lose_next = async |operation: &str| {
        let rule = json!([{ "service": "dynamodb", "operation": operation, "times": 1,
            "response": { "abort_frac": 0.0 } }]);
        proxy.set_rules(&rule).await.unwrap();
    };
    lose_next("TransactWriteItems").await;
    let created = store.create(id(1), settings(1), Lifecycle::Connected, at(0)).await.unwrap();
    lose_next("TransactWriteItems").await;
    let updated = store.update(&created).await.unwrap();
    assert_eq!(updated.version, created.version + 1, "updated once");
    lose_next("UpdateItem").await;
    let held = lease(&store, 1, 0).await.expect("a claim knows itself");
    assert_eq!(held.fence, 1, "claimed once");
    lose_next("TransactWriteItems").await;
    let records = [record("1", 1, "{}"), record("2", 1, "{}")];
    let written = store.upsert(&held, Incident, &records).await.unwrap();
    let once = [Upserted::Created { revision: 1 }, Upserted::Created { revision: 2 }];
    assert_eq!(written, once);
    lose_next("TransactWriteItems").await;
    store.save(&held, &SyncState::default(), None).await.unwrap();
    lose_next("UpdateItem").await;
    store.release(&held).await.unwrap();
    assert!(lease(&store, 1, 1).await.is_some(), "it is given back");
    lose_next("TransactWriteItems").await;
    store.remove(id(1), Records::Remove).await.unwrap();
    lose_next("BatchWriteItem").await;
    leased(&store, 2).await;
    let third = lease(&store, 2, 120).await.expect("the first lease has ended");
    store.upsert(&third, Incident, &records).await.unwrap();
    store.remove(id(2), Records::Remove).await.unwrap();
    let fired = proxy.fired().await.unwrap();
    assert_eq!(fired.len(), 8, "each answer was lost: {fired:?}");
}

/// Two stores on one table; what the second one sends can be held back.
async fn late(desk: &Desk) -> (DynamoStore, DynamoStore, Holding) {
    let table = desk.table().await;
    let holding = Holding::default();
    let held = Aws::new(&desk.aws.settings(), holding.clone()).unwrap().dynamodb();
    (DynamoStore::new(client(&desk.aws), table.clone()), DynamoStore::new(held, table), holding)
}

#[tokio::test]
async fn what_was_on_its_way_when_the_lease_was_taken_is_refused() {
    let Some(desk) = Desk::new().await else { return };
    let (punctual, late, holding) = late(&desk).await;
    let old = leased(&late, 1).await;
    let first = late.upsert(&old, Incident, &[record("1", 1, "{}")]).await.unwrap();
    assert_eq!(first, [Upserted::Created { revision: 1 }]);

    let held = holding.next("TransactWriteItems");
    let take_over = async {
        held.sent().await;
        let new = lease(&punctual, 1, 120).await.expect("the old lease has ended");
        let written = punctual.upsert(&new, Incident, &[record("1", 3, "{\"new\":true}")]).await.unwrap();
        held.release();
        written
    };
    let writes = [record("1", 2, "{\"late\":true}"), record("2", 2, "{}")];
    let (refused, written) = tokio::join!(late.upsert(&old, Incident, &writes), take_over);
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    assert!(matches!(written[..], [Upserted::Updated { revision: 2, .. }]), "{written:?}");
    let ids = ["1".to_owned(), "2".to_owned()];
    let versions = punctual.versions(id(1), Incident, &ids).await.unwrap();
    assert_eq!(versions[0].as_ref().map(|version| version.revision), Some(2));
    assert_eq!(versions[1], None, "nothing of a lost lease is written, not even what is new");
}

#[tokio::test]
async fn a_state_on_its_way_when_the_lease_was_taken_is_refused() {
    let Some(desk) = Desk::new().await else { return };
    let (punctual, late, holding) = late(&desk).await;
    let old = leased(&late, 1).await;
    let state = |text: &str| SyncState { checkpoint: text.into(), status: text.into() };
    let held = holding.next("TransactWriteItems");
    let take_over = async {
        held.sent().await;
        let new = lease(&punctual, 1, 120).await.expect("the old lease has ended");
        punctual.save(&new, &state("new"), None).await.unwrap();
        held.release();
    };
    let old_state = state("old");
    let (refused, ()) = tokio::join!(late.save(&old, &old_state, None), take_over);
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    assert_eq!(punctual.state(id(1)).await.unwrap(), Some(state("new")));
}

#[tokio::test]
async fn what_was_on_its_way_when_the_connection_was_removed_is_refused() {
    let Some(desk) = Desk::new().await else { return };
    let (punctual, late, holding) = late(&desk).await;
    let old = leased(&late, 1).await;
    let held = holding.next("TransactWriteItems");
    let remove = async {
        held.sent().await;
        punctual.remove(id(1), Records::Remove).await.unwrap();
        held.release();
    };
    let writes = [record("1", 1, "{}")];
    let (refused, ()) = tokio::join!(late.upsert(&old, Incident, &writes), remove);
    assert!(matches!(refused, Err(StoreError::Gone)), "{refused:?}");
    assert_eq!(punctual.record(id(1), Incident, "1").await.unwrap(), None);
}

#[tokio::test]
async fn what_an_admin_changed_on_the_way_does_not_bring_a_removed_connection_back() {
    let Some(desk) = Desk::new().await else { return };
    let (punctual, late, holding) = late(&desk).await;
    let entered = late.create(id(1), settings(1), Lifecycle::Connected, at(0)).await.unwrap();
    let held = holding.next("TransactWriteItems");
    let remove = async {
        held.sent().await;
        punctual.remove(id(1), Records::Keep).await.unwrap();
        held.release();
    };
    let (refused, ()) = tokio::join!(late.update(&entered), remove);
    assert!(matches!(refused, Err(StoreError::Gone)), "{refused:?}");
    assert_eq!(punctual.connection(id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_removal_that_was_cut_short_is_found_and_finished_by_the_next_one() {
    let Some(desk) = Desk::new().await else { return };
    let (table, proxy) = (desk.table().await, desk.emulators.microburst(&desk.aws).await.unwrap());
    let (punctual, cut_short) =
        (DynamoStore::new(client(&desk.aws), table.clone()), DynamoStore::new(client(&proxy), table));
    let held = leased(&punctual, 1).await;
    let ids: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let records: Vec<_> = ids.iter().map(|id| record(id, 1, "{}")).collect();
    punctual.upsert(&held, Incident, &records).await.unwrap();
    let denied = json!([{ "service": "dynamodb", "operation": "BatchWriteItem",
        "error": { "code": "AccessDeniedException", "status": 400 } }]);
    proxy.set_rules(&denied).await.unwrap();
    let failed = cut_short.remove(id(1), Records::Remove).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    let late = punctual.upsert(&held, Incident, &[record("1", 2, "{}")]).await;
    assert!(matches!(late, Err(StoreError::Gone)), "nothing is written for it any more: {late:?}");

    let unfinished = punctual.unfinished(at(1), 9).await.unwrap();
    let found: Vec<_> =
        unfinished.these.iter().map(|found| (found.id, found.lifecycle, found.records)).collect();
    assert_eq!(found, [(id(1), Lifecycle::Removing, Records::Remove)]);
    punctual.remove(id(1), Records::Remove).await.unwrap();
    let left = punctual.versions(id(1), Incident, &ids).await.unwrap();
    assert!(left.iter().all(Option::is_none), "its records are gone");
    let again = punctual.remove(id(1), Records::Remove).await;
    assert!(matches!(again, Err(StoreError::Gone)), "and so is it: {again:?}");
}

#[tokio::test]
async fn a_lease_that_nothing_was_written_under_is_free_again_before_it_is_due() {
    let Some(desk) = Desk::new().await else { return };
    let table = desk.table().await;
    let [one, other] = [(); 2].map(|()| DynamoStore::new(client(&desk.aws), table.clone()));
    let idle = leased(&one, 1).await;
    one.release(&idle).await.unwrap();
    // Another process cannot know that it was given back.
    assert_eq!(lease(&other, 1, 29).await, None, "it is held for half the time to the next due");
    let next = lease(&other, 1, 30).await.expect("and free from then on");
    assert!(next.fence > idle.fence);

    other.upsert(&next, Incident, &[record("1", 1, "{}")]).await.unwrap();
    assert_eq!(lease(&one, 1, 149).await, None, "once it has written, a run has all the time it claimed");
    other.release(&next).await.unwrap();
    lease(&one, 1, 61).await.expect("a lease that was written under is given back for everybody");
}
