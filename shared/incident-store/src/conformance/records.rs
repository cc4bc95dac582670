//! What a run is promised about the records it writes.

use bytes::Bytes;

use super::samples::{
    Alert, Incident, assert_stored, at, connected, incoming, lease, leased, put, revision, stored,
};
use crate::{Connections, Incoming, SyncStore, Upserted};

pub(super) async fn revisions_grow_with_real_changes_only<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    let first = incoming("1", Some(at(1)), "a");
    let mut last = revision(&put(store, &held, &first).await);
    let changes = [
        incoming("2", Some(at(1)), "a"),
        incoming("1", Some(at(2)), "b"),
        incoming("3", None, "a"),
        incoming("2", Some(at(3)), "b"),
    ];
    for change in &changes {
        let next = revision(&put(store, &held, change).await);
        assert!(next > last, "a revision is greater than all before it, of any record: {next}, {last}");
        let stored = stored(store, &held, &change.record.head.id).await.expect("it is there");
        assert_eq!(stored.revision, next, "the stored revision is the one that was answered");
        last = next;
    }
    put(store, &held, &first).await;
    put(store, &held, &changes[3]).await;
    let unchanged = stored(store, &held, "2").await.expect("it is there");
    assert_eq!(unchanged.revision, last, "what is no change has no revision");
    let next_run = {
        store.release(&held).await.expect("a lease is given back");
        lease(store, held.connection, at(30)).await
    };
    let next = revision(&put(store, &next_run, &incoming("4", None, "a")).await);
    assert!(next > last, "revisions go on in the next run");
}

pub(super) async fn versions_of_one_id_in_one_call_are_taken_in_order<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    let versions = [
        incoming("1", Some(at(1)), "a"),
        incoming("1", Some(at(1)), "a"),
        incoming("1", Some(at(3)), "c"),
        incoming("2", Some(at(1)), "a"),
        incoming("1", Some(at(2)), "b"),
    ];
    let became = store.upsert(&held, Incident, &versions).await.expect("the holder writes");
    let [first, again, newer, other, older] = &became[..] else {
        panic!("there is one answer for each record, in order: {became:?}");
    };
    assert!(matches!(first, Upserted::Created { .. }), "the first is created: {became:?}");
    assert_eq!(*again, Upserted::Unchanged, "the same again is no change");
    assert!(matches!(newer, Upserted::Updated { .. }), "a newer one replaces it: {became:?}");
    assert!(matches!(other, Upserted::Created { .. }), "another is created: {became:?}");
    assert!(matches!(older, Upserted::Older { .. }), "one in between comes too late");
    let revisions = [first, newer, other].map(revision);
    assert!(revisions.is_sorted_by(|a, b| a < b), "revisions grow within one call: {revisions:?}");
    assert_stored(store, &held, &versions[2], "the newest stays").await;
}

pub(super) async fn kinds_and_connections_are_apart<S: Connections + SyncStore>(store: &S) {
    let one = leased(store).await;
    let two = connected(store, 2).await;
    let two = lease(store, two.id, at(10)).await;
    put(store, &one, &incoming("1", Some(at(9)), "one's incident")).await;
    let became = put(store, &two, &incoming("1", Some(at(1)), "two's incident")).await;
    assert!(matches!(became, Upserted::Created { .. }), "connections do not share ids: {became:?}");
    let alert = incoming("1", Some(at(1)), "one's alert");
    let became = store.upsert(&one, Alert, &[alert]).await.expect("the holder writes");
    assert!(matches!(became[..], [Upserted::Created { .. }]), "kinds do not share ids: {became:?}");
    let ids = ["1".to_owned()];
    let alerts = store.versions(two.connection, Alert, &ids).await.expect("versions are answered");
    assert_eq!(alerts, [None], "what another connection has is not there");
}

