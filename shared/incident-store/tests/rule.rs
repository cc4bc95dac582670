//! [`decide`] over any order of delivery.

#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

use bytes::Bytes;
use graph_security::{Head, Record};
use incident_store::{Change, Incoming, StoredVersion, decide, fingerprint, same_content};
use jiff::Timestamp;
use proptest::prelude::*;

/// A store of one record.
#[derive(Default)]
struct Kept(Option<(StoredVersion, Bytes)>);

impl Kept {
    fn deliver(&mut self, incoming: &Incoming) -> Change {
        let (stored, raw) = self.0.clone().unzip();
        let change = decide(stored.as_ref(), incoming, || {
            same_content(&incoming.record.raw, raw.as_ref().expect("only what is stored is compared"))
        });
        if matches!(change, Change::Create | Change::Update { .. }) {
            let Record { head, raw } = incoming.record.clone();
            let fingerprint = fingerprint(&raw);
            self.0 =
                Some((StoredVersion { head, answered: incoming.answered, fingerprint, revision: 0 }, raw));
        }
        change
    }

    /// What the rule orders versions by.
    fn place(&self) -> Option<(Option<Timestamp>, Timestamp)> {
        self.0.as_ref().map(|(stored, _)| (stored.head.updated, stored.answered))
    }
}

fn version(updated: Option<u8>, answered: u8, content: u8) -> Incoming {
    let second = |seconds: u8| Timestamp::from_second(i64::from(seconds)).unwrap();
    let head = Head { id: "1".into(), updated: updated.map(second), ..Head::default() };
    let raw = Bytes::from(format!(r#"{{"content":{content}}}"#));
    Incoming { record: Record { head, raw }, answered: second(answered), is_dated: true, over: None }
}

proptest! {
    #[test]
    fn whatever_the_order_of_versions_with_distinct_instants_the_newest_stays(
        order in Just((0..12_u8).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec(0..12_u8, 0..24),
        answered in prop::collection::vec(any::<u8>(), 12),
    ) {
        // Instant 0 stands for none at all. Answers come at any time; contents repeat.
        let of = |n: u8| version((n > 0).then_some(n), answered[usize::from(n)], n / 2);
        let mut kept = Kept::default();
        for n in order.into_iter().chain(again) {
            kept.deliver(&of(n));
        }
        let (stored, raw) = kept.0.expect("something was delivered");
        let newest = of(11);
        prop_assert_eq!(stored.head, newest.record.head);
        prop_assert_eq!(raw, newest.record.raw);
    }

    #[test]
    fn it_never_goes_back_and_the_same_again_is_no_change(
        versions in prop::collection::vec((prop::option::of(0..4_u8), 0..4_u8, 0..3_u8), 1..40),
    ) {
        let mut kept = Kept::default();
        for (updated, answered, content) in versions {
            let before = kept.place();
            let incoming = version(updated, answered, content);
            let change = kept.deliver(&incoming);
            match change {
                Change::Create => prop_assert_eq!(before, None),
                Change::Update { .. } if kept.0.as_ref().unwrap().0.head.updated == before.unwrap().0 => {
                    prop_assert!(kept.place() > before, "at one instant only a later answer replaces");
                }
                Change::Update { .. } => prop_assert!(kept.place().unwrap().0 > before.unwrap().0),
                Change::Unchanged | Change::Older { .. } => prop_assert_eq!(kept.place(), before),
            }
            let after = kept.place();
            let again = kept.deliver(&incoming);
            let no_change = matches!(again, Change::Unchanged | Change::Older { .. });
            prop_assert!(no_change, "delivered again: {:?}", again);
            prop_assert_eq!(kept.place(), after);
        }
    }
}
