//! Counting tests for all instances together.

use std::time::Duration;

use futures_util::future::join_all;
use graph_http::{Clock, HttpsTransport};
use http_api::{Attempts as _, Counter, Window};
use lambda_support::{Aws, DynamoAttempts};
use uuid::Uuid;

use crate::desk::{Desk, at, client};

const WINDOW: Window = Window { length: Duration::from_secs(60), most: 10, parameter: None };

#[tokio::test]
async fn of_many_at_once_as_many_are_let_through_as_there_is_room_for() {
    let Some(desk) = Desk::new().await else { return };
    let mut settings = desk.aws.settings();
    settings.table = Some(desk.table().await);
    // Two instances of a function.
    let instances: [DynamoAttempts; 2] = ["one", "other"]
        .map(|_| Aws::new(&settings, HttpsTransport::new()).unwrap().attempts(Clock::system()).unwrap());
    let owner = Counter::Owner("arn:aws:sts::123456789012:assumed-role/analysts".into());
    let count = async |number: usize, counter: &Counter, second| {
        instances[number % 2].count(counter, WINDOW, at(second)).await.unwrap()
    };
    let at_once = join_all((0..32).map(|number| count(number, &owner, 1))).await;
    assert_eq!(at_once.iter().filter(|let_through| **let_through).count(), 10);
    assert!(!count(0, &owner, 59).await, "the window has no more room until its end");

    let tenant = Counter::Tenant("a".into(), Uuid::from_u128(7));
    assert!(count(0, &tenant, 59).await, "another counter is another's");
    assert!(count(1, &owner, 60).await, "the next window has room");
    for _ in 0..3 {
        instances[0].forgive(&owner, WINDOW, at(1)).await.unwrap();
    }
    let again = join_all((0..8).map(|number| count(number, &owner, 2))).await;
    assert_eq!(
        again.iter().filter(|let_through| **let_through).count(),
        3,
        "what is taken back is free again"
    );
    // What was never counted is not owed.
    let never = Counter::Owner("never".into());
    instances[0].forgive(&never, WINDOW, at(1)).await.unwrap();
    let fresh = join_all((0..16).map(|number| count(number, &never, 1))).await;
    assert_eq!(fresh.iter().filter(|let_through| **let_through).count(), 10);

    let table = settings.table.as_deref().unwrap();
    let items = client(&desk.aws).scan().table_name(table).send().await.unwrap();
    for item in items.items() {
        assert!(item["pk"].as_s().unwrap().starts_with("ATTEMPTS#"), "{item:?}");
        let expires: i64 = item["expires"].as_n().unwrap().parse().unwrap();
        assert!((at(60).as_second()..at(2 * 86_400).as_second()).contains(&expires), "{item:?}");
    }
    assert_eq!(items.count(), 4);
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_let_through() {
    let Some(desk) = Desk::new().await else { return };
    let mut settings = desk.aws.settings();
    settings.table = Some("no-such-table".into());
    let attempts = Aws::new(&settings, HttpsTransport::new()).unwrap().attempts(Clock::system()).unwrap();
    let counted = attempts.count(&Counter::Owner("a".into()), WINDOW, at(0)).await;
    assert_eq!(counted.unwrap_err().0, "ResourceNotFoundException");
}
