//! An item of a connection that somebody has spoilt by hand, and what is left of a removed one.

use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use incident_store::dynamodb::DynamoStore;
use incident_store::{Connections as _, Lifecycle, Records};

use crate::desk::{Desk, at, client, id, lease, settings};

#[tokio::test]
async fn one_item_that_cannot_be_read_keeps_nobody_else_from_being_due() {
    let Some(desk) = Desk::new().await else { return };
    let (client, table) = (client(&desk.aws), desk.table().await);
    let store = DynamoStore::new(client.clone(), &table);
    for number in 1..=3 {
        store.create(id(number), settings(number), Lifecycle::Connected, at(0)).await.unwrap();
    }
    for (attribute, value) in [("next_due", N("1".into())), ("interval_ms", S("often".into()))] {
        let spoilt = client.update_item().table_name(&table).update_expression("SET #name = :value");
        let spoilt = spoilt.key("pk", S("CONNECTIONS#2".into())).key("sk", S(id(2).to_string()));
        let spoilt = spoilt.expression_attribute_names("#name", attribute);
        spoilt.expression_attribute_values(":value", value).send().await.unwrap();
    }
    let all = store.due_with_owners(at(60), 10).await.unwrap();
    assert_eq!(all.due.iter().map(|due| due.id).collect::<Vec<_>>(), [id(1), id(3)]);
    assert_eq!(all.unreadable, [id(2).to_string()], "whoever runs this is told which one");
    for group in [None, Some("group".into())] {
        let listed = store.connections(group.as_ref()).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [id(1), id(3)], "{group:?}");
    }
    assert!(store.connection(id(2)).await.is_err(), "asked for itself, it is said to be broken");
}

#[tokio::test]
async fn no_tick_reads_what_is_left_of_removed_connections() {
    let Some(desk) = Desk::new().await else { return };
    let (client, table) = (client(&desk.aws), desk.table().await);
    let store = DynamoStore::new(client.clone(), &table);
    for (number, records, left) in [(1, Records::Remove, "removed"), (2, Records::Keep, "kept")] {
        store.create(id(number), settings(number), Lifecycle::Connected, at(0)).await.unwrap();
        let held = lease(&store, number, 0).await.unwrap();
        store.remove(id(number), records).await.unwrap();
        let item = |partition: &str| {
            let key = S(format!("{partition}#{number}"));
            let asked = client.get_item().table_name(&table).key("pk", key);
            asked.key("sk", S(id(number).to_string())).send()
        };
        assert_eq!(item("CONNECTIONS").await.unwrap().item, None);
        let tombstone = item("REMOVED").await.unwrap().item.unwrap();
        assert_eq!(tombstone["lifecycle"], S(left.into()));
        assert_eq!(tombstone["fence"], N(held.fence.to_string()));
        assert_eq!(tombstone.contains_key("group"), records == Records::Keep, "{tombstone:?}");
        assert!(!tombstone.contains_key("lease_until"), "{tombstone:?}");
        let again = store.create(id(number), settings(number), Lifecycle::Connected, at(1)).await;
        assert!(
            matches!(again, Err(incident_store::StoreError::Gone)),
            "an id is never used again: {again:?}"
        );
    }
}
