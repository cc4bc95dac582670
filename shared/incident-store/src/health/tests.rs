use std::time::Duration;

use graph_security::{ByKind, Evidence};

use super::Note::{CustomDetectionsNotGranted, WriteBackNotGranted};
use super::*;
use crate::{Aside, Capabilities, ConnectionId, NewConnection, SetAside, StreamStatus, SyncStatus};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-23T12:00:00Z")
}

fn connection() -> Connection {
    let settings = NewConnection {
        group: "local".into(),
        name: None,
        tenant_id: uuid::Uuid::from_u128(1),
        client_id: uuid::Uuid::from_u128(2),
        cloud: Cloud::Global,
        since: now(),
        interval: Duration::from_secs(60),
        secret_expires: None,
    };
    let entered = at("2026-10-01T00:00:00Z");
    Connection::new(ConnectionId::new(entered, [1; 10]), settings, Lifecycle::Connected, entered)
}

fn well() -> SyncStatus {
    read_at(Some(now()))
}

/// What is new of both lists was last read to its end then.
fn read_at(last_success: Option<Timestamp>) -> SyncStatus {
    let stream = StreamStatus { last_success, ..StreamStatus::default() };
    SyncStatus { last_success, streams: ByKind::from_fn(|_| stream.clone()), ..SyncStatus::default() }
}

fn progress(status: &SyncStatus) -> Progress {
    Progress {
        status: serde_json::to_string(status).unwrap(),
        last_attempt: Some(at("2026-11-23T11:59:30Z")),
        next_due: Some(at("2026-11-23T12:00:30Z")),
        unreadable: false,
    }
}

fn health(connection: &Connection, status: &SyncStatus) -> Health {
    Health::of(connection, &progress(status), now())
}

fn failing(cause: Cause) -> SyncStatus {
    let failing = Failing { cause, stream: None, detail: "AADSTS7".into(), since: now(), times: 3 };
    SyncStatus { failing: Some(failing), ..well() }
}

#[test]
fn what_cannot_be_read_of_a_connection_is_said_and_is_no_new_connection() {
    let unreadable = Progress { unreadable: true, ..Progress::default() };
    let mut connection = connection();
    let health = Health::of(&connection, &unreadable, now());
    assert_eq!((health.state, health.fault), (State::Attention, None));
    assert_eq!(health.attention, [Attention::StateUnreadable]);
    assert!(health.attention[0].to_string().contains("cannot be read"));
    assert_eq!(serde_json::to_value(&health.attention[0]).unwrap()["reason"], health.attention[0].reason());
    connection.lifecycle = Lifecycle::Paused;
    assert_eq!(Health::of(&connection, &unreadable, now()).state, State::Paused);
}

#[test]
fn a_life_begins_pending_and_a_pause_is_a_pause_whatever_else_is_true() {
    let mut connection = connection();
    assert_eq!(health(&connection, &SyncStatus::default()).state, State::Pending);
    assert_eq!(health(&connection, &well()).state, State::Connected);
    let new = Progress { next_due: Some(connection.created), ..Progress::default() };
    assert_eq!(Health::of(&connection, &new, now()).state, State::Pending);
    connection.lifecycle = Lifecycle::Pending;
    assert_eq!(health(&connection, &well()).state, State::Pending);
    for lifecycle in [Lifecycle::Paused, Lifecycle::Removing] {
        connection.lifecycle = lifecycle;
        let paused = health(&connection, &failing(Cause::SecretExpired));
        assert_eq!(paused.state, State::Paused);
        assert!(paused.fault.is_some(), "its fault is told all the same");
    }
}

#[test]
fn a_failing_connection_says_what_to_do_and_where() {
    let health = health(&connection(), &failing(Cause::WrongSecret));
    let fault = health.fault.unwrap();
    assert_eq!((health.state, fault.cause, fault.times), (State::Failing, "wrong_secret", 3));
    assert!(fault.link.unwrap().contains("/appId/00000000-0000-0000-0000-000000000002"));
    let unknown = super::Health::of(&connection(), &progress(&failing(Cause::Unknown { code: 7 })), now());
    assert_eq!(unknown.fault.unwrap().code, Some(7));
}

