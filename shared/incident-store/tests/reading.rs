//! Reading the embedded store page by page.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod common;

use std::time::Duration;

use common::{at, id, incoming, leased, record};
use graph_security::Head;
use graph_security::RecordKind::{Alert, Incident};
use incident_store::sqlite::{Bucket, Counts, IncidentFilter, Page, SqliteStore, StoredRecord};
use incident_store::{Connections as _, Incoming, Lease, Records, SyncStore as _};

const ALL: Page = Page { limit: 1000, after: None };

fn ids(records: &[StoredRecord]) -> Vec<&str> {
    records.iter().map(|record| record.head.id.as_str()).collect()
}

fn head(id: &str) -> Head {
    Head { id: id.into(), updated: Some(at(0)), ..Head::default() }
}

fn merged(id: &str, into: &str) -> Incoming {
    incoming(Head { redirect_incident_id: Some(into.into()), ..head(id) })
}

fn alert(id: &str, incident: Option<&str>) -> Incoming {
    incoming(Head { incident_id: incident.map(str::to_owned), ..head(id) })
}

async fn store_with(incidents: &[Incoming], alerts: &[Incoming]) -> (SqliteStore, Lease) {
    let store = SqliteStore::in_memory().unwrap();
    let lease = leased(&store, 1).await;
    store.upsert(&lease, Incident, incidents).await.unwrap();
    store.upsert(&lease, Alert, alerts).await.unwrap();
    (store, lease)
}

#[tokio::test]
async fn pages_of_any_size_give_each_incident_once_newest_first() {
    let of = |id: &str, updated: Option<i64>, created: Option<i64>| {
        incoming(Head { updated: updated.map(at), created: created.map(at), ..head(id) })
    };
    let incidents = [
        of("6", None, None),
        of("5", None, Some(1)),
        of("1", Some(9), None),
        of("4", Some(5), None),
        of("2", Some(5), Some(2)),
        of("3", Some(5), Some(1)),
        of("30", Some(5), Some(1)),
    ];
    let (store, _) = store_with(&incidents, &[]).await;
    let second = leased(&store, 2).await;
    store.upsert(&second, Incident, &incidents[3..4]).await.unwrap();
    let expected = ["1", "2", "30", "3", "4", "4", "5", "6"];
    for limit in 1..=9 {
        let mut found = Vec::new();
        let mut page = Page { limit, after: None };
        loop {
            let records = store.incidents(&IncidentFilter::default(), &page).await.unwrap();
            assert!(records.len() <= limit);
            let Some(last) = records.last() else { break };
            page.after = Some(last.position());
            found.extend(records);
        }
        assert_eq!(ids(&found), expected, "pages of {limit}");
        assert_ne!(found[4].connection, found[5].connection);
    }
}

