//! The planning alone: no network, no store, no clock. A list answers its asks in one line of code.

use std::collections::BTreeSet;

use graph_security::{Comparison, Evidence, NextLink, PageFault, Property, Query, RecordKind, Select};
use jiff::{SignedDuration, Timestamp};
use sync_incidents::plan::{Ask, Failed, Keep, Lane, Next, Novelty, Plan, Row, StreamPlan, Taken, Target};

const KIND: RecordKind = RecordKind::Incident;

fn now() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().expect("a constant")
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

fn row(number: usize, created: Timestamp, updated: Timestamp) -> Row {
    Row { id: number.to_string(), created: Some(created), updated: Some(updated), novelty: Novelty::Changed }
}

/// A list that answers as documented, but for the pages that hold `poison`.
struct List {
    rows: Vec<Row>,
    poison: BTreeSet<String>,
    ids_can_be_read: bool,
    seen: BTreeSet<String>,
    asks: usize,
}

impl List {
    fn of(rows: Vec<Row>) -> Self {
        Self { rows, poison: BTreeSet::new(), ids_can_be_read: true, seen: BTreeSet::new(), asks: 0 }
    }

    fn page(&self, query: &Query) -> (Vec<Row>, bool) {
        let key = |row: &Row, property| match property {
            Property::Created => row.created,
            Property::Updated => row.updated,
        };
        let meets = |row: &&Row| {
            query.filter.iter().all(|condition| {
                let Some(key) = key(row, condition.property) else { return false };
                match condition.comparison {
                    Comparison::Ge => key >= condition.instant,
                    Comparison::Le => key <= condition.instant,
                    Comparison::Eq => key == condition.instant,
                }
            })
        };
        let mut rows: Vec<Row> = self.rows.iter().filter(meets).cloned().collect();
        rows.sort_by_key(|row| key(row, query.order));
        let more = rows.len() > usize::from(query.top);
        rows.truncate(usize::from(query.top));
        (rows, more)
    }

    /// Answers one ask as the run would.
    fn serve(&mut self, plan: &mut StreamPlan, ask: &Ask) {
        self.asks += 1;
        assert!(self.asks < 2_000, "no end");
        let (rows, ids_only) = match &ask.target {
            Target::Page(query) => (self.page(query).0, query.select == Select::Instants),
            Target::Record(id) => (self.rows.iter().filter(|row| row.id == *id).cloned().collect(), false),
            Target::Link(_) | Target::AlertsOf(_) => panic!("an honest list needs neither"),
        };
        let poisoned = rows.iter().any(|row| self.poison.contains(&row.id));
        if poisoned && !(ids_only && self.ids_can_be_read) {
            return plan.failed(&Failed::Page(PageFault::ServerError).into(), now());
        }
        if ask.keep == Keep::All {
            self.seen.extend(rows.iter().map(|row| row.id.clone()));
        }
        let next = Next::End;
        let taken = Taken {
            rows: &rows,
            total: rows.len(),
            next,
            date: Some(now()),
            said: Some(now()),
            partial: false,
            evidence: Evidence::default(),
            now: now(),
        };
        plan.took(&taken);
    }

    /// Runs every lane to its end.
    fn walk(&mut self, plan: &mut StreamPlan) {
        plan.begin();
        for lane in [Lane::Live, Lane::History, Lane::Check, Lane::Live] {
            while let Some(ask) = plan.ask(lane, now()) {
                self.serve(plan, &ask);
            }
        }
    }

    fn all(&self) -> BTreeSet<String> {
        self.rows.iter().map(|row| row.id.clone()).collect()
    }
}

fn plan() -> StreamPlan {
    StreamPlan::new(KIND, ago(30 * 86_400))
}

