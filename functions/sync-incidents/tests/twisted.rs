//! The planning against lists that are not what they seem: literals that are rounded, rows that move while they
//! are read, links that lead nowhere. Each of these lost something once, in the adversary's hands.

use std::collections::BTreeSet;

use graph_auth::Cloud;
use graph_security::{Comparison, Evidence, NextLink, PageFault, Property, Query, RecordKind};
use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use sync_incidents::plan::{Failed, Lane, Next, Novelty, Plan, Row, StreamPlan, Taken, Target};

const KIND: RecordKind = RecordKind::Incident;
/// Rows in a page.
const PAGE: usize = 50;

fn at(text: &str) -> Timestamp {
    format!("2026-11-02T{text}Z").parse().expect("a time of that day")
}

fn row(id: usize, created: Timestamp, updated: Timestamp) -> Row {
    Row { id: id.to_string(), created: Some(created), updated: Some(updated), novelty: Novelty::Changed }
}

/// So many rows, a second apart.
fn spread(count: usize) -> Vec<Row> {
    let instant = |n| at("08:00:00") + SignedDuration::from_secs(i64::try_from(n).expect("few"));
    (0..count).map(|n| row(n, at("07:00:00"), instant(n))).collect()
}

/// Within the last five minutes.
fn later(instant: Option<Timestamp>) -> Timestamp {
    instant.expect("it has one") + SignedDuration::from_mins(56)
}

fn link(text: &str) -> NextLink {
    let text = format!("https://graph.microsoft.com/v1.0/security/incidents?{text}");
    NextLink::check(&text, &Cloud::Global.endpoints(), KIND).expect("it leads home")
}

fn key(row: &Row, property: Property) -> Option<Timestamp> {
    match property {
        Property::Created => row.created,
        Property::Updated => row.updated,
    }
}

struct Twisted {
    rows: Vec<Row>,
    /// What filter literals are rounded to.
    literals: Unit,
    /// Where every link leads.
    link: Option<NextLink>,
    seen: BTreeSet<String>,
    /// Everything that was asked, in order.
    asked: Vec<Target>,
}

impl Twisted {
    fn of(rows: Vec<Row>) -> Self {
        Self { rows, literals: Unit::Nanosecond, link: None, seen: BTreeSet::new(), asked: Vec::new() }
    }

    fn page(&self, query: &Query) -> Vec<Row> {
        let rounded = |instant: Timestamp| {
            instant.round(TimestampRound::new().smallest(self.literals)).expect("a unit of the day")
        };
        let meets = |row: &&Row| {
            query.filter.iter().all(|condition| {
                let Some(key) = key(row, condition.property) else { return false };
                match condition.comparison {
                    Comparison::Ge => key >= rounded(condition.instant),
                    Comparison::Le => key <= rounded(condition.instant),
                    Comparison::Eq => key == rounded(condition.instant),
                }
            })
        };
        let mut rows: Vec<Row> = self.rows.iter().filter(meets).cloned().collect();
        rows.sort_by_key(|row| key(row, query.order));
        rows.into_iter().skip(query.skip.into()).take(query.top.into()).collect()
    }

    /// One ask of the live lane; false when there is none. `fails` says which one fails.
    fn step(&mut self, plan: &mut StreamPlan, fails: impl Fn(&Target) -> bool) -> bool {
        assert!(self.asked.len() < 500, "no end");
        let Some(ask) = plan.ask(Lane::Live, at("09:00:00")) else { return false };
        self.asked.push(ask.target.clone());
        if fails(&ask.target) {
            plan.failed(&Failed::Page(PageFault::ServerError).into(), at("09:00:00"));
            return true;
        }
        let rows = match &ask.target {
            Target::Page(query) => self.page(query),
            Target::Record(id) => self.rows.iter().filter(|row| row.id == *id).cloned().collect(),
            Target::Link(_) => self.rows.iter().take(PAGE).cloned().collect(),
            Target::AlertsOf(_) => panic!("of incidents nothing else is asked"),
        };
        let is_full = rows.len() >= PAGE;
        let next = self.link.clone().filter(|_| is_full).map_or(Next::End, Next::Link);
        self.answer(plan, &rows, next);
        true
    }

