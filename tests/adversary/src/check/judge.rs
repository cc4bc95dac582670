//! After each run: is everything there that was promised by now?

use defender_sim::Kind;
use defender_sim::hostile::record_of;
use defender_sim::hostile::ticks::{DAY, HOUR, MINUTE, SECOND, from_timestamp};
use incident_store::{Aside, SetAside};
use jiff::Timestamp;
use sync_incidents::{Outcome, Report, StreamReport};

use super::facts::Fact;
use super::{Checker, Class, sim_kind};

/// A run that came to its end, by the true time.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What it says.
    pub report: &'a Report,
    /// Nothing on our side kept it from running in the last hours.
    pub we_were_well: bool,
    /// Until when our clock was astray last, and what it set may have been believed: a clock that is behind begins no
    /// sweep.
    pub astray: Timestamp,
}

/// A minute in which the function was called and nothing on our side kept the connection from being synced to the end
/// of what is new, whether it was or not.
#[derive(Clone, Copy, Debug)]
pub struct Minute<'a> {
    /// When it began, by the true time.
    pub began: Timestamp,
    /// When the run ended, if there was one.
    pub ended: Timestamp,
    /// What the status says is set aside.
    pub set_aside: &'a [SetAside],
}

/// A stream that answers well is read to its end within this.
const STUCK: i64 = 6 * HOUR;

/// Sweeps that come so many times less often than they should do not end at all: an hourly one would come once a day.
const MOST_STRETCH: u64 = 24;

/// What is older than a day is history; by our clock, which may be ten minutes ahead.
const LIVE_REACH: i64 = DAY - 15 * MINUTE;

/// A sync reads up to its first answer's `Date`, which is cut to the second and may be off by some.
const DATE_ERROR: i64 = 3 * SECOND;

/// An instant that lies no further ahead of an answer's `Date` is believed; a `Date` may be off by some seconds.
const CLOCKS_DIFFER: i64 = 15 * MINUTE + DATE_ERROR;

/// A sweep is due at most one period after the last, and the run that does it takes a while.
const SLACK: i64 = 15 * MINUTE;

impl Checker {
    /// Judges what is promised for the next sync. Only the tenant and the clock say what is due: everything that all
    /// front ends showed when the minute began, of each list that the tenant answered all the time.
    pub fn judge_minute(&mut self, minute: &Minute<'_>) {
        self.facts.learn(&mut self.found);
        let (began, ended) = (from_timestamp(minute.began), from_timestamp(minute.ended));
        let is_answered =
            [Kind::Incidents, Kind::Alerts].map(|kind| self.facts.tenant.dark_until(kind) < began);
        let open: Vec<(i64, u32)> =
            self.facts.open.range(..=(began - DATE_ERROR, u32::MAX)).copied().collect();
        for (_, index) in open {
            let fact = self.facts.facts[index as usize];
            // A gap of more than a day is read as history, after what is new.
            let is_due = fact.class == Class::Overlap
                && fact.instant > Some(began - LIVE_REACH)
                && is_answered[fact.kind as usize];
            if is_due {
                self.is_due(index, &fact, minute.set_aside, ended);
            }
        }
    }

    /// Judges what a run leaves, of all that is promised for later than the next sync.
    pub fn judge(&mut self, run: &Run<'_>) {
        self.facts.learn(&mut self.found);
        let (began, ended) = (from_timestamp(run.began), from_timestamp(run.ended));
        let status = &run.report.status;
        let success = matches!(run.report.outcome, Outcome::Complete | Outcome::Progressing);
        let idle = success && run.report.resume.is_none();
        self.stretch = status.observed.sweeps_stretched;
        if self.stretch > 1 {
            self.stretched = ended;
        }
        for kind in [Kind::Incidents, Kind::Alerts] {
            self.judge_progress(kind, run, ended);
        }
        // Sweeps begin with the connection, and come less often while they are stretched.
        let earliest = self.stretched.max(self.facts.connected).max(from_timestamp(run.astray));
        let swept = |everywhere: i64| idle.then_some(began - everywhere.max(earliest));
        let open: Vec<(i64, u32)> =
            self.facts.open.range(..=(began - DATE_ERROR, u32::MAX)).copied().collect();
        for (everywhere, index) in open {
            let fact = self.facts.facts[index as usize];
            let is_due = match fact.class {
                Class::Backfill => idle,
                // A gap of more than a day is read as history, after what is new.
                Class::Overlap => idle && fact.instant <= Some(began - LIVE_REACH),
                Class::Hourly => swept(everywhere).is_some_and(|waited| waited >= HOUR + SLACK),
                Class::Daily => swept(everywhere).is_some_and(|waited| waited >= DAY + SLACK),
                Class::Beyond | Class::Backward | Class::InPlace | Class::Older => false,
            };
            if is_due {
                self.is_due(index, &fact, &status.set_aside, ended);
            }
        }
        self.found.most_set_aside = self.found.most_set_aside.max(status.set_aside.len() as u64);
    }