#[tokio::test]
async fn a_filter_leaves_what_it_says() {
    let of = |id: &str, status: &str, severity: &str, title: &str, day: i64| {
        incoming(Head {
            status: Some(status.into()),
            severity: Some(severity.into()),
            title: Some(title.into()),
            created: Some(at(day * 86_400)),
            updated: Some(at(day * 86_400 + 60)),
            ..head(id)
        })
    };
    let incidents = [
        of("3", "active", "high", "100% Sure_thing on host\\1", 3),
        of("2", "Resolved", "High", "Suspicious sign-in", 2),
        of("1", "inProgress", "low", "Malware", 1),
        incoming(Head { updated: None, ..head("0") }),
    ];
    let (store, _) = store_with(&incidents, &[alert("9", None)]).await;
    let second = leased(&store, 2).await;
    store.upsert(&second, Incident, &incidents[..1]).await.unwrap();
    let any = IncidentFilter { connection: Some(id(1)), ..IncidentFilter::default() };
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let text = |text: &str| IncidentFilter { text: Some(text.into()), ..any.clone() };
    for (filter, expected) in [
        (any.clone(), vec!["3", "2", "1", "0"]),
        (IncidentFilter::default(), vec!["3", "3", "2", "1", "0"]),
        (IncidentFilter { connection: Some(id(9)), ..any.clone() }, vec![]),
        (IncidentFilter { severity: texts(&["HIGH"]), ..any.clone() }, vec!["3", "2"]),
        (IncidentFilter { status: texts(&["Active", "INPROGRESS"]), ..any.clone() }, vec!["3", "1"]),
        (IncidentFilter { status: texts(&["' OR 1=1 --"]), ..any.clone() }, vec![]),
        (IncidentFilter { created_since: Some(at(2 * 86_400)), ..any.clone() }, vec!["3", "2"]),
        (IncidentFilter { updated_since: Some(at(2 * 86_400 + 61)), ..any.clone() }, vec!["3"]),
        (text("SIGN-IN"), vec!["2"]),
        (text("0% sure_"), vec!["3"]),
        (text("host\\1"), vec!["3"]),
        (text("s%n"), vec![]),
        (text("_"), vec!["3"]),
        (text("1"), vec!["3", "1"]),
    ] {
        let found = store.incidents(&filter, &ALL).await.unwrap();
        assert_eq!(ids(&found), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn an_incident_comes_whole() {
    let mut whole = incoming(Head { title: Some("ünï".into()), ..head("1") });
    whole.answered = at(77);
    let (store, lease) = store_with(std::slice::from_ref(&whole), &[]).await;
    let mut newer = incoming(Head { title: None, updated: Some(at(1)), ..head("1") });
    newer.answered = at(88);
    let expected = |incoming: &Incoming, revision| StoredRecord {
        connection: lease.connection,
        kind: Incident,
        head: incoming.record.head.clone(),
        revision,
        first_seen: at(77),
        answered: incoming.answered,
        raw: String::from_utf8(incoming.record.raw.to_vec()).unwrap(),
    };
    assert_eq!(store.incident(lease.connection, "1").await.unwrap(), Some(expected(&whole, 1)));
    store.upsert(&lease, Incident, std::slice::from_ref(&newer)).await.unwrap();
    assert_eq!(store.incident(lease.connection, "1").await.unwrap(), Some(expected(&newer, 2)));
    assert_eq!(store.incident(id(9), "1").await.unwrap(), None);
    assert_eq!(store.incident(lease.connection, "2").await.unwrap(), None);
}

#[tokio::test]
async fn alerts_follow_their_incident_through_merges() {
    let incidents = [
        merged("1", "2"),
        merged("2", "3"),
        record("3", at(0)),
        merged("gap", "not here"),
        merged("x", "y"),
        merged("y", "x"),
    ];
    let alerts = [
        alert("a1", Some("1")),
        alert("a2", Some("2")),
        alert("a3", Some("3")),
        alert("agap", Some("gap")),
        alert("ax", Some("x")),
        alert("ay", Some("y")),
        alert("lost", Some("not here")),
        alert("none", None),
    ];
    let (store, lease) = store_with(&incidents, &alerts).await;
    for (incident, home, expected) in [
        ("1", Some("3"), vec![]),
        ("2", Some("3"), vec![]),
        ("3", Some("3"), vec!["a3", "a2", "a1"]),
        ("gap", Some("gap"), vec!["agap"]),
        ("x", Some("x"), vec!["ay", "ax"]),
        ("y", Some("x"), vec![]),
        ("not here", None, vec![]),
    ] {
        let found = store.alerts_of(lease.connection, incident, &ALL).await.unwrap();
        assert_eq!(ids(&found), expected, "alerts of {incident}");
        assert_eq!(store.home_of(lease.connection, incident).await.unwrap().as_deref(), home, "{incident}");
    }
    for (incident, expected) in
        [("3", vec!["1", "2"]), ("1", vec![]), ("x", vec!["y"]), ("not here", vec!["gap"])]
    {
        let merged = store.merged_into(lease.connection, incident).await.unwrap();
        assert_eq!(merged, expected, "merged into {incident}");
    }
    let orphans = store.orphan_alerts(None, &ALL).await.unwrap();
    assert_eq!(ids(&orphans), ["none", "lost"]);

    let first = store.alerts_of(lease.connection, "3", &Page { limit: 2, after: None }).await.unwrap();
    let after = first.last().map(StoredRecord::position);
    let rest = store.alerts_of(lease.connection, "3", &Page { limit: 2, after }).await.unwrap();
    assert_eq!((ids(&first), ids(&rest)), (vec!["a3", "a2"], vec!["a1"]));

    store.upsert(&lease, Incident, &[record("not here", at(0))]).await.unwrap();
    assert_eq!(ids(&store.orphan_alerts(Some(id(1)), &ALL).await.unwrap()), ["none"]);
    let arrived = store.alerts_of(lease.connection, "not here", &ALL).await.unwrap();
    assert_eq!(ids(&arrived), ["lost", "agap"], "a merge's target has come at last");
}

#[tokio::test]
async fn a_consumer_sees_each_change_by_its_revision() {
    let (store, lease) = store_with(&[record("1", at(0)), record("2", at(0))], &[alert("9", None)]).await;
    let first = store.changed_since(lease.connection, 0, 2).await.unwrap();
    assert_eq!(ids(&first), ["1", "2"]);
    store.upsert(&lease, Incident, &[record("1", at(1))]).await.unwrap();
    let rest = store.changed_since(lease.connection, first[1].revision, 9).await.unwrap();
    assert_eq!(ids(&rest), ["9", "1"]);
    assert_eq!((rest[0].kind, rest[1].kind), (Alert, Incident));
    assert_eq!(store.changed_since(lease.connection, rest[1].revision, 9).await.unwrap(), []);
}

#[tokio::test]
async fn kept_records_stay_readable_and_removed_ones_are_gone() {
    let (store, kept) = store_with(&[record("1", at(0))], &[alert("8", None), alert("9", None)]).await;
    let removed = leased(&store, 2).await;
    let many: Vec<Incoming> = (0..1200).map(|n| record(&n.to_string(), at(n))).collect();
    store.upsert(&removed, Incident, &many).await.unwrap();
    let count = |number, is_removed, incidents, alerts| Counts {
        connection: id(number),
        name: Some(format!("tenant {number}")),
        removed: is_removed,
        incidents,
        alerts,
    };
    assert_eq!(store.counts().await.unwrap(), [count(1, false, 1, 2), count(2, false, 1200, 0)]);
    store.remove(kept.connection, Records::Keep).await.unwrap();
    store.remove(removed.connection, Records::Remove).await.unwrap();
    assert_eq!(store.counts().await.unwrap(), [count(1, true, 1, 2)]);
    let left = store.incidents(&IncidentFilter::default(), &ALL).await.unwrap();
    assert_eq!((ids(&left), left[0].connection), (vec!["1"], id(1)));
    assert_eq!(store.changed_since(removed.connection, 0, 9).await.unwrap(), []);
    assert_eq!(store.schedule(removed.connection).await.unwrap(), None);
}

#[tokio::test]
async fn incidents_are_counted_by_day_and_severity() {
    const DAY: i64 = 86_400;
    let of = |id: &str, created: Option<i64>, severity: &str| {
        let severity = Some(severity.to_owned()).filter(|severity| !severity.is_empty());
        incoming(Head { created: created.map(at), severity, ..head(id) })
    };
    let incidents = [
        of("early", Some(-1), "high"),
        of("1", Some(0), "high"),
        of("2", Some(DAY - 1), "high"),
        of("3", Some(DAY - 1), ""),
        of("4", Some(DAY), "low"),
        of("5", Some(3 * DAY), "high"),
        of("late", Some(4 * DAY), "high"),
        of("none", None, "high"),
    ];
    let (store, lease) = store_with(&incidents, &[alert("9", None)]).await;
    let day = Duration::from_secs(86_400);
    let bucket = |day: i64, severity: Option<&str>, incidents| Bucket {
        start: at(day * DAY),
        severity: severity.map(str::to_owned),
        incidents,
    };
    let expected = [
        bucket(0, None, 1),
        bucket(0, Some("high"), 2),
        bucket(1, Some("low"), 1),
        bucket(3, Some("high"), 1),
    ];
    for connection in [None, Some(lease.connection)] {
        let counted = store.incidents_over_time(connection, at(0), at(4 * DAY), day).await.unwrap();
        assert_eq!(counted, expected);
    }
    assert_eq!(store.incidents_over_time(Some(id(9)), at(0), at(4 * DAY), day).await.unwrap(), []);
}

#[tokio::test]
async fn a_schedule_tells_of_the_last_claim() {
    let (store, lease) = store_with(&[], &[]).await;
    let schedule = store.schedule(lease.connection).await.unwrap().unwrap();
    assert_eq!(
        (schedule.next_due, schedule.last_attempt, schedule.lease_until),
        (at(310), Some(at(10)), Some(at(1000)))
    );
    store.release(&lease).await.unwrap();
    assert_eq!(store.schedule(lease.connection).await.unwrap().unwrap().lease_until, None);
}
