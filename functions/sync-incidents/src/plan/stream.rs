//! One stream's plan: a live watermark, and a short list of ranges still to be read.

use std::collections::VecDeque;

use graph_security::{Property, RecordKind};
use incident_store::{Aside, Observed};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::aside::AsideList;
use super::doubts::Doubts;
use super::lateness::Lateness;
use super::part::{Effects, Ordered, ceil_second, floor_second};
use super::range::{Purpose, Range};
use super::sweeps::Sweep;
use super::{Ask, CLOCKS_DIFFER, Failed, Failure, Keep, Lane, Novelty, Plan, Standing, Taken, Target};

/// The live range never reaches further back: what is older is history and yields to what is new.
const LIVE_REACH: SignedDuration = SignedDuration::from_hours(24);

/// The first slice of history; the next ones grow while they are nearly empty and shrink while they are
/// full, so that the newest day comes first and a quiet month costs a handful of calls.
const SLICE: i64 = 86_400;
const LEAST_SLICE: i64 = 3_600;
const MOST_SLICE: i64 = 60 * 86_400;

/// Our clock and Microsoft's may differ by minutes; where an interval must have an end and Microsoft has
/// not said what time it is, it ends this much after our now.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(1);

/// How many recently changed incidents have their alerts read once more by the daily sweep.
const SAMPLE: usize = 10;

/// Between two looks at a stream, when all is well: the least interval, and the time that a run takes.
const LOOKED: SignedDuration = SignedDuration::from_mins(2);

const DAY: SignedDuration = SignedDuration::from_hours(24);
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The engine's planning of one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamPlan {
    kind: RecordKind,
    /// How far back the first read goes.
    since: Timestamp,
    /// Everything that was visible is read up to here; Microsoft's clock.
    watermark: Option<Timestamp>,
    /// What lies before it and was not read is in `history`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    queued_to: Option<Timestamp>,
    /// How much later it is by Microsoft's clock than by ours, by the last answer that said a time; zero unless they
    /// differ too much for either to be believed.
    #[serde(default)]
    clocks_differ: SignedDuration,
    live: Option<Range>,
    /// Whether the live range was begun in this run: what an earlier one began ends before what is new.
    #[serde(skip)]
    live_is_fresh: bool,
    /// Whether the live range was read to its end since the last beginning of a run.
    #[serde(skip)]
    live_done: bool,
    /// A retry or sweeps in progress, first things first.
    checks: VecDeque<Range>,
    /// What a retry in progress will heal.
    healing: Option<Aside>,
    /// The slice of history in progress.
    slice: Option<Range>,
    /// Intervals never read yet, the newest last.
    history: Vec<(Timestamp, Timestamp)>,
    /// Seconds that the next slice spans.
    slice_seconds: i64,
    hourly: Sweep,
    daily: Sweep,
    aside: AsideList,
    #[serde(default)]
    doubts: Doubts,
    lateness: Lateness,
    observed: Observed,
    /// By what the list comes in the order that is asked for, as far as is known.
    #[serde(default)]
    ordered: Ordered,
    /// Incidents that changed lately, newest last; the daily sweep of alerts reads theirs.
    sample: VecDeque<String>,
    /// Incidents whose alerts are to be read now.
    sampling: Vec<String>,
    /// What the last ask was for.
    #[serde(skip)]
    asked: Option<Asked>,
    #[serde(skip)]
    changes: u64,
    #[serde(skip)]
    outage: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Live,
    Check,
    Slice,
    Retry(String),
    Doubt(String),
    Sample,
}

impl Plan for StreamPlan {
    fn new(kind: RecordKind, since: Timestamp) -> Self {
        Self {
            kind,
            since,
            watermark: None,
            queued_to: None,
            clocks_differ: SignedDuration::ZERO,
            live: None,
            live_is_fresh: false,
            live_done: false,
            checks: VecDeque::from([Range::undated(kind)]),
            healing: None,
            slice: None,
            history: Vec::new(),
            slice_seconds: SLICE,
            hourly: Sweep::every(HOUR),
            daily: Sweep::every(DAY),
            aside: AsideList::default(),
            doubts: Doubts::default(),
            lateness: Lateness::default(),
            observed: Observed::default(),
            ordered: Ordered::default(),
            sample: VecDeque::new(),
            sampling: Vec::new(),
            asked: None,
            changes: 0,
            outage: false,
        }
    }