    /// The version is to be stored by now, or else named.
    fn is_due(&mut self, index: u32, fact: &Fact, set_aside: &[SetAside], ended: i64) {
        let is_poisoned = self.facts.is_poisoned(fact.kind, fact.record, ended);
        if self.facts.is_superseded(index, ended) {
            self.facts.settle_superseded(index, &mut self.found);
        } else if self.is_named(set_aside, fact) {
            self.found.held_aside += 1;
            let is_innocent = !is_poisoned && !self.facts.are_ids_hidden(fact.kind, ended);
            if is_innocent && self.facts.tenant.hostility().is_small() {
                self.found.innocent += 1;
                let seconds = (ended - self.facts.connected) / SECOND;
                self.found.note(|| {
                    let what = format!("{:?} {} v{index}", fact.kind, fact.record);
                    format!("innocent: {what} is set aside with another record, {seconds} s after connecting")
                });
            }
        } else if is_poisoned {
            self.found.unreported += 1;
            let seconds = (ended - self.facts.connected) / SECOND;
            self.found.note(|| {
                let what = format!("{:?} {} v{index} ({:?})", fact.kind, fact.record, fact.class);
                format!("unreported: {what} cannot be read, {seconds} s after connecting")
            });
        } else if fact.believed_from.is_some_and(|instant| instant <= ended + CLOCKS_DIFFER) {
            self.facts.settle_overtaken(index, &mut self.found);
        } else {
            self.facts.settle_missed(index, ended, &mut self.found);
        }
    }

    fn judge_progress(&mut self, kind: Kind, run: &Run<'_>, ended: i64) {
        let stream = stream_of(run.report, kind);
        // A tenant that gives only a few answers a minute is read to an end that was fixed some runs ago.
        let read_up_to = stream.read_up_to.map_or(i64::MIN, from_timestamp);
        let last_success = self.last_success[kind as usize];
        if stream.live_done || read_up_to > ended - STUCK {
            self.last_success[kind as usize] = ended;
        } else if ended - last_success > STUCK
            && run.we_were_well
            && self.facts.tenant.was_well(kind, ended - STUCK, ended)
        {
            self.found.stuck += 1;
            self.found.note(|| {
                let (hours, seconds) =
                    ((ended - last_success) / HOUR, (ended - self.facts.connected) / SECOND);
                format!("stuck: {kind:?} not read to their end for {hours} h, {seconds} s after connecting")
            });
            self.last_success[kind as usize] = ended;
        }
    }

    /// The trial ends although sweeps do not fit. That is allowed, and said; but one that comes to no end puts the
    /// next one off for ever.
    pub fn sweeps_do_not_fit(&mut self) {
        self.found.sweeps_left_out += 1;
        if self.stretch > MOST_STRETCH {
            self.found.stuck += 1;
            self.found.note(|| format!("stuck: sweeps come {} times less often", self.stretch));
        }
    }

    /// Whether what is set aside tells of this version. Where filters are ignored an interval tells only that there is
    /// something that cannot be read.
    fn is_named(&self, set_aside: &[SetAside], fact: &Fact) -> bool {
        let any = self.facts.tenant.hostility().ignores_filters();
        is_set_aside(set_aside, fact)
            || (any && set_aside.iter().any(|entry| sim_kind(entry.kind) == fact.kind))
    }

    /// Whether what is set aside names this record.
    #[must_use]
    pub fn names(set_aside: &[SetAside], kind: Kind, record: u32) -> bool {
        set_aside.iter().any(|entry| match &entry.what {
            Aside::Record { id } => sim_kind(entry.kind) == kind && record_of(kind, id) == Some(record),
            Aside::Interval { .. } => false,
        })
    }
}

fn stream_of(report: &Report, kind: Kind) -> &StreamReport {
    match kind {
        Kind::Incidents => &report.streams.incidents,
        Kind::Alerts => &report.streams.alerts,
    }
}

fn is_set_aside(set_aside: &[SetAside], fact: &Fact) -> bool {
    set_aside.iter().filter(|entry| sim_kind(entry.kind) == fact.kind).any(|entry| match &entry.what {
        Aside::Record { id } => record_of(fact.kind, id) == Some(fact.record),
        Aside::Interval { by, from, to } => {
            let key = fact.key(*by);
            key.is_some_and(|key| from_timestamp(*from) <= key && key <= from_timestamp(*to))
        }
    })
}
