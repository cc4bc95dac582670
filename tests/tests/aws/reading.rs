//! What docs/data.md promises to who reads the table.

use graph_security::RecordKind::{Alert, Incident};
use incident_store::dynamodb::table::LISTS;
use incident_store::dynamodb::{Body, DynamoStore};
use incident_store::{Incoming, SyncStore as _};

use crate::desk::{Desk, at, client, id, leased, noise, record};

#[tokio::test]
async fn a_body_is_read_back_byte_for_byte_wherever_it_was_put() {
    let Some(desk) = Desk::new().await else { return };
    let store = desk.store().await;
    let held = leased(&store, 1).await;
    let bodies = [
        b"\xff\xfe no text".to_vec(),
        " { \"id\" : \"1\" }".into(),
        noise(30_000).into(),
        noise(450_000).into(),
        b"long ".repeat(600_000),
    ];
    // One record grows and shrinks again; each time it is found where it is now.
    for (second, body) in (1..).zip(bodies.iter().chain(bodies.iter().rev())) {
        store.upsert(&held, Incident, &[record("1", second, body.clone())]).await.unwrap();
        let read = store.record(id(1), Incident, "1").await.unwrap().expect("it is there");
        assert!(read.body == Body::Raw(body.clone().into()), "{} bytes", body.len());
        assert_eq!(read.first_seen, at(1), "what first brought it stays");
    }
}

#[tokio::test]
async fn what_no_item_can_hold_is_marked_and_is_no_change_when_it_comes_again() {
    let Some(desk) = Desk::new().await else { return };
    let store = desk.store().await;
    let held = leased(&store, 1).await;
    let value = noise(1_000_000);
    let large = |second, text: &str| -> Incoming {
        let mut large = record("1", 1, text.to_owned());
        large.answered = at(second);
        large
    };
    let written = store.upsert(&held, Incident, &[large(1, &format!(r#"{{"a":1,"b":"{value}"}}"#))]).await;
    assert_eq!(written.unwrap(), [incident_store::Upserted::Created { revision: 1 }]);
    let read = store.record(id(1), Incident, "1").await.unwrap().expect("it is there");
    assert_eq!(read.body, Body::Oversize);
    let other_order = large(2, &format!(r#"{{"b":"{value}","a":1}}"#));
    let again = store.upsert(&held, Incident, &[other_order]).await.unwrap();
    assert_eq!(again, [incident_store::Upserted::Unchanged]);
    let other_value = large(3, &format!(r#"{{"a":2,"b":"{value}"}}"#));
    let changed = store.upsert(&held, Incident, &[other_value]).await.unwrap();
    assert!(matches!(changed[..], [incident_store::Upserted::Updated { revision: 2, .. }]), "{changed:?}");
    // Once it is small it is there whole.
    store.upsert(&held, Incident, &[record("1", 2, "{}")]).await.unwrap();
    let read = store.record(id(1), Incident, "1").await.unwrap().expect("it is there");
    assert_eq!(read.body, Body::Raw("{}".into()));
}

#[tokio::test]
async fn what_changed_since_a_revision_is_asked_of_an_index() {
    let Some(desk) = Desk::new().await else { return };
    let store = desk.store().await;
    let held = leased(&store, 1).await;
    let incidents: Vec<_> = (0..40).map(|n| record(&format!("i{n}"), 1, "{}")).collect();
    store.upsert(&held, Incident, &incidents).await.unwrap();
    store.upsert(&held, Alert, &[record("a0", 1, "{}")]).await.unwrap();
    store.upsert(&held, Incident, &[record("i3", 2, "{\"x\":1}")]).await.unwrap();
    let changed = store.changed_since(id(1), 0, 1000).await.unwrap();
    let ids: Vec<&str> = changed.iter().map(|(_, version)| version.head.id.as_str()).collect();
    assert_eq!(ids.len(), 41, "each record once, as it is now");
    assert_eq!(ids[..4], ["i0", "i1", "i2", "i4"]);
    assert_eq!(ids[39..], ["a0", "i3"]);
    assert!(changed.is_sorted_by(|(_, one), (_, other)| one.revision < other.revision));
    let (kind, alert) = &changed[39];
    assert_eq!((*kind, alert.revision), (Alert, 41));
    let stored = store.versions(id(1), Alert, &["a0".to_owned()]).await.unwrap();
    assert_eq!(stored[0].as_ref(), Some(alert), "the index has the whole head");
    assert_eq!(store.changed_since(id(1), 41, 9).await.unwrap().len(), 1);
    assert_eq!(store.changed_since(id(1), 42, 9).await.unwrap(), []);
    assert_eq!(store.changed_since(id(1), 0, 5).await.unwrap().len(), 5);
}

#[tokio::test]
async fn lists_are_newest_first_and_alerts_follow_their_incident() {
    let Some(desk) = Desk::new().await else { return };
    let table = desk.table().await;
    let store = DynamoStore::new(client(&desk.aws), table.clone());
    let held = leased(&store, 1).await;
    store.upsert(&held, Incident, &[record("7", 5, "{}"), record("8", 9, "{}")]).await.unwrap();
    let alert = |id: &str, second, incident: Option<&str>| {
        let mut alert = record(id, second, "{}");
        alert.record.head.incident_id = incident.map(str::to_owned);
        alert
    };
    let alerts = [alert("a", 1, Some("7")), alert("b", 2, Some("7")), alert("c", 3, None)];
    store.upsert(&held, Alert, &alerts).await.unwrap();
    let list = async |list: String| -> Vec<String> {
        let query = client(&desk.aws).query().table_name(&table).index_name(LISTS.name);
        let query =
            query.key_condition_expression("#list = :list").expression_attribute_names("#list", "list");
        let query =
            query.expression_attribute_values(":list", aws_sdk_dynamodb::types::AttributeValue::S(list));
        let items = query.scan_index_forward(false).send().await.unwrap().items.unwrap();
        items.iter().map(|item| item["id"].as_s().unwrap().clone()).collect()
    };
    let of = |incident: &str| format!("{}#alerts#{incident}", id(1));
    assert_eq!(list(format!("{}#incidents", id(1))).await, ["8", "7"]);
    assert_eq!(list(of("7")).await, ["b", "a"]);
    // Its incident was merged into another.
    store.upsert(&held, Alert, &[alert("a", 4, Some("8"))]).await.unwrap();
    assert_eq!((list(of("7")).await, list(of("8")).await), (vec!["b".to_owned()], vec!["a".to_owned()]));
}

#[tokio::test]
async fn what_ages_out_says_when() {
    let Some(desk) = Desk::new().await else { return };
    let table = desk.table().await;
    let days = std::time::Duration::from_secs(400 * 86_400);
    let store = DynamoStore::new(client(&desk.aws), table.clone()).with_retention(days);
    let held = leased(&store, 1).await;
    store.upsert(&held, Incident, &[record("1", 1, noise(30_000)), record("2", 1, "{}")]).await.unwrap();
    let scan = client(&desk.aws).scan().table_name(&table).send().await.unwrap();
    let expiring =
        scan.items().iter().filter_map(|item| Some((item["sk"].as_s().ok()?, item.get("expires")?)));
    let mut expiring: Vec<_> = expiring.map(|(sk, at)| (sk.as_str(), at.as_n().unwrap().as_str())).collect();
    expiring.sort_unstable();
    let instant = (1_793_610_001 + 400 * 86_400).to_string();
    let expected = ["incident#1", "incident#2", "incident-body#1"].map(|sk| (sk, instant.as_str()));
    assert_eq!(expiring, expected, "records and their bodies age out; connections do not");
}
