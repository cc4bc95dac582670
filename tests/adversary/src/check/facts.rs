//! What really happened and what is stored of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use defender_sim::Kind;
use defender_sim::hostile::ticks::{HOUR, MINUTE};
use defender_sim::hostile::{Order, Tenant};
use graph_security::Property;

use super::class::Class;
use crate::result::Found;

#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) kind: Kind,
    pub(super) record: u32,
    pub(super) instant: Option<i64>,
    pub(super) created: i64,
    /// When the first front end showed it, and when all did.
    pub(super) visible: i64,
    pub(super) everywhere: i64,
    pub(super) class: Class,
    /// A version before it has an instant of the future, which is none from here on: the store may hold that for newer.
    pub(super) believed_from: Option<i64>,
    /// Judged lost or stale, and by when.
    missed: Option<i64>,
}

impl Fact {
    pub(super) fn key(&self, by: Property) -> Option<i64> {
        match by {
            Property::Created => Some(self.created),
            Property::Updated => self.instant,
        }
    }
}

#[derive(Debug, Default)]
struct Record {
    stored: Option<u32>,
    versions: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct Facts {
    pub(super) tenant: Arc<Tenant>,
    pub(super) connected: i64,
    since: i64,
    #[expect(clippy::struct_field_names, reason = "that is what they are")]
    pub(super) facts: Vec<Fact>,
    records: [Vec<Record>; 2],
    /// Promised and not there yet, by when it was visible everywhere.
    pub(super) open: BTreeSet<(i64, u32)>,
    /// Until when something on our side was amiss.
    pub(super) unwell: i64,
    trusts_dates: bool,
}

/// After an outage, a storm or a refusal it takes this long until everything is as before.
const RECOVERY: i64 = 2 * HOUR;

/// Longer than a daily sweep takes to come round.
pub(crate) const SETTLED: i64 = 26 * HOUR;

/// After a sweep has met an instant that went back, it takes two reads by id, an hour apart.
const TWO_READS: i64 = 4 * HOUR;

/// A record that was poison is stored at the latest so long after it can be read again: it is tried every
/// hour.
const HEALS_WITHIN: i64 = 2 * HOUR + 5 * MINUTE;

impl Facts {
    pub(super) fn new(tenant: Arc<Tenant>, connected: i64, since: i64, trusts_dates: bool) -> Self {
        Self {
            tenant,
            connected,
            since,
            facts: Vec::new(),
            records: [Vec::new(), Vec::new()],
            open: BTreeSet::new(),
            unwell: connected,
            trusts_dates,
        }
    }

    /// Takes in what has happened since the last time.
    pub(super) fn learn(&mut self, found: &mut Found) {
        let tenant = self.tenant.clone();
        let lag = tenant.hostility().worst_lag();
        tenant.truth(|truth| {
            for version in &truth.versions[self.facts.len()..] {
                let index = u32::try_from(self.facts.len()).unwrap_or(u32::MAX);
                let class = Class::of(version, &tenant, self.connected, self.since, self.trusts_dates);
                let everywhere = version.visible + lag;
                let records = &mut self.records[version.kind as usize];
                if records.len() <= version.record as usize {
                    records.resize_with(version.record as usize + 1, Record::default);
                }
                records[version.record as usize].versions.push(index);
                self.facts.push(Fact {
                    kind: version.kind,
                    record: version.record,
                    instant: version.instant,
                    created: version.created,
                    visible: version.visible,
                    everywhere,
                    class,
                    believed_from: version.before.filter(|_| version.order == Order::BackFromFuture),
                    missed: None,
                });
                found.class(class).made += 1;
                if everywhere > self.connected {
                    found.updates += 1;
                }
                if class.is_promised() {
                    self.open.insert((everywhere, index));
                }
            }
        });
    }

    pub(super) fn instant(&self, index: u32) -> Option<i64> {
        self.facts.get(index as usize).and_then(|fact| fact.instant)
    }

    /// Whether the version's instant lies further ahead than clocks differ.
    pub(super) fn is_of_the_future(&self, index: u32, now: i64) -> bool {
        self.instant(index).is_some_and(|instant| instant > now + 5 * MINUTE)
    }

    pub(super) fn stored(&self, kind: Kind, record: u32) -> Option<u32> {
        self.records[kind as usize].get(record as usize)?.stored
    }

    pub(super) fn records(&self, kind: Kind) -> usize {
        self.records[kind as usize].len()
    }

    pub(super) fn store(&mut self, kind: Kind, record: u32, index: u32, now: i64, found: &mut Found) {
        let Some(known) = self.records[kind as usize].get_mut(record as usize) else {
            found.torn += 1;
            return;
        };
        known.stored = Some(index);
        for version in known.versions.iter().rev().skip_while(|version| **version > index) {
            let fact = &mut self.facts[*version as usize];
            let was_open = self.open.remove(&(fact.everywhere, *version));
            let waited = now - fact.visible;
            let class = found.class(fact.class);
            if fact.missed.take().is_some() {
                class.healed += 1;
                continue;
            }
            if *version == index {
                if was_open || !fact.class.is_promised() {
                    class.stable += 1;
                    class.latency.add(waited);
                    if fact.class == Class::Overlap {
                        found.latency.add(waited);
                        let since = fact.visible - RECOVERY;
                        if since > self.unwell && self.tenant.was_well(kind, since, now) {
                            found.latency_well.add(waited);
                        }
                    }
                }
            } else if was_open {
                class.superseded += 1;
            }
        }
    }

