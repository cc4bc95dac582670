//! How hostile a tenant is: a mixture that follows from its seed.

use fastrand::Rng;

use super::ticks::{HOUR, SECOND};
use super::twists::Twists;
use crate::seeds;

/// What `$orderby` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Honoured,
    /// Whatever was asked, the newest come first.
    NewestFirst,
}

/// What becomes of an instant in `$filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literals {
    Exact,
    /// Down to so many 100 ns steps.
    Truncated(i64),
    /// To the nearest of so many.
    Rounded(i64),
    /// The whole filter is.
    Ignored,
}

/// What `@odata.nextLink` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// How many rows to skip of the list as it then is.
    Offset,
    /// A list as it was.
    Snapshot,
    /// The last row's place in the order.
    Keyset,
}

/// Whether an answer says what time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dated {
    Always,
    Sometimes,
    Never,
}

/// The mixture. Rates are shares of answers or of changes, `per_day` are mean numbers.
#[derive(Clone, Debug)]
pub struct Hostility {
    pub(super) order: Order,
    pub(super) literals: Literals,
    pub(super) links: Links,
    /// `$skip` is, but for links.
    pub(super) skip_ignored: bool,
    pub(super) short: f64,
    pub(super) empty: f64,
    pub(super) unlinked: f64,
    pub(super) link_to_nothing: f64,
    pub(super) link_loops: f64,
    pub(super) link_expires: f64,
    pub(super) link_foreign: f64,
    /// How far each front end is behind, in seconds; the first is not.
    pub(super) lags: Vec<i64>,
    pub(super) dated: Dated,
    /// How wrong a front end's `Date` is, in seconds.
    pub(super) date_off: i64,
    /// Share of answers whose `Date` is off by a day, or by more than a year.
    pub(super) date_wild: f64,
    /// Shares of changes: late by less than 5 minutes, 24 hours, 7 days, and more.
    pub(super) late: [f64; 4],
    pub(super) events_per_day: f64,
    /// Shares of events.
    pub(super) bulk: f64,
    pub(super) bulk_large: f64,
    pub(super) in_place: f64,
    pub(super) merges: f64,
    pub(super) undated: f64,
    /// Whether anything may share its `createdDateTime` with more than a page of others.
    pub(super) bulk_creation: f64,
    /// Shares of answers, by what goes wrong.
    pub(super) answers: Answers,
    pub(super) storms_per_day: f64,
    pub(super) poison_per_day: f64,
    pub(super) rotations_per_day: f64,
    pub(super) withdrawals_per_day: f64,
    /// Seconds that a token lives.
    pub(super) token_lifetime: i64,
    /// Milliseconds that an answer takes, at most.
    pub(super) latency: u64,
    /// Events before the connection was made.
    pub(super) past_events: f64,
    /// A tenant of few records.
    pub(super) is_small: bool,
    pub(super) twists: Twists,
}

/// Shares of answers that go wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    pub(super) throttled: f64,
    pub(super) throttled_unstated: f64,
    pub(super) unavailable: f64,
    pub(super) server_error: f64,
    pub(super) reset: f64,
    pub(super) stall: f64,
    pub(super) truncated: f64,
    pub(super) broken_off: f64,
    pub(super) not_json: f64,
    pub(super) no_array: f64,
    pub(super) partial: f64,
    pub(super) warning: f64,
}

/// Nothing is late by more than this within the promised overlap of 300 s, the lag of front ends, the
/// latency of answers and the error of their `Date` included.
pub(super) const LATE_AT_MOST: i64 = 285;

/// Before it is connected a tenant had so many events.
const PAST_EVENTS: f64 = 400.0;