    fn ask(&mut self, lane: Lane, now: Timestamp) -> Option<Ask> {
        let (asked, ask) = match lane {
            Lane::Live => (Asked::Live, self.ask_live(now)?),
            Lane::Check => self.ask_check(now)?,
            Lane::History => (Asked::Slice, self.ask_history(now)?),
        };
        self.asked = Some(asked);
        Some(ask)
    }

    fn took(&mut self, taken: &Taken<'_>) {
        self.observe(taken);
        self.compare_clocks(taken);
        let fallback = taken.date.map_or_else(|| self.surely_later(taken.now), ceil_second);
        let (kind, ordered) = (self.kind, self.ordered);
        let took = |range: &mut Range| range.took(kind, taken, fallback, ordered);
        let effects = match self.asked.take() {
            Some(Asked::Live) => self.live.as_mut().map(took),
            Some(Asked::Check) => self.checks.front_mut().map(took),
            Some(Asked::Slice) => self.slice.as_mut().map(took),
            Some(Asked::Retry(id)) => {
                self.aside.healed(&Aside::Record { id });
                None
            }
            Some(Asked::Doubt(id)) => {
                self.doubts.was_read(&id, taken);
                None
            }
            Some(Asked::Sample) | None => None,
        };
        self.apply(effects, taken.now);
    }

    fn failed(&mut self, failure: &Failure, now: Timestamp) {
        let fallback = self.surely_later(now);
        let (kind, ordered) = (self.kind, self.ordered);
        let fail = |range: &mut Range| range.failed(kind, failure, fallback, ordered);
        let effects = match self.asked.take() {
            Some(Asked::Live) => self.live.as_mut().map(fail),
            Some(Asked::Check) => self.checks.front_mut().map(fail),
            Some(Asked::Slice) => self.slice.as_mut().map(fail),
            Some(Asked::Retry(id)) => {
                match failure.how {
                    Failed::Page(graph_security::PageFault::NotFound) => {
                        self.aside.healed(&Aside::Record { id });
                    }
                    _ => self.aside.record(self.kind, id, failure.why(), now),
                }
                None
            }
            Some(Asked::Doubt(id)) => {
                if failure.how == Failed::Page(graph_security::PageFault::NotFound) {
                    self.doubts.ended(&id);
                }
                None
            }
            // Its incident's page fails: the walks find those alerts as well.
            Some(Asked::Sample) | None => None,
        };
        self.apply(effects, now);
    }

    fn standing(&self) -> Standing<'_> {
        let history = self.history.first().map(|(from, _)| *from);
        Standing {
            read_up_to: self.watermark,
            live_done: self.live_done,
            history_from: history.or(self.slice.as_ref().and_then(|slice| slice.from)),
            pending: !self.history.is_empty() || self.slice.is_some() || !self.checks.is_empty(),
            outage: self.outage,
            in_trouble: self.ranges().any(Range::is_in_trouble),
            aside: self.aside.entries(),
            observed: Observed {
                overlap_seconds: self.lateness.overlap().as_secs().unsigned_abs(),
                worst_lateness_seconds: self.lateness.worst().unsigned_abs(),
                sweeps_stretched: self.hourly.stretched().max(self.daily.stretched()).unsigned_abs(),
                ..self.observed.clone()
            },
            changes: self.changes,
        }
    }

    fn changed(&mut self, incident_id: &str) {
        self.sample.retain(|id| id != incident_id);
        self.sample.push_back(incident_id.to_owned());
        if self.sample.len() > SAMPLE {
            self.sample.pop_front();
        }
    }

    fn retry_aside(&mut self) {
        self.aside.make_due();
        self.changes += 1;
    }

    fn read_again(&mut self, since: Timestamp) {
        // Before the first live read there is nothing to read once more.
        let Some(read_up_to) = self.watermark else { return };
        if since < read_up_to {
            self.history.push((floor_second(since), ceil_second(read_up_to)));
            self.checks.push_back(Range::undated(self.kind));
            self.changes += 1;
        }
    }

    fn sweep_now(&mut self) {
        self.hourly.make_due();
        self.daily.make_due();
        self.changes += 1;
    }

    fn begin(&mut self) {
        self.live_done = false;
        self.live_is_fresh = false;
        self.outage = false;
        self.asked = None;
    }
}

