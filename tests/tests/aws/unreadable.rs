//! An item of a connection that somebody has spoilt by hand, and what is left of a removed one.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, N, S};
use incident_store::dynamodb::DynamoStore;
use incident_store::health::{Attention, State};
use incident_store::{Connections as _, Health, Lifecycle, Records, SyncState, SyncStore as _};

use crate::desk::{Desk, at, client, id, lease, leased, settings};

#[tokio::test]
async fn one_item_that_cannot_be_read_keeps_nobody_else_from_being_due() {
    let Some(desk) = Desk::new().await else { return };
    let (client, table) = (client(&desk.aws), desk.table().await);
    let store = DynamoStore::new(client.clone(), &table);
    for number in 1..=8 {
        store.create(id(number), settings(number), Lifecycle::Connected, at(0)).await.unwrap();
    }
    let spoil = async |number: u8, attribute: &str, value: Option<AttributeValue>| {
        let set = value.is_some();
        let spoilt = client.update_item().table_name(&table).expression_attribute_names("#name", attribute);
        let spoilt = spoilt.update_expression(if set { "SET #name = :value" } else { "REMOVE #name" });
        let spoilt =
            spoilt.key("pk", S(format!("CONNECTIONS#{number}"))).key("sk", S(id(number).to_string()));
        let values = value.map(|value| HashMap::from([(":value".to_owned(), value)]));
        spoilt.set_expression_attribute_values(values).send().await.unwrap();
    };
    spoil(2, "interval_ms", Some(S("often".into()))).await;
    spoil(4, "next_due", None).await;
    spoil(5, "next_due", Some(S("soon".into()))).await;
    spoil(6, "lifecycle", None).await;
    spoil(7, "lifecycle", Some(S("conected".into()))).await;
    spoil(8, "group", Some(N("8".into()))).await;
    let mut all = store.due(at(60), 10).await.unwrap();
    assert_eq!(all.these.iter().map(|due| due.timing.id).collect::<Vec<_>>(), [id(1), id(3)]);
    all.unreadable.sort();
    let spoilt = [2, 4, 5, 6, 7, 8].map(|number| id(number).to_string());
    assert_eq!(all.unreadable, spoilt, "whoever runs this is told which ones");
    for group in [None, Some("group".into())] {
        let listed = store.connections(group.as_ref()).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|one| one.id).collect();
        // Without a due time it is a connection all the same.
        assert_eq!(listed, [id(1), id(3), id(4), id(5)], "{group:?}");
    }
    assert!(store.connection(id(2)).await.is_err(), "asked for itself, it is said to be broken");
}

#[tokio::test]
async fn one_state_that_cannot_be_read_keeps_no_connection_from_being_shown() {
    let Some(desk) = Desk::new().await else { return };
    let (client, table) = (client(&desk.aws), desk.table().await);
    let store = DynamoStore::new(client.clone(), &table);
    let state = SyncState { checkpoint: "{}".into(), status: "{}".into() };
    for number in 1..=3 {
        let held = leased(&store, number).await;
        store.save(&held, &state, None).await.unwrap();
    }
    for (number, spoilt) in [(1, B(Blob::new("no gzip"))), (2, S("text".into()))] {
        let put = client.update_item().table_name(&table).update_expression("SET #name = :value");
        let put =
            put.expression_attribute_names("#name", "status").expression_attribute_values(":value", spoilt);
        let put = put.key("pk", S(format!("CONNECTION#{}", id(number)))).key("sk", S("STATE".into()));
        put.send().await.unwrap();
    }
    for number in 1..=3 {
        let connection = store.connection(id(number)).await.unwrap().unwrap();
        let progress = store.progress(id(number)).await.unwrap();
        let health = Health::of(&connection, &progress, at(60));
        let told = health.attention.first().map(Attention::reason);
        assert_eq!(told, (number < 3).then_some("stateUnreadable"), "{number}: {health:?}");
        assert_eq!(health.state, if number < 3 { State::Attention } else { State::Pending });
    }
}

#[tokio::test]
async fn of_what_is_unfinished_what_cannot_be_read_is_told_of() {
    let Some(desk) = Desk::new().await else { return };
    let (client, table) = (client(&desk.aws), desk.table().await);
    let store = DynamoStore::new(client.clone(), &table);
    let lifecycles = [Lifecycle::Pending, Lifecycle::Removing, Lifecycle::Pending, Lifecycle::Removing];
    for (number, lifecycle) in (1..).zip(lifecycles) {
        store.create(id(number), settings(number), lifecycle, at(0)).await.unwrap();
    }
    for (number, attribute) in [(1, "created"), (2, "tenant_id")] {
        let spoilt = client.update_item().table_name(&table).expression_attribute_names("#name", attribute);
        let spoilt = spoilt.update_expression("REMOVE #name");
        let spoilt =
            spoilt.key("pk", S(format!("CONNECTIONS#{number}"))).key("sk", S(id(number).to_string()));
        spoilt.send().await.unwrap();
    }
    let mut found = store.unfinished(at(60), 10).await.unwrap();
    assert_eq!(found.these.iter().map(|one| one.id).collect::<Vec<_>>(), [id(3), id(4)]);
    found.unreadable.sort();
    assert_eq!(found.unreadable, [id(1), id(2)].map(|id| id.to_string()));
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
