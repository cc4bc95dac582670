//! A hostile tenant: what a real one may do at its worst, driven by a seed.
//!
//! [`Tenant`] is a synchronous core as the honest simulator is: a request and an instant in, an
//! [`Outcome`] out. It is lean, so that years of it pass in minutes: small records, indexed by instant. What
//! happens in it follows from the seed alone, whoever asks and whatever is asked; what goes wrong with an
//! answer follows from the seed and the requests so far. [`Tenant::truth`] tells every version of every
//! record and from when on it could be seen, for a checker; [`Tenant::injected`] counts what was done.

mod answer;
mod dark;
mod entra;
mod hostility;
mod injected;
mod instants;
mod paging;
mod query;
pub mod ticks;
mod transport;
mod twists;
mod version;
mod view;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use fastrand::Rng;
use http::Request;
use jiff::Timestamp;
use uuid::Uuid;

pub use hostility::Hostility;
pub use injected::{Hostile, Injected};
pub use transport::HostileTransport;
pub use version::{Order, Version, record_of};
pub use world::Poison;

use crate::seeds;
use crate::{Kind, Outcome};
use dark::{Counts, Dark};
use entra::{Entra, Storms};
use paging::Snapshots;
use twists::Troubles;
use world::World;

/// One hostile tenant with its Entra.
#[derive(Debug)]
pub struct Tenant {
    hostility: Hostility,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    world: World,
    entra: Entra,
    storms: Storms,
    troubles: Troubles,
    snapshots: Snapshots,
    injected: Injected,
    rng: Rng,
    /// For the kinds that came later.
    twist_rng: Rng,
    /// How the answer that is being made counts.
    counts: Counts,
    dark: Dark,
    requests: u64,
    calm: i64,
}

/// What really happened, up to the last request or [`Tenant::advance`].
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a> {
    /// Every version, in the order in which they were made.
    pub versions: &'a [Version],
    /// Every poison.
    pub poisons: &'a [Poison],
}

impl Tenant {
    /// A tenant with a past that ends at `start`; from `calm` on nothing new goes wrong with it, except
    /// that its lists stay as they are.
    #[must_use]
    pub fn new(seed: u64, hostility: Hostility, start: Timestamp, calm: Timestamp) -> Self {
        let (start, calm) = (ticks::from_timestamp(start), ticks::from_timestamp(calm));
        let mut injected = Injected::default();
        let state = State {
            world: World::new(seed, &hostility, start, calm, &mut injected),
            entra: Entra::new(seed, start, calm),
            storms: Storms::new(seed, start, calm),
            troubles: Troubles::new(seed, start, calm),
            snapshots: Snapshots::default(),
            injected,
            rng: Rng::with_seed(seeds::mix(seed, 24)),
            twist_rng: Rng::with_seed(seeds::mix(seed, 33)),
            counts: Counts::Neither,
            dark: Dark::default(),
            requests: 0,
            calm,
        };
        Self { hostility, state: Mutex::new(state) }
    }

    /// Directory (tenant) ID.
    pub const TENANT_ID: Uuid = Uuid::from_u128(0x7e4a_4e1d);
    /// Application (client) ID.
    pub const CLIENT_ID: Uuid = Uuid::from_u128(0xc11e_471d);

    /// How hostile it is.
    #[must_use]
    pub fn hostility(&self) -> &Hostility {
        &self.hostility
    }

    /// Answers a request that arrives at `now`.
    #[expect(clippy::needless_pass_by_value, reason = "a server consumes its request")]
    pub fn answer(&self, now: Timestamp, request: Request<Bytes>) -> Outcome {
        let now = ticks::from_timestamp(now);
        let mut state = self.lock();
        state.advance(now, &self.hostility);
        state.answer(now, &request, &self.hostility)
    }

    /// Lets everything happen that is due at `now`.
    pub fn advance(&self, now: Timestamp) {
        self.lock().advance(ticks::from_timestamp(now), &self.hostility);
    }

    /// The client secret that the customer has entered by `now`: after a rotation, for a while the old one.
    #[must_use]
    pub fn entered_secret(&self, now: Timestamp) -> String {
        self.lock().entra.entered(ticks::from_timestamp(now))
    }

    /// Looks at what really happened.
    pub fn truth<R>(&self, look: impl FnOnce(Truth<'_>) -> R) -> R {
        let state = self.lock();
        look(Truth { versions: &state.world.versions, poisons: &state.world.poisons })
    }

    /// Whether a list was answered well all the time between two instants, but for single answers and records. Where
    /// the filter is ignored, no interval leaves a record out: one that cannot be read is one that every read meets.
    #[must_use]
    pub fn was_well(&self, kind: Kind, from: i64, to: i64) -> bool {
        let state = self.lock();
        let poisons = state.world.poisons.iter().filter(|poison| poison.kind == kind);
        let met_by_all = poisons.filter(|_| self.hostility.ignores_filters());
        let mut dark = (state.entra.blackouts.iter().copied())
            .chain(state.storms.blackouts_of(kind))
            .chain(met_by_all.map(|poison| (poison.from, poison.until)))
            .chain(
                state.troubles.all.iter().filter(|(of, ..)| *of == kind).map(|(.., from, to)| (*from, *to)),
            );
        !dark.any(|(begun, ended)| begun < to && ended > from)
    }

    /// Until when nothing of a list was to be had, or is: what the tenant itself answered says so.
    #[must_use]
    pub fn dark_until(&self, kind: Kind) -> i64 {
        self.lock().dark.until(kind)
    }

    /// How many requests to Graph have come so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// What was done so far.
    #[must_use]
    pub fn injected(&self) -> Injected {
        self.lock().injected.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn advance(&mut self, now: i64, hostility: &Hostility) {
        self.world.advance(now, hostility, &mut self.injected);
        self.entra.advance(now, hostility);
        self.storms.advance(now, hostility);
        self.troubles.advance(now, &hostility.twists);
    }
}

/// The list of a path, and what stands behind it.
fn list_of(path: &str) -> Option<(Kind, &str)> {
    [Kind::Incidents, Kind::Alerts]
        .into_iter()
        .find_map(|kind| Some((kind, path.strip_prefix(paging::path(kind))?)))
}
