//! The rule of [`crate::decide`], as the store keeps it.

use bytes::Bytes;
use graph_security::Head;
use jiff::Timestamp;

use super::samples::{assert_stored, at, incoming, leased, put};
use crate::{Connections, Field, Incoming, Over, SyncStore, Upserted};

/// Sets one field of a head.
type Set = fn(&mut Head, Option<String>);

fn answered(incoming: Incoming, answered: Timestamp) -> Incoming {
    Incoming { answered, ..incoming }
}

pub(super) async fn an_older_instant_never_replaces<S: Connections + SyncStore>(store: &S) {
    let lease = leased(store).await;
    let newest = incoming("1", Some(at(10)), "newest");
    put(store, &lease, &newest).await;
    for (seconds, body) in [(9, "older"), (9, "newest"), (-99_999, "older")] {
        let older = answered(incoming("1", Some(at(seconds)), body), at(1000));
        let became = put(store, &lease, &older).await;
        assert!(
            matches!(became, Upserted::Older { .. }),
            "an older instant never replaces, however late its answer"
        );
        assert_stored(store, &lease, &newest, "an older instant never replaces").await;
    }
}

pub(super) async fn an_instant_of_the_future_does_not_hold_a_record_for_ever<S: Connections + SyncStore>(
    store: &S,
) {
    let lease = leased(store).await;
    let answered = |answered, updated, body| Incoming { answered, ..incoming("1", Some(updated), body) };
    let wrong = answered(at(0), at(3_600 * 24 * 365), "of the next year");
    put(store, &lease, &wrong).await;
    let earlier = put(store, &lease, &answered(at(-1), at(-2), "an answer from before")).await;
    assert!(matches!(earlier, Upserted::Older { .. }), "an earlier answer does not correct a later one");
    let right = answered(at(60), at(30), "corrected");
    let undated = put(store, &lease, &Incoming { is_dated: false, ..right.clone() }).await;
    assert!(matches!(undated, Upserted::Older { .. }), "our own clock may be wrong");
    let corrected = put(store, &lease, &right).await;
    assert!(matches!(corrected, Upserted::Updated { revision: 2, .. }), "{corrected:?}");
    assert_stored(store, &lease, &right, "the later answer wins over an instant of the future").await;
    let lagging = put(store, &lease, &answered(at(70), at(20), "a front end that lags")).await;
    assert!(
        matches!(lagging, Upserted::Older { .. }),
        "an instant that may be is never replaced by an older one"
    );
}

pub(super) async fn an_earlier_instant_replaces_only_the_version_that_it_is_said_to<
    S: Connections + SyncStore,
>(
    store: &S,
) {
    let lease = leased(store).await;
    let revision = match put(store, &lease, &incoming("1", Some(at(10)), "stored")).await {
        Upserted::Created { revision } => revision,
        other => panic!("{other:?}"),
    };
    let back = |revision, from, answered| Incoming {
        answered: at(answered),
        over: Some(Over { revision, from: at(from) }),
        ..incoming("1", Some(at(5)), "gone back")
    };
    let refused = [
        (back(revision + 1, 60, 70), "another version is in doubt"),
        (back(revision, 60, 59), "the answer came too early"),
        (Incoming { is_dated: false, ..back(revision, 60, 70) }, "our own clock may be wrong"),
    ];
    for (early, why) in refused {
        assert_eq!(put(store, &lease, &early).await, Upserted::Older { revision }, "{why}");
    }
    let ahead = incoming("2", Some(at(10)), "answered by a clock of ours that was ahead");
    put(store, &lease, &Incoming { answered: at(86_400 * 400), is_dated: false, ..ahead }).await;
    let later = put(store, &lease, &incoming("2", Some(at(10)), "changed in place")).await;
    assert!(matches!(later, Upserted::Updated { .. }), "the clock is right again: {later:?}");
    let right = back(revision, 60, 60);
    let became = put(store, &lease, &right).await;
    assert!(matches!(became, Upserted::Updated { went_back: true, .. }), "{became:?}");
    assert_stored(store, &lease, &right, "the version in doubt is replaced").await;
}

