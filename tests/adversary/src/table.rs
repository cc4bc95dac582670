//! The figures, as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use defender_sim::hostile::Hostile;

use crate::check::Class;
use crate::result::{Found, SeedResult};

/// All seeds' figures together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Seeds.
    pub seeds: u64,
    /// Days.
    pub days: u64,
    /// Of those, on SQLite.
    pub sqlite_days: u64,
    /// Runs.
    pub runs: u64,
    /// Of these, looks that wrote nothing.
    pub looks: u64,
    /// Requests to Graph, of runs that came to their end.
    pub calls: u64,
    /// By kind.
    pub injected: BTreeMap<String, u64>,
    /// What was found.
    pub found: Found,
    /// Seeds in which a promise was broken, and how.
    pub broken: Vec<(u64, Vec<String>)>,
}

impl Total {
    /// Adds a seed.
    pub fn add(&mut self, result: &SeedResult) {
        self.seeds += 1;
        self.days += result.days;
        self.sqlite_days += if result.sqlite { result.days } else { 0 };
        self.runs += result.runs;
        self.looks += result.looks;
        self.calls += result.calls;
        for (kind, count) in &result.injected {
            *self.injected.entry(kind.clone()).or_default() += count;
        }
        self.found.add(&result.found);
        if result.found.is_broken() {
            self.broken.push((result.seed, result.found.notes.clone()));
        }
    }

    /// What CI promises and this is less than.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (name, least, is) in [
            ("days", 365, self.days),
            ("updates", 100_000, self.found.updates),
            ("days on SQLite", 30, self.sqlite_days),
            ("looks that wrote nothing", 50_000, self.looks),
        ] {
            if is < least {
                complaints.push(format!("{is} {name} of {least}"));
            }
        }
        for (kind, count) in &self.injected {
            let least = least_of(kind);
            if *count < least {
                complaints.push(format!("{kind}: {count} of {least}"));
            }
        }
        complaints
    }

    /// The figures in lines.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let found = &self.found;
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "{name:<44} {value:>14}");
        };
        line("tenant-years at one-minute polling", format!("{:.2}", self.days as f64 / 365.0));
        line("  seeds", self.seeds.to_string());
        line("  of those days, on SQLite in memory", self.sqlite_days.to_string());
        line("runs", self.runs.to_string());
        line("of these, looks that wrote nothing", self.looks.to_string());
        line("requests to Graph", self.calls.to_string());
        line("updates", found.updates.to_string());
        for (name, value) in [
            ("lost", found.lost),
            ("stale", found.stale),
            ("regressed", found.regressed),
            ("spurious revisions", found.spurious + found.revisions_back),
            ("torn", found.torn),
            ("stuck for 6 h", found.stuck),
            ("held back and not named", found.unreported),
            ("set aside with another record", found.innocent),
            ("set aside and not healed", found.not_healed),
        ] {
            line(name, value.to_string());
        }
        for (name, latency) in [
            ("visible to stored, all was well: p50", &found.latency_well),
            ("visible to stored, outages included: p50", &found.latency),
        ] {
            line(name, seconds(latency.quantile(500)));
            line("  p95", seconds(latency.quantile(950)));
            line("  p99", seconds(latency.quantile(990)));
            line("  max", seconds(latency.most()));
        }
        line("older content at an unchanged instant", found.flipped.to_string());
        line("waiting while set aside and named", found.held_aside.to_string());
        line("longest list of things set aside", found.most_set_aside.to_string());
        line("seeds whose sweeps did not fit at the end", found.sweeps_left_out.to_string());
        line("found by hourly sweeps, by the engine's count", found.swept.0.to_string());
        line("found by daily sweeps, by the engine's count", found.swept.1.to_string());
        self.classes(&mut text);
        let _ = writeln!(text, "\n{:<44} {:>14}", "injected", "times");
        for (kind, count) in &self.injected {
            let _ = writeln!(text, "{kind:<44} {count:>14}");
        }
        for (seed, notes) in &self.broken {
            let _ = writeln!(text, "\nBROKEN in seed {seed}");
            for note in notes {
                let _ = writeln!(text, "  {note}");
            }
        }
        text
    }

    fn classes(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n{:<36} {:>8} {:>8} {:>10} {:>6} {:>10} {:>10} {:>10}",
            "promised", "versions", "stable", "superseded", "missed", "p50", "p99", "max"
        );
        for (class, name) in [
            (Class::Backfill, "by the first sync"),
            (Class::Overlap, "by the next sync"),
            (Class::Hourly, "by the next hourly sweep"),
            (Class::Daily, "by the next daily sweep"),
            (Class::Backward, "by two reads: instant goes back"),
            (Class::Beyond, "nothing: later than 7 days"),
            (Class::InPlace, "nothing: instant unchanged"),
            (Class::Older, "nothing: before the horizon"),
        ] {
            let Some(fate) = self.found.classes.get(&class) else { continue };
            let _ = writeln!(
                text,
                "{name:<36} {:>8} {:>8} {:>10} {:>6} {:>10} {:>10} {:>10}",
                fate.made,
                fate.stable,
                fate.superseded,
                fate.missed,
                seconds(fate.latency.quantile(500)),
                seconds(fate.latency.quantile(990)),
                seconds(fate.latency.most()),
            );
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn seconds(ms: u64) -> String {
    match ms {
        0..600_000 => format!("{:.1} s", ms as f64 / 1e3),
        600_000..36_000_000 => format!("{:.1} min", ms as f64 / 6e4),
        _ => format!("{:.1} h", ms as f64 / 3.6e6),
    }
}

/// How often a kind of fault is to be injected at least. Wrong instants hold a record for a while, so a tenant of which
/// many are wrong would show little else.
fn least_of(kind: &str) -> u64 {
    let rare = [Hostile::FutureInstant, Hostile::BackwardInstant, Hostile::EmptyInstant];
    if rare.iter().any(|rare| rare.name() == kind) { 400 } else { 1_000 }
}