#[test]
fn a_way_that_is_barred_names_the_hosts_of_the_connection_s_cloud() {
    let mut connection = connection();
    for (cloud, hosts) in [
        (Cloud::Global, "login.microsoftonline.com and graph.microsoft.com"),
        (Cloud::Dod, "login.microsoftonline.us and dod-graph.microsoft.us"),
    ] {
        connection.settings.cloud = cloud;
        for cause in [Cause::Unreachable, Cause::TlsUntrusted, Cause::ProxyRefused] {
            let remedy = health(&connection, &failing(cause)).fault.unwrap().remedy;
            assert!(remedy.contains(hosts), "{remedy}");
        }
    }
}

#[test]
fn an_ending_secret_is_announced_thirty_seven_and_one_day_ahead() {
    for (day, notice, word) in [
        ("2026-12-24", None, ""),
        ("2026-12-23", Some(30), "in 30 days"),
        ("2026-12-01", Some(30), "in 8 days"),
        ("2026-11-30", Some(7), "in 7 days"),
        ("2026-11-24", Some(1), "tomorrow"),
        ("2026-11-23", Some(1), "today"),
        ("2026-11-22", Some(1), "expired on 2026-11-22"),
    ] {
        let mut connection = connection();
        connection.settings.secret_expires = Some(day.parse().unwrap());
        let health = health(&connection, &well());
        let Some(notice) = notice else {
            assert_eq!((health.state, health.attention.len()), (State::Connected, 0), "{day}");
            continue;
        };
        assert_eq!(health.state, State::Attention, "{day}");
        let said = health.attention[0].to_string();
        assert!(said.contains(word), "{said}");
        assert_eq!(serde_json::to_value(&health).unwrap()["attention"][0]["notice"], notice, "{day}");
    }
}

#[test]
fn what_is_set_aside_and_what_is_late_wants_looking_at() {
    let aside = |id: &str, since| SetAside {
        kind: RecordKind::Incident,
        what: Aside::Record { id: id.into() },
        reason: "server error".into(),
        evidence: Evidence::default(),
        since: at(since),
        last_try: now(),
        tries: 2,
    };
    let set_aside = vec![aside("78", "2026-11-22T00:00:00Z"), aside("77", "2026-11-21T00:00:00Z")];
    let with_aside = health(&connection(), &SyncStatus { set_aside, ..well() });
    assert_eq!(with_aside.state, State::Attention);
    let said = with_aside.attention[0].to_string();
    assert!(said.contains("2 things") && said.contains("record 77"), "{said}");
    let mut status = well();
    status.observed.overlap_seconds = 300;
    for (worst, state) in [(0, State::Connected), (239, State::Connected), (240, State::Attention)] {
        status.observed.worst_lateness_seconds = worst;
        assert_eq!(health(&connection(), &status).state, state, "{worst}");
    }
}

#[test]
fn what_is_optional_and_not_granted_is_a_note_and_all_is_well() {
    let mut connection = connection();
    let mut notes = |write_back, custom_detections, cloud| {
        connection.capabilities = Capabilities { write_back, custom_detections };
        connection.settings.cloud = cloud;
        let health = health(&connection, &well());
        assert_eq!((health.state, health.attention), (State::Connected, vec![]));
        health.notes
    };
    assert_eq!(notes(None, Some(true), Cloud::Global), []);
    assert_eq!(notes(Some(false), None, Cloud::Global), [WriteBackNotGranted]);
    assert_eq!(notes(Some(true), Some(false), Cloud::Global), [CustomDetectionsNotGranted]);
    let both = [WriteBackNotGranted, CustomDetectionsNotGranted];
    assert_eq!(notes(Some(false), Some(false), Cloud::Global), both);
    assert_eq!(notes(Some(true), Some(false), Cloud::Dod), [], "there are none to be listed there");
}