pub(super) async fn a_newer_instant_replaces<S: Connections + SyncStore>(store: &S) {
    let lease = leased(store).await;
    put(store, &lease, &incoming("1", Some(at(10)), "first")).await;
    let newer = answered(incoming("1", Some(at(11)), "second"), at(-1000));
    let became = put(store, &lease, &newer).await;
    let expected = matches!(&became, Upserted::Updated { fields, .. } if *fields == [Field::Updated]);
    assert!(expected, "a newer instant replaces, however early its answer: {became:?}");
    assert_stored(store, &lease, &newer, "a newer instant replaces").await;
}

pub(super) async fn at_one_instant_only_a_later_and_different_answer_replaces<S: Connections + SyncStore>(
    store: &S,
) {
    let lease = leased(store).await;
    for (id, updated) in [("with", Some(at(10))), ("without", None)] {
        let first = answered(incoming(id, updated, "first"), at(50));
        put(store, &lease, &first).await;
        let same = answered(first.clone(), at(60));
        let became = put(store, &lease, &same).await;
        assert_eq!(became, Upserted::Unchanged, "the same content is no change, however late ({id})");
        assert_stored(store, &lease, &first, "the same content writes nothing, not even a date").await;
        for seconds in [49, 50] {
            let not_later = answered(incoming(id, updated, "other"), at(seconds));
            let became = put(store, &lease, &not_later).await;
            assert!(
                matches!(became, Upserted::Older { .. }),
                "an answer that is not later does not replace ({id})"
            );
            assert_stored(store, &lease, &first, "an answer that is not later does not replace").await;
        }
        let later = answered(incoming(id, updated, "other"), at(51));
        let became = put(store, &lease, &later).await;
        let expected = matches!(&became, Upserted::Updated { fields, .. } if fields.is_empty());
        assert!(expected, "a later answer with other content replaces ({id}): {became:?}");
        assert_stored(store, &lease, &later, "a later answer with other content replaces").await;
    }
}

pub(super) async fn no_instant_is_below_every_instant<S: Connections + SyncStore>(store: &S) {
    let lease = leased(store).await;
    put(store, &lease, &incoming("1", None, "without")).await;
    let ancient = Timestamp::from_second(-11_644_473_600).expect("1601");
    let with = answered(incoming("1", Some(ancient), "with"), at(-1000));
    let became = put(store, &lease, &with).await;
    assert!(matches!(became, Upserted::Updated { .. }), "any instant replaces none: {became:?}");
    let without = answered(incoming("1", None, "without again"), at(1000));
    let became = put(store, &lease, &without).await;
    assert!(matches!(became, Upserted::Older { .. }), "no instant never replaces one");
    assert_stored(store, &lease, &with, "no instant never replaces one").await;
}

pub(super) async fn instants_are_exact_to_100_ns<S: Connections + SyncStore>(store: &S) {
    let lease = leased(store).await;
    let instant = |text: &str| text.parse::<Timestamp>().expect("an instant");
    // As text the first sorts after the second.
    for text in ["…23.1Z", "…23.1000001Z", "…23.1433332Z", "…23.1433333Z", "…24Z"] {
        let updated = instant(&text.replace('…', "2026-01-22T12:09:"));
        let next = incoming("1", Some(updated), text);
        let became = put(store, &lease, &next).await;
        let changed = matches!(became, Upserted::Created { .. } | Upserted::Updated { .. });
        assert!(changed, "100 ns later is later ({text}): {became:?}");
        assert_stored(store, &lease, &next, "instants are exact to 100 ns").await;
        let again = put(store, &lease, &next).await;
        assert_eq!(again, Upserted::Unchanged, "an instant equals itself once stored ({text})");
    }
    let before_1970 = incoming("2", Some(instant("1969-12-31T23:59:59.9999999Z")), "before 1970");
    put(store, &lease, &before_1970).await;
    assert_stored(store, &lease, &before_1970, "instants before 1970 are exact").await;
    // Our own clock stands in for an answer's date; it is finer than 100 ns.
    let fine = answered(incoming("3", None, "a"), instant("2026-01-22T12:09:23.123456789Z"));
    put(store, &lease, &fine).await;
    let other = answered(incoming("3", None, "b"), fine.answered);
    let became = put(store, &lease, &other).await;
    assert!(matches!(became, Upserted::Older { .. }), "the same instant is not later");
}

