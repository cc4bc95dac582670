//! The engine against a hostile tenant in simulated time, and a checker that names each loss.
//!
//! A [`trial::Trial`] is one seed: a tenant that is hostile in the seed's own mixture, a store that fails,
//! runs that are cut, frozen or doubled, and twelve days of ticks a minute apart. [`check::Checker`] knows
//! what really happened and sees every write: it says of each version of each record whether it is stable,
//! superseded, lost or stale, by what docs/guarantees.md promises. [`mutants`] shows that the check can
//! fail: engines with a known bug, of which each must lose something. [`backfill`] reads 400,000 records.

pub mod backfill;
pub mod check;
mod coupled;
pub mod interleave;
mod jumps;
pub mod mixture;
pub mod mutants;
pub mod result;
pub mod store;
pub mod table;
pub mod trial;