    /// Whether a newer version had taken its place by then; one whose instant did not move takes no place.
    pub(super) fn is_superseded(&self, index: u32, by: i64) -> bool {
        let fact = &self.facts[index as usize];
        let versions = &self.records[fact.kind as usize][fact.record as usize].versions;
        let newer = versions.iter().rev().take_while(|version| **version > index);
        newer
            .map(|version| &self.facts[*version as usize])
            .any(|newer| newer.class != Class::InPlace && newer.visible <= by)
    }

    /// Whether something of this list was poison lately, and hid the ids of its page.
    pub(super) fn are_ids_hidden(&self, kind: Kind, to: i64) -> bool {
        self.tenant.truth(|truth| {
            truth.poisons.iter().rev().take(64).any(|poison| {
                poison.kind == kind
                    && poison.hides_ids
                    && poison.from <= to
                    && poison.until + HEALS_WITHIN > to
            })
        })
    }

    /// Whether the record was poison at some time from `from` on and has not been readable for long at `to`.
    pub(super) fn is_poisoned(&self, kind: Kind, record: u32, to: i64) -> bool {
        self.tenant.truth(|truth| {
            truth.poisons.iter().rev().take(64).any(|poison| {
                (poison.kind, poison.record) == (kind, record)
                    && poison.from <= to
                    && poison.until + HEALS_WITHIN > to
            })
        })
    }

    /// While the version could not be had, the later instant of one before it has come to pass. Now only two reads by id
    /// show which of them is newer.
    pub(super) fn settle_overtaken(&mut self, index: u32, found: &mut Found) {
        let fact = &mut self.facts[index as usize];
        self.open.remove(&(fact.everywhere, index));
        found.class(fact.class).made -= 1;
        fact.class = Class::Backward;
        found.class(fact.class).made += 1;
    }

    pub(super) fn settle_superseded(&mut self, index: u32, found: &mut Found) {
        let fact = &self.facts[index as usize];
        self.open.remove(&(fact.everywhere, index));
        found.class(fact.class).superseded += 1;
    }

    pub(super) fn settle_missed(&mut self, index: u32, by: i64, found: &mut Found) {
        let fact = &mut self.facts[index as usize];
        self.open.remove(&(fact.everywhere, index));
        fact.missed = Some(by);
        let stored = self.records[fact.kind as usize][fact.record as usize].stored;
        if stored.is_some() {
            found.stale += 1;
        } else {
            found.lost += 1;
        }
        found.class(fact.class).missed += 1;
        let fact = *fact;
        let what = if stored.is_some() { "stale" } else { "lost" };
        found.note(|| {
            let held = stored.map(|held| (held, self.facts[held as usize].instant));
            describe(what, index, &fact, held, by, self.connected)
        });
    }

    pub(super) fn conclude(
        &mut self,
        now: i64,
        stored: impl Fn(Kind, u32) -> Option<Option<u32>>,
        exempt: impl Fn(Kind, u32) -> bool,
        found: &mut Found,
    ) {
        let mut missed = Vec::new();
        for kind in [Kind::Incidents, Kind::Alerts] {
            for (number, record) in self.records[kind as usize].iter().enumerate() {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                let held = stored(kind, number);
                if held != record.stored.map(Some) {
                    found.torn += 1;
                    let seen = record.stored;
                    found.note(|| format!("torn: {kind:?} {number} holds {held:?}, seen was {seen:?}"));
                }
                // The newest version that everybody could see for a while.
                let settled = |version: &&u32| {
                    let fact = &self.facts[**version as usize];
                    let within = match fact.class {
                        Class::Backward => SETTLED + TWO_READS,
                        class if class.is_promised() => SETTLED,
                        _ => return false,
                    };
                    fact.everywhere + within < now
                };
                let expected = record.versions.iter().rev().find(settled);
                if let Some(expected) = expected
                    && record.stored.is_none_or(|stored| stored < *expected)
                    && self.facts[*expected as usize].missed.is_none()
                    && !self.is_superseded(*expected, now)
                    && !exempt(kind, number)
                {
                    missed.push(*expected);
                }
            }
        }
        for index in missed {
            self.settle_missed(index, now, found);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "tenths of a second, for a person")]
fn describe(
    what: &str,
    index: u32,
    fact: &Fact,
    held: Option<(u32, Option<i64>)>,
    by: i64,
    connected: i64,
) -> String {
    let seconds = |ticks: i64| ticks as f64 / 1e7;
    let stored = held.map(|(held, instant)| (held, instant.map(|instant| seconds(instant - connected))));
    format!(
        "{what}: {:?} {} v{index} ({:?}), instant (or creation) {:.3} s after connecting, created {:.3} s, visible {:.1} s later, everywhere {:.1}, not there {:.1} s after that; stored are this version and instant: {stored:?}",
        fact.kind,
        fact.record,
        fact.class,
        seconds(fact.instant.unwrap_or(fact.created) - connected),
        seconds(fact.created - connected),
        seconds(fact.visible - fact.instant.unwrap_or(fact.created)),
        seconds(fact.everywhere - fact.instant.unwrap_or(fact.created)),
        seconds(by - fact.everywhere),
    )
}