#[test]
fn a_tie_larger_than_a_page_is_read_by_the_other_property() {
    let tie = ago(3_600);
    let mut rows: Vec<Row> = (0..260).map(|n| row(n, ago(90_000 - i64::try_from(n).unwrap()), tie)).collect();
    rows.extend((260..400).map(|n| row(n, tie, ago(3_500 - i64::try_from(n).unwrap()))));
    let mut list = List::of(rows);
    let mut plan = plan();
    list.walk(&mut plan);
    assert_eq!(list.seen, list.all());
    assert!(plan.standing().aside.is_empty() && plan.standing().observed.unasked_pages == 0);
}

#[test]
fn a_month_is_read_newest_day_first() {
    let mut list =
        List::of((0..900).map(|n| row(n, ago(1), ago(i64::try_from(n).unwrap() * 2_700))).collect());
    let mut plan = plan();
    plan.begin();
    while let Some(ask) = plan.ask(Lane::Live, now()) {
        list.serve(&mut plan, &ask);
    }
    assert!(plan.standing().live_done);
    assert_eq!(list.seen.len(), 33, "today, before anything else");
    list.walk(&mut plan);
    assert_eq!(list.seen, list.all());
    assert!(!plan.standing().pending);
}

#[test]
fn a_poisoned_row_is_named_and_its_neighbours_are_read() {
    let mut list =
        List::of((0..120).map(|n| row(n, ago(9_000), ago(7_200 - i64::try_from(n).unwrap()))).collect());
    list.poison = ["77".to_owned()].into();
    let mut plan = plan();
    list.walk(&mut plan);
    let mut expected = list.all();
    expected.remove("77");
    assert_eq!(list.seen, expected);
    let named = format!("{:?}", plan.standing().aside);
    assert!(named.contains("\"77\"") && plan.standing().aside.len() == 1, "{named}");
}

#[test]
fn poison_in_the_middle_of_a_tie_costs_only_itself() {
    let tie = ago(3_600);
    for ids_can_be_read in [true, false] {
        let rows = (0..130).map(|n| row(n, ago(90_000 - i64::try_from(n).unwrap()), tie)).collect();
        let mut list = List { ids_can_be_read, ..List::of(rows) };
        list.poison = ["64".to_owned()].into();
        let mut plan = plan();
        for _ in 0..30 {
            list.walk(&mut plan);
        }
        let mut expected = list.all();
        expected.remove("64");
        assert_eq!(list.seen, expected, "{ids_can_be_read}: {:?}", plan.standing().aside);
        assert_eq!(plan.standing().aside.len(), 1);
    }
}

#[test]
fn an_outage_sets_nothing_aside() {
    let mut list = List::of((0..10).map(|n| row(n, ago(9_000), ago(7_200))).collect());
    list.poison = list.all();
    let mut plan = plan();
    for _ in 0..200 {
        plan.begin();
        let Some(ask) = plan.ask(Lane::Live, now()) else { continue };
        assert!(matches!(ask.target, Target::Page(_)));
        plan.failed(&Failed::Page(PageFault::ServerError).into(), now());
    }
    assert!(plan.standing().aside.is_empty(), "{:?}", plan.standing().aside);
    list.poison.clear();
    list.walk(&mut plan);
    assert_eq!(list.seen, list.all());
}

#[test]
fn an_expired_link_restarts_its_part() {
    let endpoints = graph_auth::Cloud::Global.endpoints();
    let link = "https://graph.microsoft.com/v1.0/security/incidents?$skiptoken=1";
    let link = NextLink::check(link, &endpoints, KIND).expect("it leads home");
    let mut plan = plan();
    plan.begin();
    let first = plan.ask(Lane::Live, now()).expect("the live range");
    let next = Next::Link(link.clone());
    plan.took(&Taken {
        rows: &[],
        total: 0,
        next,
        date: Some(now()),
        said: Some(now()),
        partial: false,
        evidence: Evidence::default(),
        now: now(),
    });
    assert_eq!(plan.ask(Lane::Live, now()).expect("on").target, Target::Link(link));
    plan.failed(&Failed::Link.into(), now());
    let Target::Page(again) = plan.ask(Lane::Live, now()).expect("again").target else { panic!("a page") };
    let Target::Page(first) = first.target else { panic!("a page") };
    assert_eq!(again.filter[0], first.filter[0], "from where the walk stands");
}