    fn answer(&mut self, plan: &mut StreamPlan, rows: &[Row], next: Next) {
        let known = |row: &Row| if self.seen.contains(&row.id) { Novelty::Known } else { Novelty::Changed };
        let rows: Vec<Row> = rows.iter().map(|row| Row { novelty: known(row), ..row.clone() }).collect();
        self.seen.extend(rows.iter().map(|row| row.id.clone()));
        let (date, now) = (Some(at("09:00:00")), at("09:00:00"));
        plan.took(&Taken {
            rows: &rows,
            total: rows.len(),
            next,
            date,
            said: date,
            partial: false,
            evidence: Evidence::default(),
            now,
        });
    }

    fn assert_all_seen(&self) {
        let all: BTreeSet<String> = self.rows.iter().map(|row| row.id.clone()).collect();
        assert_eq!(self.seen, all, "{:#?}", self.asked);
    }
}

fn begun() -> StreamPlan {
    let mut plan = StreamPlan::new(KIND, at("06:00:00"));
    plan.begin();
    plan
}

/// A page's worth in order, then so many rows that share both instants.
fn with_tie(instant: Timestamp, count: usize) -> Vec<Row> {
    let mut rows = spread(PAGE - 1);
    rows.extend((PAGE..PAGE + count).map(|n| row(n, instant, instant)));
    rows
}

#[test]
fn a_link_that_leads_to_its_own_page_hides_no_row_behind_it() {
    let mut list = Twisted::of(with_tie(at("08:30:00.5"), 130));
    list.link = Some(link("$top=50"));
    let mut plan = begun();
    while list.step(&mut plan, |_| false) {}
    list.assert_all_seen();
    assert!(plan.standing().aside.is_empty(), "{:?}", plan.standing().aside);
}

#[test]
fn front_ends_that_lag_each_other_hide_no_row_from_a_walk_by_number() {
    let mut list = Twisted::of(with_tie(at("08:30:00.5"), 130));
    let mut plan = begun();
    let mut lagging = list.rows.clone();
    for row in &mut list.rows[PAGE..PAGE + 5] {
        row.updated = Some(at("08:40:00"));
    }
    // Each first page comes from where five rows have not moved yet, and each further one from where they have.
    while let Some(ask) = plan.ask(Lane::Live, at("09:00:00")) {
        let is_first = matches!(&ask.target, Target::Page(query) if query.skip == 0);
        if is_first {
            std::mem::swap(&mut list.rows, &mut lagging);
        }
        list.step(&mut plan, |_| false);
        if is_first {
            std::mem::swap(&mut list.rows, &mut lagging);
        }
    }
    list.assert_all_seen();
}

#[test]
fn a_row_that_has_moved_does_not_vouch_for_the_others_of_its_instant() {
    let mut list = Twisted { literals: Unit::Second, ..Twisted::of(with_tie(at("08:30:00.6348"), 12)) };
    let mut plan = begun();
    assert!(list.step(&mut plan, |_| false));
    // The first page ends with one row of the tie, which is edited now. The next page is asked from .6348 on,
    // and begins at the next second.
    let stood_on = list.rows.iter_mut().find(|row| row.id == PAGE.to_string()).expect("it is there");
    stood_on.updated = Some(at("08:30:01.2"));
    while list.step(&mut plan, |_| false) {}
    list.assert_all_seen();
}

#[test]
fn a_row_that_cannot_be_read_does_not_vouch_for_the_others_of_its_tie() {
    // A tie whose rows were made at two instants: the literal of the second one is rounded past its rows.
    let (tie, made) = (at("08:30:00.5"), at("07:30:00.0925800"));
    let mut rows = spread(PAGE - 1);
    rows.extend((PAGE..PAGE + 49).map(|n| row(n, at("07:29:00"), tie)));
    rows.extend((PAGE + 49..PAGE + 70).map(|n| row(n, made, tie)));
    let mut list = Twisted { literals: Unit::Millisecond, ..Twisted::of(rows) };
    let mut plan = begun();
    while list.step(&mut plan, |target| matches!(target, Target::Record(_))) {}
    list.assert_all_seen();
}

