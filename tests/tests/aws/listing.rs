//! Listing an owner's connections, counted: a page costs what it shows, wherever it is in the list.

use std::time::Duration;

use connections::Admin;
use graph_auth::{Cloud, EndpointOverride};
use graph_http::{Clock, HttpsTransport};
use http_api::{Caller, Limits, MemoryAttempts};
use incident_store::{ConnectionId, Connections as _, GroupId, Groups as _, Lifecycle, NewConnection};
use lambda_support::Aws;
use soc_anywhere_tests::counted::Counted;
use test_connection::Tester;
use uuid::Uuid;

use crate::desk::{Desk, at};

/// Three pages and a bit.
const CONNECTIONS: u8 = 250;
const PAGE: usize = 60;

#[tokio::test]
async fn a_late_page_costs_what_the_first_one_costs() {
    let Some(desk) = Desk::new().await else { return };
    let counted = Counted::default();
    let mut environment = desk.aws.settings();
    environment.table = Some(desk.table().await);
    let store = Aws::new(&environment, counted.clone()).unwrap().store().unwrap();
    let home = store.home("one", GroupId::new(at(0), [7; 10])).await.unwrap();
    for number in 0..CONNECTIONS {
        let settings = NewConnection {
            group: home.clone(),
            name: None,
            tenant_id: Uuid::from_u128(number.into()),
            client_id: Uuid::from_u128(1),
            cloud: Cloud::Global,
            since: at(-86_400),
            interval: Duration::from_secs(60),
            secret_expires: None,
        };
        let id = ConnectionId::new(at(number.into()), [number; 10]);
        store.create(id, settings, Lifecycle::Connected, at(0)).await.unwrap();
    }
    let admin = Admin {
        store,
        // No list reads a secret.
        vault: (),
        attempts: MemoryAttempts::default(),
        limits: Limits::none(),
        tester: Tester::new(HttpsTransport::new(), Clock::system(), EndpointOverride::default()),
    };
    let caller = Caller::from("one");
    let _ = counted.take();
    let (mut after, mut pages, mut shown) = (None, Vec::new(), 0);
    loop {
        let page = admin.list(&caller, after, PAGE).await.unwrap();
        shown += page.connections.len();
        pages.push((page.connections.len(), counted.take()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    println!("{pages:?}");
    assert_eq!(shown, usize::from(CONNECTIONS));
    let full: Vec<_> = pages.iter().filter(|(shown, _)| *shown == PAGE).collect();
    assert_eq!((full.len(), pages.len()), (4, 5));
    assert!(full.iter().all(|(_, calls)| calls == &full[0].1), "each costs the same");
    let all: usize = full[0].1.operations.values().sum();
    // One connection's progress is two reads; the rest is to find them.
    assert!(all <= 2 * PAGE + 10, "{:?}", full[0].1);
}