impl Hostility {
    /// Everything on the list, each kind in about a third of the seeds.
    #[must_use]
    pub fn full(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seeds::mix(seed, 11));
        let literals = match seed % 16 {
            0..=6 => Literals::Exact,
            7 | 8 => Literals::Truncated(SECOND / 1000),
            9 | 10 => Literals::Truncated(SECOND),
            11 | 12 => Literals::Rounded(SECOND / 1000),
            13 | 14 => Literals::Rounded(SECOND),
            _ => Literals::Ignored,
        };
        let order = if rng.f64() < 0.75 { Order::Honoured } else { Order::NewestFirst };
        let dated = match rng.u32(..8) {
            0..=4 => Dated::Always,
            5 | 6 => Dated::Sometimes,
            _ => Dated::Never,
        };
        // Where the filter is ignored each read is of the whole list: a small tenant.
        let events_per_day =
            if literals == Literals::Ignored { 20.0 } else { 80.0 * 2_f64.powf(rng.f64() * 3.0) };
        Self {
            order,
            literals,
            dated,
            events_per_day,
            links: *seeds::pick(rng, &[Links::Offset, Links::Snapshot, Links::Keyset]),
            short: some(rng, 0.3, 0.2),
            empty: some(rng, 0.3, 0.1),
            unlinked: some(rng, 0.3, 0.7),
            link_to_nothing: some(rng, 0.3, 0.1),
            link_loops: some(rng, 0.4, 0.2),
            link_expires: some(rng, 0.5, 0.5),
            link_foreign: some(rng, 0.4, 0.2),
            lags: lags(rng),
            date_off: if rng.bool() { 0 } else { 2 },
            late: [some(rng, 0.6, 0.2), some(rng, 0.5, 0.04), some(rng, 0.5, 0.04), some(rng, 0.5, 0.04)],
            bulk: some(rng, 0.8, 0.08),
            bulk_large: some(rng, 0.8, 0.7),
            bulk_creation: some(rng, 0.9, 0.8),
            in_place: some(rng, 0.5, 0.06),
            merges: some(rng, 0.6, 0.05),
            undated: some(rng, 0.5, 0.06),
            answers: Answers::full(rng),
            storms_per_day: some(rng, 0.5, 2.0),
            poison_per_day: some(rng, 0.5, 4.0),
            rotations_per_day: some(rng, 0.5, 40.0),
            withdrawals_per_day: some(rng, 0.5, 40.0),
            token_lifetime: *seeds::pick(rng, &[3_599, 3_599, 4_200, 360, 90]),
            latency: 20 + rng.u64(..1_500),
            skip_ignored: rng.u32(..4) == 0,
            date_wild: some(rng, 0.4, 0.02),
            past_events: PAST_EVENTS,
            is_small: false,
            twists: Twists::default(),
        }
    }

    /// [`Hostility::full`] and the kinds that came later. One tenant in eight has 1 to 20 records.
    #[must_use]
    pub fn twisted(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seeds::mix(seed, 31));
        let mut hostility = Self { twists: Twists::full(rng), ..Self::full(seed) };
        if rng.u32(..8) == 0 {
            hostility.is_small = true;
            hostility.past_events = rng.f64() * 4.0;
            hostility.events_per_day = 0.2 + rng.f64();
            hostility.bulk = 0.0;
            hostility.poison_per_day = 2.0 + rng.f64() * 4.0;
        }
        hostility
    }

    /// A Graph as documented, with everyday misfortunes and large bulk edits: what a naive engine without
    /// a known bug comes through unharmed, so that a mutant's loss is the mutation's.
    #[must_use]
    pub fn mild(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seeds::mix(seed, 12));
        Self {
            order: Order::Honoured,
            literals: Literals::Exact,
            links: *seeds::pick(rng, &[Links::Offset, Links::Snapshot, Links::Keyset]),
            short: 0.05,
            empty: 0.05,
            unlinked: 0.3,
            link_to_nothing: 0.0,
            link_loops: 0.0,
            link_expires: 0.0,
            link_foreign: 0.0,
            lags: vec![0],
            dated: Dated::Always,
            date_off: 0,
            late: [0.1, 0.0, 0.0, 0.0],
            events_per_day: 400.0,
            bulk: 0.05,
            bulk_large: 0.5,
            bulk_creation: 0.0,
            in_place: 0.0,
            merges: 0.02,
            undated: 0.0,
            answers: Answers { server_error: 0.02, reset: 0.002, truncated: 0.005, ..Answers::default() },
            storms_per_day: 2.0,
            poison_per_day: 0.0,
            rotations_per_day: 0.0,
            withdrawals_per_day: 0.0,
            token_lifetime: 3_599,
            latency: 1_500,
            skip_ignored: false,
            date_wild: 0.0,
            past_events: PAST_EVENTS,
            is_small: false,
            twists: Twists::default(),
        }
    }

    /// The most that a front end is behind, in 100 ns steps.
    #[must_use]
    pub fn worst_lag(&self) -> i64 {
        self.lags.iter().max().copied().unwrap_or(0) * SECOND
    }

    /// Whether rows come in the order that was asked for.
    #[must_use]
    pub fn keeps_order(&self) -> bool {
        self.order == Order::Honoured
    }

    /// Whether each answer says what time it is, within seconds.
    #[must_use]
    pub fn tells_time(&self) -> bool {
        self.dated == Dated::Always && self.date_wild == 0.0
    }

    /// Whether the tenant has 1 to 20 records.
    #[must_use]
    pub fn is_small(&self) -> bool {
        self.is_small
    }

    /// Whether filters are ignored: no interval is what was asked for then.
    #[must_use]
    pub fn ignores_filters(&self) -> bool {
        self.literals == Literals::Ignored
    }

    /// How late a change is, in 100 ns steps.
    pub(super) fn delay(&self, rng: &mut Rng) -> i64 {
        let worst = (LATE_AT_MOST - 10) * SECOND - self.worst_lag();
        let mut share = rng.f64();
        for (rate, bounds) in self.late.iter().zip([
            (SECOND, worst),
            (400 * SECOND, 24 * HOUR - 600 * SECOND),
            (25 * HOUR, 7 * 24 * HOUR - 600 * SECOND),
            (7 * 24 * HOUR + HOUR, 9 * 24 * HOUR),
        ]) {
            if share < *rate {
                // Half of them near the lower bound, and some right at the upper one.
                return match rng.u32(..8) {
                    0..=3 => bounds.0 + rng.i64(0..=(bounds.1 - bounds.0) / 8),
                    4 => bounds.1 - rng.i64(0..=(bounds.1 - bounds.0) / 50),
                    _ => rng.i64(bounds.0..=bounds.1),
                };
            }
            share -= rate;
        }
        0
    }
}

impl Answers {
    fn full(rng: &mut Rng) -> Self {
        Self {
            throttled: some(rng, 0.4, 0.01),
            throttled_unstated: some(rng, 0.4, 0.01),
            unavailable: some(rng, 0.4, 0.01),
            server_error: some(rng, 0.5, 0.02),
            reset: some(rng, 0.4, 0.01),
            stall: some(rng, 0.4, 0.01),
            truncated: some(rng, 0.4, 0.01),
            broken_off: some(rng, 0.4, 0.01),
            not_json: some(rng, 0.4, 0.01),
            no_array: some(rng, 0.4, 0.01),
            partial: some(rng, 0.4, 0.03),
            warning: some(rng, 0.4, 0.03),
        }
    }
}

/// Up to `most` in a `share` of the seeds, none in the others.
fn some(rng: &mut Rng, share: f64, most: f64) -> f64 {
    let drawn = rng.f64();
    if rng.f64() < share { most * (0.2 + 0.8 * drawn) } else { 0.0 }
}

fn lags(rng: &mut Rng) -> Vec<i64> {
    let behind = rng.usize(..4).saturating_sub(1);
    std::iter::once(0).chain((0..behind).map(|_| rng.i64(2..150))).collect()
}
