//! Hostility that came later: instants that lie, annotations, trouble of one list, small tenants. It draws from
//! generators of its own, so that without it each seed gives what it gave before.
#![expect(clippy::cast_precision_loss, reason = "a mean time needs no last digits")]

use std::time::Duration;

use fastrand::Rng;
use http::StatusCode;

use super::ticks::{DAY, HOUR, MINUTE};
use crate::{Kind, seeds};

/// How much of the later hostility there is. Without any it is all zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Twists {
    /// Share of a record's updates whose instant lies in the far future.
    pub(super) future: f64,
    /// Share of a record's updates whose instant is earlier than the one before.
    pub(super) backward: f64,
    /// Share of the records without an instant that show .NET's empty date in its place.
    pub(super) empty: f64,
    /// Share of rows and single records that carry control annotations.
    pub(super) annotated: f64,
    pub(super) refusals_per_day: f64,
    pub(super) waits_per_day: f64,
}

impl Twists {
    pub(super) fn full(rng: &mut Rng) -> Self {
        let mut some = |most: f64| if rng.bool() { most * (0.2 + 0.8 * rng.f64()) } else { 0.0 };
        Self {
            future: some(0.03),
            backward: some(0.05),
            empty: some(0.8),
            annotated: some(0.5),
            refusals_per_day: some(6.0),
            waits_per_day: some(16.0),
        }
    }

    pub(super) fn are_any(&self) -> bool {
        self.annotated + self.refusals_per_day + self.waits_per_day + self.future + self.backward + self.empty
            > 0.0
    }
}

/// How far ahead of an update its instant lies, at least: more than clocks may differ by.
pub(super) const FUTURE: i64 = 20 * MINUTE;

/// What is wrong with an update's instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twist {
    /// It lies so far ahead of the update.
    Ahead(i64),
    /// It lies so far before the instant of the version before.
    Back(i64),
}

impl Twist {
    pub(super) fn draw(twists: &Twists, rng: &mut Rng) -> Option<Self> {
        if !twists.are_any() {
            return None;
        }
        let share = rng.f64();
        if share < twists.future {
            let most = *seeds::pick(rng, &[2 * HOUR, DAY, 400 * DAY]);
            return Some(Self::Ahead(FUTURE + rng.i64(0..most)));
        }
        let most = *seeds::pick(rng, &[MINUTE, HOUR, 4 * DAY]);
        (share < twists.future + twists.backward).then(|| Self::Back(1 + rng.i64(0..most)))
    }
}

/// How one list is not answered for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// 401 or 403.
    Refused(StatusCode),
    /// 429 or 503 with a `Retry-After` that ends with the trouble.
    Wait(StatusCode),
}

/// One list's trouble at a time.
#[derive(Debug)]
pub(super) struct Troubles {
    rng: Rng,
    start: i64,
    calm: i64,
    /// When a refusal comes next, and when a wait.
    next: [i64; 2],
    /// Which list, how, from when, until when.
    pub(super) all: Vec<(Kind, Trouble, i64, i64)>,
}

impl Troubles {
    pub(super) fn new(seed: u64, start: i64, calm: i64) -> Self {
        Self { rng: Rng::with_seed(seeds::mix(seed, 32)), start, calm, next: [start; 2], all: Vec::new() }
    }

    pub(super) fn advance(&mut self, now: i64, twists: &Twists) {
        for (number, per_day) in [twists.refusals_per_day, twists.waits_per_day].into_iter().enumerate() {
            while per_day > 0.0 && self.next[number] <= now {
                let at = self.next[number];
                let mean = Duration::from_secs_f64(DAY as f64 / 1e7 / per_day);
                self.next[number] = at + 1 + seeds::wait(&mut self.rng, mean);
                if at > self.start && at < self.calm {
                    self.begin(number == 0, at);
                }
            }
        }
    }

    fn begin(&mut self, is_refusal: bool, at: i64) {
        let rng = &mut self.rng;
        let kind = if rng.bool() { Kind::Incidents } else { Kind::Alerts };
        let (trouble, most) = if is_refusal {
            let status = *seeds::pick(rng, &[StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN]);
            (Trouble::Refused(status), *seeds::pick(rng, &[10 * MINUTE, 3 * HOUR]))
        } else {
            let status = *seeds::pick(rng, &[StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE]);
            (Trouble::Wait(status), HOUR - MINUTE)
        };
        let until = (at + MINUTE + rng.i64(0..most)).min(self.calm);
        self.all.push((kind, trouble, at, until));
    }

    /// What keeps a list from being answered now, and until when.
    pub(super) fn of(&self, kind: Kind, now: i64) -> Option<(Trouble, i64)> {
        // Few are long, so the newest ones are all that can be.
        let newest = self.all.iter().rev().take(64);
        let strikes =
            |entry: &&(Kind, Trouble, i64, i64)| entry.0 == kind && (entry.2..entry.3).contains(&now);
        newest.into_iter().find(strikes).map(|(_, trouble, _, until)| (*trouble, *until))
    }
}