pub(super) async fn versions_answer_in_the_order_of_the_ids<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    let records: Vec<Incoming> = ["b", "a", "c"].map(|id| incoming(id, Some(at(1)), id)).into();
    store.upsert(&held, Incident, &records).await.expect("the holder writes");
    let ids = ["c", "missing", "a", "b", "c", ""].map(str::to_owned);
    let versions = store.versions(held.connection, Incident, &ids).await.expect("versions are answered");
    let found: Vec<_> = versions.iter().map(|version| version.as_ref().map(|v| v.head.id.as_str())).collect();
    let expected = [Some("c"), None, Some("a"), Some("b"), Some("c"), None];
    assert_eq!(found, expected, "versions stand in the order of the ids, none for what is not there");
    let none = store.versions(held.connection, Incident, &[]).await.expect("versions are answered");
    assert_eq!(none, [], "no ids have no versions");
    let none = store.upsert(&held, Incident, &[]).await.expect("nothing is written");
    assert_eq!(none, [], "no records have no answers");
}

pub(super) async fn any_text_and_size_is_kept<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    let long = "x🛡".repeat(400_000);
    for (id, body) in [("ünï-🛡", "日本語 \u{202e}\u{0}\\\""), ("a'b\"c%_#/:|", "'; --"), ("long", &*long)]
    {
        let mut record = incoming(id, Some(at(1)), "");
        let title: String = body.chars().take(300).collect();
        record.record.head.title = Some(title);
        record.record.raw = Bytes::from(serde_json::json!({ "id": id, "title": body }).to_string());
        let became = put(store, &held, &record).await;
        assert!(matches!(became, Upserted::Created { .. }), "any text and size is written: {id}");
        assert_stored(store, &held, &record, "any text and size is kept").await;
        // Same instant, other bytes, same value: the stored body has to be read back to see it.
        record.record.raw = Bytes::from([&b" "[..], &record.record.raw].concat());
        record.answered = at(60);
        let became = put(store, &held, &record).await;
        assert_eq!(became, Upserted::Unchanged, "a body is read back as it was written: {id}");
    }
}

pub(super) async fn a_thousand_records_are_one_call<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    let of = |seconds: i64| -> Vec<Incoming> {
        (0..1000).map(|number| incoming(&number.to_string(), Some(at(seconds)), "body")).collect()
    };
    let became = store.upsert(&held, Incident, &of(1)).await.expect("a thousand are written");
    assert_eq!(became.len(), 1000, "there is one answer for each");
    let revisions: Vec<u64> = became.iter().map(revision).collect();
    assert!(revisions.is_sorted_by(|a, b| a < b), "revisions grow in the order of the records");
    let ids: Vec<String> = (0..1000).rev().map(|number: i32| number.to_string()).collect();
    let versions = store.versions(held.connection, Incident, &ids).await.expect("versions are answered");
    let found = versions
        .iter()
        .zip(&ids)
        .filter(|(version, id)| version.as_ref().is_some_and(|version| version.head.id == **id));
    assert_eq!(found.count(), 1000, "all of them are there");
    let again = store.upsert(&held, Incident, &of(1)).await.expect("a thousand are compared");
    assert!(again.iter().all(|became| *became == Upserted::Unchanged), "the same thousand are no change");
    let newer = store.upsert(&held, Incident, &of(2)).await.expect("a thousand are replaced");
    assert!(newer.iter().all(|became| matches!(became, Upserted::Updated { .. })), "newer ones replace them");
}

pub(super) async fn delivering_again_changes_nothing<S: Connections + SyncStore>(store: &S) {
    let held = leased(store).await;
    let deliveries: Vec<Incoming> =
        (1..=4).map(|n| incoming("1", Some(at(n)), &format!("version {n}"))).collect();
    // The windows of a sync overlap: any version may come again, in any order.
    for order in [[3, 0, 1, 2], [1, 2, 0, 3], [0, 1, 2, 3], [2, 3, 3, 0]] {
        for index in order {
            put(store, &held, &deliveries[index]).await;
        }
        assert_stored(store, &held, &deliveries[3], "whatever the order, the newest stays").await;
    }
}