#[test]
fn a_checkpoint_is_walked_on_from_after_any_answer() {
    let tie = ago(3_600);
    let mut rows: Vec<Row> = (0..130).map(|n| row(n, ago(90_000 - i64::try_from(n).unwrap()), tie)).collect();
    rows.extend((130..400).map(|n| row(n, ago(9), ago(i64::try_from(n).unwrap() * 3_000))));
    let mut list = List::of(rows);
    list.poison = ["200".to_owned()].into();
    let mut plan = plan();
    plan.begin();
    for _ in 0..300 {
        for lane in [Lane::Live, Lane::Check, Lane::History] {
            let Some(ask) = plan.ask(lane, now()) else { continue };
            list.serve(&mut plan, &ask);
            let kept = serde_json::to_string(&plan).unwrap();
            plan = serde_json::from_str(&kept).unwrap();
            plan.begin();
        }
    }
    let mut expected = list.all();
    expected.remove("200");
    assert_eq!(list.seen, expected);
}

#[test]
fn a_quiet_stream_whose_answers_have_no_date_queues_its_history_once() {
    let mut plan = plan();
    for _ in 0..5 {
        plan.begin();
        while plan.ask(Lane::Live, now()).is_some() {
            let next = Next::End;
            plan.took(&Taken {
                rows: &[],
                total: 0,
                next,
                date: None,
                said: None,
                partial: false,
                evidence: Evidence::default(),
                now: now(),
            });
        }
    }
    let state = serde_json::to_value(&plan).expect("a plan can be kept");
    assert_eq!(state["history"].as_array().map(Vec::len), Some(1), "{state:#}");
}

#[test]
fn a_row_from_the_future_is_nothing_that_is_read_up_to() {
    let mut plan = plan();
    plan.begin();
    let rows = [row(1, ago(90), ago(60)), row(2, ago(90), ago(-70_000_000))];
    let ask = plan.ask(Lane::Live, now());
    assert!(ask.is_some());
    plan.took(&Taken {
        rows: &rows,
        total: 2,
        next: Next::End,
        date: None,
        said: None,
        partial: false,
        evidence: Evidence::default(),
        now: now(),
    });
    assert!(plan.standing().live_done);
    assert_eq!(plan.standing().read_up_to, Some(ago(60)));
}

/// Nothing but rows without an instant: no filter finds them, and here no link leads on.
#[test]
fn rows_without_an_instant_are_read_by_number_where_there_is_no_link() {
    let mut plan = StreamPlan::new(RecordKind::Alert, ago(30 * 86_400));
    plan.begin();
    let undated =
        |n: usize| Row { id: n.to_string(), created: None, updated: None, novelty: Novelty::Changed };
    let (mut seen, mut asks) = (BTreeSet::new(), 0);
    while let Some(ask) = plan.ask(Lane::Check, now()) {
        asks += 1;
        assert!(asks < 20, "no end");
        let Target::Page(query) = ask.target else { panic!("no link was given") };
        let (skip, top) = (usize::from(query.skip), usize::from(query.top));
        let rows: Vec<Row> = (0..250).skip(skip).take(top).map(undated).collect();
        seen.extend(rows.iter().map(|row| row.id.clone()));
        let (total, next, date) = (rows.len(), Next::End, Some(now()));
        plan.took(&Taken {
            rows: &rows,
            total,
            next,
            date,
            said: date,
            partial: false,
            evidence: Evidence::default(),
            now: now(),
        });
    }
    assert_eq!(seen.len(), 250);
}

