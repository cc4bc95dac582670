//! How much one owner may.

use std::time::Duration;

use crate::Window;

/// How many tests an owner may make in a minute, where nothing else is said: more than a person who sets up a tenant needs.
const TESTS_PER_MINUTE: u32 = 10;

/// The same for a day.
const TESTS_PER_DAY: u32 = 100;

/// How many connections an owner may have, where nothing else is said. Each one's secret costs 0.40 USD a month, so this
/// bounds what one owner can cost: 200 USD.
const CONNECTIONS: u32 = 500;

/// How many refused secrets an owner may enter for one tenant in an hour: more than anybody mistypes, and nothing against a
/// secret of 40 characters.
const REFUSED_PER_HOUR: u32 = 20;

/// The limits in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For an owner's tests.
    pub owner: Vec<Window>,
    /// For the secrets that an owner enters for a tenant.
    pub tenant: Vec<Window>,
    /// How many connections an owner may have. Requests at the same moment may each take the last place.
    pub connections: u32,
}

impl Limits {
    /// These, with the default where there is none.
    #[must_use]
    pub fn of(tests_per_minute: Option<u32>, tests_per_day: Option<u32>, connections: Option<u32>) -> Self {
        let window =
            |seconds, most, parameter| Window { length: Duration::from_secs(seconds), most, parameter };
        Self {
            owner: vec![
                window(60, tests_per_minute.unwrap_or(TESTS_PER_MINUTE), Some("TestsPerMinute")),
                window(86_400, tests_per_day.unwrap_or(TESTS_PER_DAY), Some("TestsPerDay")),
            ],
            tenant: vec![window(3600, REFUSED_PER_HOUR, None)],
            connections: connections.unwrap_or(CONNECTIONS),
        }
    }

    /// None at all: on one's own machine.
    #[must_use]
    pub fn none() -> Self {
        Self { owner: Vec::new(), tenant: Vec::new(), connections: u32::MAX }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(None, None, None)
    }
}