impl StreamPlan {
    fn ranges(&self) -> impl Iterator<Item = &Range> {
        self.live.iter().chain(self.checks.front()).chain(&self.slice)
    }

    fn ask_live(&mut self, now: Timestamp) -> Option<Ask> {
        if self.live_done {
            return None;
        }
        if self.live.is_none() {
            // Known to be waiting, also where this run has no time for them.
            self.schedule_sweeps(now);
            self.live = Some(self.next_live(now));
            self.live_is_fresh = true;
        }
        self.live.as_ref()?.ask(self.kind)
    }

    /// From the watermark less the overlap on; a gap of more than a day becomes history, so that today
    /// comes first. A clock that is ahead takes what is yet to come for history.
    fn next_live(&mut self, now: Timestamp) -> Range {
        let reach = floor_second(now.min(self.theirs(now)) - LIVE_REACH);
        self.leave_the_future(now);
        let read = self.watermark.map(|watermark| floor_second(watermark - self.lateness.overlap()));
        if let Some(from) = read.filter(|_| self.clocks_differ != SignedDuration::ZERO) {
            return self.range(Purpose::Live, Property::Updated, (from, None));
        }
        let queued_to = self.queued_to.filter(|queued| *queued <= reach);
        let from = read.max(queued_to).unwrap_or_else(|| floor_second(self.since));
        if from < reach {
            self.history.push((from, reach));
            self.queued_to = Some(reach);
            self.changes += 1;
        }
        self.range(Purpose::Live, Property::Updated, (from.max(reach), None))
    }

    fn ask_history(&mut self, now: Timestamp) -> Option<Ask> {
        if self.slice.is_none() {
            // A clock that was ahead has queued what is yet to come.
            let latest = self.surely_later(now);
            self.history.retain(|(from, _)| *from < latest);
            let (from, to) = self.history.pop()?;
            let to = to.min(latest);
            let start = from.max(floor_second(to - SignedDuration::from_secs(self.slice_seconds)));
            if start > from {
                self.history.push((from, start));
            }
            self.slice = Some(self.range(Purpose::History, Property::Updated, (start, Some(to))));
        }
        self.slice.as_ref()?.ask(self.kind)
    }

    fn ask_check(&mut self, now: Timestamp) -> Option<(Asked, Ask)> {
        self.schedule_sweeps(now);
        if self.healing.is_none() {
            match self.aside.take_due(now) {
                Some(Aside::Record { id }) => {
                    self.changes += 1;
                    return Some((Asked::Retry(id.clone()), whole(Target::Record(id))));
                }
                Some(interval) => {
                    self.changes += 1;
                    if let Some(range) = Range::retry_of(self.kind, &interval) {
                        // Behind the sweeps that wait: a costly retry must not take all of their share.
                        self.checks.push_back(range);
                        self.healing = Some(interval);
                    }
                }
                None => {}
            }
        }
        if let Some((id, over)) = self.doubts.take_due(now) {
            self.changes += 1;
            let keep = over.map_or(Keep::All, Keep::Over);
            return Some((Asked::Doubt(id.clone()), Ask { target: Target::Record(id), keep }));
        }
        if let Some(id) = self.sampling.pop() {
            return Some((Asked::Sample, whole(Target::AlertsOf(id))));
        }
        self.checks.front()?.ask(self.kind).map(|ask| (Asked::Check, ask))
    }

