//! What a trial found: figures that add up over trials, and can be written down and read again.

use std::collections::BTreeMap;

use crate::mixture::Mixture;
use serde::{Deserialize, Serialize};

use crate::check::Class;

/// One seed's result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// Days of ticks.
    pub days: u64,
    /// Ticks that it came through; fewer where it ended at its first loss.
    pub ticks: u64,
    /// Whether the store was SQLite.
    pub sqlite: bool,
    /// How hostile the tenant was.
    #[serde(default)]
    pub mixture: Mixture,
    /// Runs that were begun.
    pub runs: u64,
    /// Of these, how many wrote nothing: looks that found all as it was.
    #[serde(default)]
    pub looks: u64,
    /// Requests that the tenant answered.
    pub calls: u64,
    /// What was done to the engine, by kind.
    pub injected: BTreeMap<String, u64>,
    /// What was found.
    pub found: Found,
}

impl SeedResult {
    /// Something was lost, was stale when it should not have been, or went back.
    #[must_use]
    pub fn has_loss(&self) -> bool {
        self.found.lost + self.found.stale + self.found.regressed > 0
    }

    /// How far it came, in days.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    pub fn days_run(&self) -> f64 {
        self.ticks as f64 / 1440.0
    }

    /// The first loss, in words.
    #[must_use]
    pub fn first_loss(&self) -> &str {
        let is_loss =
            |note: &&String| ["lost", "stale", "regressed"].iter().any(|word| note.starts_with(word));
        self.found.notes.iter().find(is_loss).map_or("", String::as_str)
    }
}

/// What a checker found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Versions that became visible after the connection was made.
    pub updates: u64,
    /// Versions of records of which nothing was stored by the time promised.
    pub lost: u64,
    /// Versions in whose place an older one was stored by then.
    pub stale: u64,
    /// Times that a stored version was replaced by one of an older instant.
    pub regressed: u64,
    /// Times that at an unchanged instant an older content came back: a front end that lags cannot be told
    /// from one more change.
    pub flipped: u64,
    /// Revisions without a change.
    pub spurious: u64,
    /// Revisions that did not grow.
    pub revisions_back: u64,
    /// Records that are not what was written.
    pub torn: u64,
    /// Times that a stream was not read to its end for six hours although all was well with it, and trials whose sweeps
    /// came to no end.
    pub stuck: u64,
    /// Trials at whose end sweeps came less often than wanted, as the status says.
    pub sweeps_left_out: u64,
    /// Versions that were held back by a record that cannot be read and that the engine did not name, run by run.
    pub unreported: u64,
    /// Versions that a small tenant could show by itself and that were set aside with another's record, run by run.
    #[serde(default)]
    pub innocent: u64,
    /// Things that were still set aside at the end, a day after everything was well again.
    pub not_healed: u64,
    /// Versions found waiting at the end of a run and named as set aside, run by run.
    pub held_aside: u64,
    /// The longest list of things set aside.
    pub most_set_aside: u64,
    /// By what was promised.
    pub classes: BTreeMap<Class, Fate>,
    /// From visible to stored, of what is promised for the next sync.
    pub latency: Histogram,
    /// The same, where for two hours nothing was amiss with the tenant or with us.
    pub latency_well: Histogram,
    /// The engine's own count of what the sweeps found: hourly, daily.
    pub swept: (u64, u64),
    /// The first few things that went wrong, in words.
    pub notes: Vec<String>,
}

/// What became of the versions of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fate {
    /// There were so many.
    pub made: u64,
    /// Stored themselves.
    pub stable: u64,
    /// Not to be had any more, or a newer one was stored.
    pub superseded: u64,
    /// Lost or stale when they should have been there.
    pub missed: u64,
    /// Of those, there later.
    pub healed: u64,
    /// From visible to stored.
    pub latency: Histogram,
}

/// How many of these are written out.
const NOTES: usize = 5;

impl Found {
    /// The figures of one class.
    pub fn class(&mut self, class: Class) -> &mut Fate {
        self.classes.entry(class).or_default()
    }