#[test]
fn one_that_nothing_syncs_is_not_well() {
    let ago = |minutes| now() - jiff::SignedDuration::from_mins(minutes);
    let state = |last_attempt, next_due| {
        let progress = Progress { last_attempt, next_due, ..progress(&well()) };
        Health::of(&connection(), &progress, now()).state
    };
    assert_eq!(state(Some(ago(3 * 24 * 60)), Some(ago(3 * 24 * 60 - 1))), State::Attention);
    assert_eq!(state(Some(ago(20)), Some(ago(19))), State::Connected, "a run takes up to 15 minutes");
    assert_eq!(
        state(Some(ago(39)), Some(ago(38))),
        State::Connected,
        "it may be ten minutes to the next attempt"
    );
    assert_eq!(state(Some(ago(41)), Some(ago(40))), State::Attention);
    assert_eq!(state(Some(ago(61)), Some(ago(1))), State::Connected, "it was put off");
    let updated = Some(connection().created);
    assert_eq!(state(Some(ago(3 * 24 * 60)), updated), State::Connected, "it was just changed");
}

#[test]
fn a_due_time_that_a_clock_which_was_ahead_has_set_hides_nothing() {
    let after = |minutes| now() + jiff::SignedDuration::from_mins(minutes);
    let (year, months_ago) = (after(365 * 24 * 60), after(-90 * 24 * 60));
    for (last_attempt, due) in [(months_ago, year), (year, year)] {
        let status = read_at(Some(months_ago));
        let progress =
            Progress { last_attempt: Some(last_attempt), next_due: Some(due), ..progress(&status) };
        assert_eq!(Health::of(&connection(), &progress, now()).state, State::Attention);
    }
    let status = read_at(Some(after(-50)));
    let throttled =
        Progress { last_attempt: Some(after(-50)), next_due: Some(after(9)), ..progress(&status) };
    assert_eq!(Health::of(&connection(), &throttled, now()).state, State::Attention, "put off and behind");
}

#[test]
fn one_whose_news_is_not_read_to_its_end_is_not_well() {
    let ago = |minutes| now() - jiff::SignedDuration::from_mins(minutes);
    let of = |last_success| health(&connection(), &read_at(last_success));
    assert_eq!(of(Some(ago(25))).state, State::Connected, "a success is written every ten minutes");
    let behind = of(Some(ago(40)));
    assert_eq!(behind.state, State::Attention);
    let said = behind.attention[0].to_string();
    assert!(
        said.starts_with("New incidents have not been read to their end since 2026-11-23T11:20:00Z"),
        "{said}"
    );
    let failing = failing(Cause::WrongSecret).failing;
    let status = SyncStatus { failing, ..read_at(Some(ago(40))) };
    assert_eq!(health(&connection(), &status).attention, [], "what fails is said as a failure");

    let mut one_list = well();
    one_list.streams.alerts.last_success = Some(ago(40));
    let behind = health(&connection(), &one_list).attention;
    assert_eq!(behind, [Attention::Behind { stream: RecordKind::Alert, since: ago(40) }]);
    let failing = Failing { stream: Some(RecordKind::Incident), ..status.failing.unwrap() };
    one_list.streams.incidents.failing = Some(failing.clone());
    one_list.failing = Some(failing);
    let health = health(&connection(), &one_list);
    assert_eq!(
        (health.state, health.attention),
        (State::Failing, behind),
        "another list's failure hides nothing"
    );
}

#[test]
fn a_throttle_names_the_list_that_waits() {
    let until = now() + Duration::from_secs(60);
    let mut status = well();
    status.streams.alerts.not_before = Some(until);
    let said = health(&connection(), &status).notes[0].to_string();
    assert_eq!(said, "Microsoft throttles requests for alerts until 2026-11-23T12:01:00Z.");
    status.streams.incidents.not_before = Some(until);
    status.not_before = Some(until);
    let notes = health(&connection(), &status).notes;
    assert_eq!(notes, [Note::Throttled { until, stream: None }]);
}

#[test]
fn what_wants_nothing_is_a_note() {
    let status = SyncStatus {
        not_before: Some(now() + Duration::from_secs(60)),
        backfill_from: Some(at("2026-05-01T00:00:00Z")),
        ..well()
    };
    let health = health(&connection(), &status);
    assert_eq!(health.state, State::Connected);
    let said: Vec<_> = health.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "Microsoft throttles all requests until 2026-11-23T12:01:00Z.",
            "Older history is still being read, now at 2026-05-01T00:00:00Z."
        ]
    );
}