#[test]
fn a_page_behind_a_link_is_measured_by_the_size_that_was_asked_for() {
    let mut list = Twisted::of(spread(60));
    let mut plan = begun();
    // The list is known to be in order. Then there is more; but the first page fails, and smaller ones follow.
    while list.step(&mut plan, |_| false) {}
    let new = |row: Row| Row { id: format!("new {}", row.id), updated: Some(later(row.updated)), ..row };
    list.rows = spread(200).into_iter().map(new).collect();
    list.seen.clear();
    plan.begin();
    assert!(list.step(&mut plan, |_| true) && list.step(&mut plan, |_| true));
    let Some(Target::Page(query)) = plan.ask(Lane::Live, at("09:00:00")).map(|ask| ask.target) else {
        panic!("a page")
    };
    let size = usize::from(query.top);
    assert!(size < PAGE);
    // Nothing but a link; behind it a full page of that size, and no link.
    list.answer(&mut plan, &[], Next::Link(link("$skiptoken=1")));
    let behind = plan.ask(Lane::Live, at("09:00:00")).map(|ask| ask.target);
    assert_eq!(behind, Some(Target::Link(link("$skiptoken=1"))));
    let rows = list.rows[..size].to_vec();
    list.answer(&mut plan, &rows, Next::End);
    while list.step(&mut plan, |_| false) {}
    list.assert_all_seen();
}

#[test]
fn what_is_known_to_fail_is_walked_around() {
    let mut list = Twisted::of(spread(120));
    for row in &mut list.rows {
        // Within the overlap: each sync comes by.
        row.updated = Some(later(row.updated));
    }
    let poison = list.rows[77].clone();
    let holds_poison = |rows: &[Row]| rows.iter().any(|row| row.id == poison.id);
    let mut plan = begun();
    let mut failures = |list: &mut Twisted| {
        let mut failures = 0;
        plan.begin();
        while let Some(ask) = plan.ask(Lane::Live, at("09:00:00")) {
            let Target::Page(query) = &ask.target else { panic!("pages only") };
            let rows = list.page(query);
            if holds_poison(&rows) {
                failures += 1;
                plan.failed(&Failed::Page(PageFault::ServerError).into(), at("09:00:00"));
            } else {
                list.answer(&mut plan, &rows, Next::End);
            }
        }
        failures
    };
    assert!(failures(&mut list) > 10, "not even its id can be read");
    // Its second may need to be named from both sides.
    failures(&mut list);
    assert_eq!(failures(&mut list), 0, "until it is tried again by itself");
    list.rows.remove(77);
    list.assert_all_seen();
}

#[test]
fn a_link_that_is_refused_each_time_is_not_asked_for_for_ever() {
    let mut list = Twisted::of(spread(0));
    let mut plan = begun();
    let mut asks = 0;
    while let Some(ask) = plan.ask(Lane::Live, at("09:00:00")) {
        asks += 1;
        assert!(asks < 50, "no end");
        match ask.target {
            Target::Link(_) => plan.failed(&Failed::Link.into(), at("09:00:00")),
            _ => list.answer(&mut plan, &[], Next::Link(link("$skiptoken=1"))),
        }
    }
    let live_done = plan.standing().live_done;
    assert!(live_done && plan.standing().aside.len() == 1, "{:?}", plan.standing().aside);
}

#[test]
fn an_empty_page_that_links_to_itself_ends() {
    let mut list = Twisted::of(spread(0));
    let mut plan = begun();
    let mut asks = 0;
    while plan.ask(Lane::Live, at("09:00:00")).is_some() {
        asks += 1;
        assert!(asks < 50, "no end");
        list.answer(&mut plan, &[], Next::Link(link("$top=50")));
    }
    assert!(plan.standing().live_done);
}

#[test]
fn a_tie_whose_rows_have_all_moved_is_read_at_the_whole_second() {
    let mut rows = with_tie(at("08:30:00.6"), 60);
    rows.push(row(500, at("08:00:00"), at("08:30:00.8")));
    let mut list = Twisted { literals: Unit::Second, ..Twisted::of(rows) };
    let mut plan = begun();
    let is_tie = |target: &Target| {
        matches!(target, Target::Page(query)
            if query.filter.iter().any(|condition| condition.comparison == Comparison::Eq))
    };
    while !list.asked.last().is_some_and(is_tie) && list.step(&mut plan, |_| false) {
        // Those that the full page of the tie has shown are edited once more, before it is read by the other
        // property.
        let known = list.seen.clone();
        if list.asked.len() == 2 {
            for row in list.rows.iter_mut().filter(|row| known.contains(&row.id)) {
                row.updated = Some(at("08:45:00"));
            }
        }
    }
    while list.step(&mut plan, |_| false) {}
    list.assert_all_seen();
}