    /// The last day every hour, the last week every day; without an upper bound. The week's sweep of
    /// alerts walks `createdDateTime` as well, and looks for rows without an instant.
    fn schedule_sweeps(&mut self, now: Timestamp) {
        // Before the first live read there is nothing to check.
        let Some(read_up_to) = self.watermark else { return };
        let running = |purpose| self.checks.iter().any(|range| range.purpose == purpose);
        let (hourly, daily) = (running(Purpose::HourlySweep), running(Purpose::DailySweep));
        if let Some(since) = self.daily.is_due(now, daily, read_up_to) {
            self.sweep(Purpose::DailySweep, Property::Updated, since - WEEK);
            if self.kind == RecordKind::Alert {
                self.sweep(Purpose::DailySweep, Property::Created, since - WEEK);
            }
            self.checks.push_back(Range::undated(self.kind));
            self.sampling = self.sample.drain(..).collect();
            self.changes += 1;
        }
        if let Some(since) = self.hourly.is_due(now, hourly, read_up_to) {
            self.sweep(Purpose::HourlySweep, Property::Updated, since - DAY);
            self.changes += 1;
        }
    }

    fn sweep(&mut self, purpose: Purpose, by: Property, from: Timestamp) {
        let range = self.range(purpose, by, (floor_second(from), None));
        self.checks.push_back(range);
    }

    /// A range around what is known to fail.
    fn range(&self, purpose: Purpose, by: Property, bounds: (Timestamp, Option<Timestamp>)) -> Range {
        let left_out = self.watermark.map(|read_up_to| self.aside.known(by, read_up_to)).unwrap_or_default();
        Range::new(self.kind, purpose, by, bounds, &left_out)
    }

    /// What an answer says about this tenant's Graph.
    fn observe(&mut self, taken: &Taken<'_>) {
        let purpose = match self.asked {
            Some(Asked::Live) => Some(Purpose::Live),
            Some(Asked::Check) => self.checks.front().map(|range| range.purpose),
            _ => None,
        };
        self.observed.undated_answers += u64::from(taken.date.is_none());
        self.observed.partial_answers += u64::from(taken.partial);
        self.observed.unreadable_rows += (taken.total.saturating_sub(taken.rows.len())) as u64;
        for row in taken.rows {
            if row.novelty != Novelty::Passed {
                self.aside.met(&row.id);
            }
            self.observed.changed_in_place += u64::from(row.novelty == Novelty::ChangedInPlace);
            self.observed.went_back += u64::from(row.novelty == Novelty::WentBack);
            self.changes += u64::from(self.doubts.saw(row, taken.now));
        }
        if let (Some(purpose), Some(watermark)) = (purpose, self.watermark) {
            self.observe_lateness(taken, purpose, watermark);
        }
    }

    /// An answer without a time says nothing about the clocks.
    fn compare_clocks(&mut self, taken: &Taken<'_>) {
        let Some(differ) = taken.clocks_differ() else { return };
        // To the minute: an answer takes a while, and what is kept is not to change with each.
        let differ = SignedDuration::from_mins(differ.as_mins());
        self.changes += u64::from(differ != self.clocks_differ);
        self.clocks_differ = differ;
        if differ != SignedDuration::ZERO && self.queued_to.is_some_and(|queued| queued > taken.at_least()) {
            self.queued_to = None;
        }
    }

    /// Nothing can be read up to an instant that is yet to come. A row of the future has set it, while our clock was ahead
    /// as well and the answer told no time. What was missed meanwhile is at most as old as that clock was wrong.
    fn leave_the_future(&mut self, now: Timestamp) {
        let latest = self.latest(now);
        if self.watermark.is_some_and(|watermark| watermark > latest + CLOCKS_DIFFER) {
            self.watermark = Some(floor_second(latest - LIVE_REACH));
            self.changes += 1;
        }
    }