    /// Keeps an account of something that went wrong, if it is one of the first.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if self.notes.len() < NOTES {
            self.notes.push(text());
        }
    }

    /// Whether a promise was broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let counts = [self.lost, self.stale, self.regressed, self.spurious, self.revisions_back];
        counts.iter().sum::<u64>()
            + self.torn
            + self.stuck
            + self.unreported
            + self.innocent
            + self.not_healed
            > 0
    }

    /// Adds another's figures.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.updates, other.updates),
            (&mut self.lost, other.lost),
            (&mut self.stale, other.stale),
            (&mut self.regressed, other.regressed),
            (&mut self.flipped, other.flipped),
            (&mut self.spurious, other.spurious),
            (&mut self.revisions_back, other.revisions_back),
            (&mut self.torn, other.torn),
            (&mut self.stuck, other.stuck),
            (&mut self.unreported, other.unreported),
            (&mut self.innocent, other.innocent),
            (&mut self.sweeps_left_out, other.sweeps_left_out),
            (&mut self.not_healed, other.not_healed),
            (&mut self.held_aside, other.held_aside),
            (&mut self.swept.0, other.swept.0),
            (&mut self.swept.1, other.swept.1),
        ] {
            *mine += theirs;
        }
        self.most_set_aside = self.most_set_aside.max(other.most_set_aside);
        for (class, fate) in &other.classes {
            self.class(*class).add(fate);
        }
        self.latency.merge(&other.latency);
        self.latency_well.merge(&other.latency_well);
        for note in &other.notes {
            self.note(|| note.clone());
        }
    }
}

impl Fate {
    fn add(&mut self, other: &Self) {
        self.made += other.made;
        self.stable += other.stable;
        self.superseded += other.superseded;
        self.missed += other.missed;
        self.healed += other.healed;
        self.latency.merge(&other.latency);
    }
}

/// Durations, to about three per cent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Histogram {
    /// How many by bucket: the exponent of two of the milliseconds, and five bits below it.
    buckets: BTreeMap<u32, u64>,
    /// The longest, in milliseconds.
    most: u64,
}

impl Histogram {
    /// Adds a duration in 100 ns steps; a negative one counts as none.
    pub fn add(&mut self, ticks: i64) {
        let ms = u64::try_from(ticks / 10_000).unwrap_or(0);
        self.most = self.most.max(ms);
        *self.buckets.entry(bucket(ms)).or_default() += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.most = self.most.max(other.most);
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// The duration that so many of a thousand do not exceed, in milliseconds.
    #[must_use]
    pub fn quantile(&self, of_thousand: u64) -> u64 {
        let all: u64 = self.buckets.values().sum();
        let wanted = (all * of_thousand).div_ceil(1000);
        let mut seen = 0;
        let reached = self.buckets.iter().find(|(_, count)| {
            seen += *count;
            seen >= wanted
        });
        reached.map_or(0, |(bucket, _)| upper(*bucket).min(self.most))
    }

    /// The longest, in milliseconds.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most
    }
}

fn bucket(ms: u64) -> u32 {
    if ms < 32 {
        return u32::try_from(ms).unwrap_or(0);
    }
    let exponent = ms.ilog2();
    let mantissa = u32::try_from((ms >> (exponent - 5)) & 31).unwrap_or(0);
    (exponent - 4) * 32 + mantissa
}

fn upper(bucket: u32) -> u64 {
    if bucket < 32 {
        return bucket.into();
    }
    let (exponent, mantissa) = (bucket / 32 + 4, u64::from(bucket % 32));
    ((32 + mantissa + 1) << (exponent - 5)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_three_per_cent() {
        let mut histogram = Histogram::default();
        for ms in 1..=100_000 {
            histogram.add(ms * 10_000);
        }
        for of_thousand in [1, 500, 950, 990, 1000] {
            let (exact, found) = (of_thousand * 100, histogram.quantile(of_thousand));
            assert!(found >= exact && found <= exact + exact / 30 + 1, "{exact} {found}");
        }
        assert_eq!(histogram.most(), 100_000);
    }
}