pub(super) async fn every_changed_field_is_named<S: Connections + SyncStore>(store: &S) {
    let lease = leased(store).await;
    let mut seconds = 10;
    let mut current = incoming("1", Some(at(seconds)), "body");
    put(store, &lease, &current).await;
    let text = || Some("ünï".to_owned());
    let changes: [(Field, Set); 8] = [
        (Field::Title, |head, text| head.title = text),
        (Field::Status, |head, text| head.status = text),
        (Field::Severity, |head, text| head.severity = text),
        (Field::Classification, |head, text| head.classification = text),
        (Field::Determination, |head, text| head.determination = text),
        (Field::AssignedTo, |head, text| head.assigned_to = text),
        (Field::IncidentId, |head, text| head.incident_id = text),
        (Field::RedirectIncidentId, |head, text| head.redirect_incident_id = text),
    ];
    for (field, set) in changes {
        seconds += 1;
        current.record.head.updated = Some(at(seconds));
        set(&mut current.record.head, text());
        let became = put(store, &lease, &current).await;
        let expected =
            matches!(&became, Upserted::Updated { fields, .. } if *fields == [Field::Updated, field]);
        assert!(expected, "a change of {field:?} is named: {became:?}");
        assert_stored(store, &lease, &current, "every field is kept").await;
    }
    current.answered = at(99);
    current.record.raw = Bytes::from_static(b"{}");
    current.record.head = Head { id: "1".into(), updated: Some(at(seconds)), ..Head::default() };
    let became = put(store, &lease, &current).await;
    let Upserted::Updated { fields, .. } = &became else { panic!("fields that go are a change: {became:?}") };
    assert_eq!(fields.len(), 9, "each field that goes is named: {fields:?}");
    assert_stored(store, &lease, &current, "fields that go are gone").await;
}

pub(super) async fn the_order_of_keys_is_no_change<S: Connections + SyncStore>(store: &S) {
    let lease = leased(store).await;
    let with_body = |raw: &'static str, seconds| {
        let mut incoming = answered(incoming("1", Some(at(10)), ""), at(seconds));
        incoming.record.raw = Bytes::from_static(raw.as_bytes());
        incoming
    };
    let first = with_body(r#"{"id":"1","a":[1,{"x":1,"y":null}],"b":"é"}"#, 0);
    put(store, &lease, &first).await;
    for same in [
        r#"{"b":"é","id":"1","a":[1,{"y":null,"x":1}]}"#,
        "{ \"id\": \"1\",\n \"a\": [1, {\"x\": 1, \"y\": null}], \"b\": \"\\u00e9\" }",
    ] {
        let became = put(store, &lease, &with_body(same, 20)).await;
        assert_eq!(became, Upserted::Unchanged, "another order of keys is no change");
        assert_stored(store, &lease, &first, "another order of keys writes nothing").await;
    }
    for (seconds, other) in [
        (21, r#"{"id":"1","a":[{"x":1,"y":null},1],"b":"é"}"#),
        (22, r#"{"id":"1","a":[1,{"x":1}],"b":"é"}"#),
        (23, "no JSON"),
        (24, "no  JSON"),
    ] {
        let became = put(store, &lease, &with_body(other, seconds)).await;
        assert!(
            matches!(became, Upserted::Updated { .. }),
            "another value is a change ({other}): {became:?}"
        );
    }
}
