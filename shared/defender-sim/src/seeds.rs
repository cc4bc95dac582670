//! Seeds from seeds: every event has its own, so that a write does not change what all later events draw.

use fastrand::Rng;
use uuid::Uuid;

/// A seed that depends on both (the finaliser of `SplitMix64`).
pub(crate) fn mix(seed: u64, with: u64) -> u64 {
    let mut z = seed ^ with.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub(crate) fn uuid(rng: &mut Rng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid()
}

/// So many hexadecimal digits, such as a file's SHA-1 has.
pub(crate) fn hex(rng: &mut Rng, digits: usize) -> String {
    (0..digits).map(|_| rng.digit(16)).collect()
}

/// One of them.
pub(crate) fn pick<'a, T>(rng: &mut Rng, of: &'a [T]) -> &'a T {
    &of[rng.usize(..of.len())]
}

/// True so many times in a hundred.
pub(crate) fn chance(rng: &mut Rng, percent: u32) -> bool {
    rng.u32(..100) < percent
}

/// A waiting time with this mean, exponentially distributed, in 100 ns steps.
#[expect(clippy::cast_possible_truncation, reason = "the longest draw is 37 means")]
pub(crate) fn wait(rng: &mut Rng, mean: std::time::Duration) -> i64 {
    (-(1.0 - rng.f64()).ln() * mean.as_secs_f64() * 1e7) as i64
}