#[test]
fn where_numbers_are_not_honoured_links_lead_on_at_once() {
    let list = Twisted::of(with_tie(at("08:30:00.5"), 130));
    let (mut plan, mut asks) = (begun(), 0);
    let mut seen = BTreeSet::new();
    // Neither the filter nor `$skip`: pages along links only, of ten rows.
    while let Some(ask) = plan.ask(Lane::Live, at("09:00:00")) {
        asks += 1;
        let from = match &ask.target {
            Target::Link(next) => {
                (0..18).find(|page| *next == link(&format!("$skiptoken={page}"))).expect("ours")
            }
            _ => 0,
        };
        let rows: Vec<Row> = list.rows.iter().skip(from * 10).take(10).cloned().collect();
        let novelty = |is_new| if is_new { Novelty::Changed } else { Novelty::Known };
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|row| Row { novelty: novelty(seen.insert(row.id.clone())), ..row })
            .collect();
        let more = (from + 1) * 10 < list.rows.len();
        let next = if more { Next::Link(link(&format!("$skiptoken={}", from + 1))) } else { Next::End };
        let (date, now) = (Some(at("09:00:00")), at("09:00:00"));
        plan.took(&Taken {
            rows: &rows,
            total: rows.len(),
            next,
            date,
            said: date,
            partial: false,
            evidence: Evidence::default(),
            now,
        });
        assert!(asks < 100, "no end");
    }
    assert_eq!(seen.len(), list.rows.len());
    assert!(plan.standing().live_done && plan.standing().aside.is_empty());
}

#[test]
fn what_is_begun_anew_after_an_outage_begins_at_a_whole_second() {
    // Taken to the millisecond, the instant on which the walk stands is behind all rows that share it.
    let tie = at("08:30:00.8907200");
    let mut list = Twisted { literals: Unit::Millisecond, ..Twisted::of(with_tie(tie, 130)) };
    let mut plan = begun();
    assert!(list.step(&mut plan, |_| false));
    while !plan.standing().outage {
        assert!(list.step(&mut plan, |_| true));
    }
    plan.begin();
    while list.step(&mut plan, |_| false) {}
    plan.begin();
    while list.step(&mut plan, |_| false) {}
    list.assert_all_seen();
}

#[test]
fn a_tie_of_exactly_two_pages_comes_to_an_end_also_where_numbers_are_not_honoured() {
    let tie = at("08:30:00.5");
    let list = Twisted::of((0..2 * PAGE).map(|n| row(n, tie, tie)).collect());
    let (mut plan, mut seen, mut asks) = (begun(), BTreeSet::new(), 0);
    while let Some(ask) = plan.ask(Lane::Live, at("09:00:00")) {
        asks += 1;
        assert!(asks < 100, "no end");
        let (from, top) = match &ask.target {
            Target::Page(query) => (0, usize::from(query.top)),
            Target::Link(next) => (1..=2 * PAGE)
                .flat_map(|from| (1..=PAGE).map(move |top| (from, top)))
                .find(|(from, top)| *next == link(&format!("$top={top}&$skiptoken={from}")))
                .expect("ours"),
            other => panic!("{other:?}"),
        };
        let rows: Vec<Row> = list.rows.iter().skip(from).take(top).cloned().collect();
        let novelty = |is_new| if is_new { Novelty::Changed } else { Novelty::Known };
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|row| Row { novelty: novelty(seen.insert(row.id.clone())), ..row })
            .collect();
        let more = from + top < list.rows.len();
        let next =
            if more { Next::Link(link(&format!("$top={top}&$skiptoken={}", from + top))) } else { Next::End };
        let (date, now) = (Some(at("09:00:00")), at("09:00:00"));
        plan.took(&Taken {
            rows: &rows,
            total: rows.len(),
            next,
            date,
            said: date,
            partial: false,
            evidence: Evidence::default(),
            now,
        });
    }
    assert_eq!(seen.len(), list.rows.len());
    assert!(plan.standing().live_done && plan.standing().aside.is_empty(), "{:?}", plan.standing().aside);
}