#[test]
fn a_sweep_that_is_due_is_pending_before_it_is_asked_for() {
    let mut list = List::of((0..10).map(|n| row(n, ago(9_000), ago(7_200))).collect());
    let mut plan = plan();
    list.walk(&mut plan);
    assert!(!plan.standing().pending);
    plan.begin();
    assert!(plan.ask(Lane::Live, now() + SignedDuration::from_mins(61)).is_some());
    assert!(plan.standing().pending);
}

/// Where a live read of a plan begins.
fn live_from(plan: &mut StreamPlan, now: Timestamp) -> Timestamp {
    plan.begin();
    let ask = plan.ask(Lane::Live, now).expect("what is new");
    let Target::Page(query) = ask.target else { panic!("{:?}", ask.target) };
    query.filter[0].instant
}

/// An empty last page or one of a row, from a Graph whose clock says `said`.
fn answer(plan: &mut StreamPlan, rows: &[Row], said: Option<Timestamp>, now: Timestamp) {
    let date = said.filter(|said| said.duration_since(now).abs() < SignedDuration::from_mins(15));
    let (total, next, evidence) = (rows.len(), Next::End, Evidence::default());
    plan.took(&Taken { rows, total, next, date, said, partial: false, evidence, now });
}

/// A plan that has read everything up to now, of which the next read begins at the overlap's beginning.
fn well() -> (StreamPlan, Timestamp) {
    let mut plan = plan();
    live_from(&mut plan, now());
    answer(&mut plan, &[], Some(now()), now());
    let from = live_from(&mut plan, now());
    assert_eq!(from, ago(300));
    answer(&mut plan, &[], Some(now()), now());
    (plan, from)
}

#[test]
fn a_clock_that_was_ahead_does_not_make_history_of_what_is_yet_to_come() {
    let hours = |hours| now() + SignedDuration::from_hours(hours);
    for ahead in [30, 24 * 400] {
        let (mut plan, from) = well();
        assert!(live_from(&mut plan, hours(ahead)) > now(), "the gap is history to such a clock");
        answer(&mut plan, &[], Some(now()), hours(ahead));
        assert_eq!(live_from(&mut plan, hours(ahead)), from, "Microsoft has said another time");
        answer(&mut plan, &[], Some(now()), hours(ahead));
        assert_eq!(live_from(&mut plan, now()), from, "the clock is right again");
    }
}

#[test]
fn a_row_of_the_future_is_not_what_is_read_up_to_for_ever() {
    let (mut plan, _) = well();
    let ahead = now() + SignedDuration::from_hours(24 * 100);
    let future = row(1, now(), now() + SignedDuration::from_hours(24 * 75));
    live_from(&mut plan, ahead);
    answer(&mut plan, &[future], None, ahead);
    let from = live_from(&mut plan, now());
    assert!(from < now(), "{from}");
}

#[test]
fn a_sweep_of_a_clock_that_is_behind_ends_after_microsoft_s_now() {
    let (mut plan, _) = well();
    let behind = ago(10 * 86_400);
    live_from(&mut plan, behind);
    answer(&mut plan, &[], Some(now()), behind);
    plan.sweep_now();
    let rows: Vec<Row> =
        (0..60).map(|n| row(n, ago(3_600), ago(3_600 - 60 * i64::try_from(n).unwrap()))).collect();
    let mut seen = BTreeSet::new();
    while let Some(ask) = plan.ask(Lane::Check, behind) {
        let Target::Page(query) = &ask.target else { panic!("{:?}", ask.target) };
        let meets = |row: &&Row| {
            query.filter.iter().all(|condition| match condition.comparison {
                Comparison::Ge => row.updated >= Some(condition.instant),
                Comparison::Le => row.updated <= Some(condition.instant),
                Comparison::Eq => row.updated == Some(condition.instant),
            })
        };
        let page: Vec<Row> = rows.iter().filter(meets).take(usize::from(query.top)).cloned().collect();
        seen.extend(page.iter().map(|row| row.id.clone()));
        answer(&mut plan, &page, Some(now()), behind);
    }
    assert_eq!(seen.len(), 60);
}