    /// Microsoft's clock, as far as is known.
    fn theirs(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.clocks_differ).unwrap_or(now)
    }

    /// The later of the two clocks.
    fn latest(&self, now: Timestamp) -> Timestamp {
        now.max(self.theirs(now))
    }

    /// An end for what has none, where Microsoft's clock is not believed: later than now, whichever clock is right.
    fn surely_later(&self, now: Timestamp) -> Timestamp {
        ceil_second(self.latest(now) + CLOCK_SLACK)
    }

    /// A change from before an instant up to which everything had been read became visible late; one that
    /// the overlap would not have met is one that only a sweep found.
    fn observe_lateness(&mut self, taken: &Taken<'_>, purpose: Purpose, watermark: Timestamp) {
        // What became visible while nobody looked was perhaps there at once.
        let seen = taken.date.unwrap_or(taken.now).min(watermark + LOOKED);
        let met_anyway = watermark - self.lateness.overlap();
        let history_is_read = self.history.is_empty() && self.slice.is_none();
        for row in taken.rows.iter().filter(|row| row.novelty == Novelty::Changed) {
            let Some(updated) = row.updated.filter(|updated| *updated < watermark) else { continue };
            let found = match purpose {
                Purpose::Live => {
                    self.lateness.saw(updated, seen);
                    continue;
                }
                Purpose::HourlySweep => &mut self.observed.found_by_hourly_sweep,
                Purpose::DailySweep => &mut self.observed.found_by_daily_sweep,
                Purpose::History | Purpose::Undated | Purpose::Retry => continue,
            };
            if history_is_read && updated < met_anyway {
                *found += 1;
                self.lateness.saw(updated, seen);
            }
        }
    }

    /// A retry or a part of a sweep is read to its end.
    fn checked(&mut self, done: &Range) {
        let is_last = !self.checks.iter().any(|range| range.purpose == done.purpose);
        match done.purpose {
            Purpose::HourlySweep if is_last => self.hourly.ended(),
            Purpose::DailySweep if is_last => self.daily.ended(),
            Purpose::Retry => {
                // What of it still fails is set aside by itself.
                if let Some(what) = self.healing.take() {
                    self.aside.healed(&what);
                }
            }
            _ => {}
        }
    }

    /// What a step did beyond its own range, and what follows when a range is read to its end.
    fn apply(&mut self, effects: Option<Effects>, now: Timestamp) {
        if let Some(effects) = effects {
            self.ordered = effects.ordered;
            self.observed.unasked_pages += u64::from(effects.unasked);
            self.outage |= effects.outage;
            if let Some((by, from, to, why)) = effects.aside_interval {
                let interval = (by, from, to.unwrap_or(from));
                self.aside.interval(self.kind, interval, why, now, self.healing.as_ref());
            }
            match effects.aside_record {
                Some((_, why, Some(lies_in))) if self.aside.is_full() => {
                    self.aside.interval(self.kind, lies_in, why, now, self.healing.as_ref());
                }
                Some((id, why, _)) => self.aside.record(self.kind, id, why, now),
                None => {}
            }
        }
        // An idle live read is one page that changed nothing: nothing worth a write of its own.
        let is_idle = self.live.as_ref().is_some_and(Range::is_idle);
        self.changes += u64::from(!is_idle);
        if let Some(live) = self.live.take_if(|live| live.is_done()) {
            self.watermark = self.watermark.max(live.read_up_to());
            self.live_done = self.live_is_fresh;
        }
        if let Some(slice) = self.slice.take_if(|slice| slice.is_done()) {
            self.slice_seconds = match slice.pages {
                0..=1 => (self.slice_seconds * 2).min(MOST_SLICE),
                2..=10 => self.slice_seconds,
                _ => (self.slice_seconds / 2).max(LEAST_SLICE),
            };
        }
        if let Some(done) = self.checks.pop_front_if(|range| range.is_done()) {
            self.checked(&done);
        }
    }
}

fn whole(target: Target) -> Ask {
    Ask { target, keep: Keep::All }
}
