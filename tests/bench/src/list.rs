//! A tenant of any size whose rows are made as they are asked for: the simulator's, each with an id and an
//! instant of its own.

use std::fmt::Write as _;

use graph_security::RecordKind;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::samples;

/// How many of the simulator's rows come again and again.
const SAMPLES: usize = 200;

/// How much history there is: less than the desk runner's look-back of 30 days.
const OVER: SignedDuration = SignedDuration::from_hours(29 * 24);

/// How big a tenant is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) incidents: u32,
    pub(crate) alerts: u32,
    /// How often each alert has its evidence.
    pub(crate) evidence: usize,
}

/// The rows.
#[derive(Debug)]
pub(crate) struct List {
    size: Size,
    start: Timestamp,
    incidents: Vec<Sample>,
    alerts: Vec<Sample>,
}

/// A row's text, cut where its id, its instants and its incident stand.
#[derive(Debug)]
struct Sample(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Id,
    Instant,
    Incident,
}

const ID: &str = "\u{1}id";
const INSTANT: &str = "\u{1}instant";
const INCIDENT: &str = "\u{1}incident";

/// What is asked of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) skip: u32,
    pub(crate) top: u32,
}

impl List {
    pub(crate) fn new(size: Size, start: Timestamp) -> anyhow::Result<Self> {
        let incidents = samples::rows(RecordKind::Incident, SAMPLES)?;
        let alerts = samples::rows(RecordKind::Alert, SAMPLES)?;
        Ok(Self {
            size,
            start,
            incidents: incidents.into_iter().map(Sample::new).collect(),
            alerts: alerts
                .into_iter()
                .map(|alert| Sample::new(with_evidence(alert, size.evidence)))
                .collect(),
        })
    }

    fn count(&self, kind: RecordKind) -> u32 {
        match kind {
            RecordKind::Incident => self.size.incidents,
            RecordKind::Alert => self.size.alerts,
        }
    }

    /// When row `number` was changed last; no two of a list at one instant, and the newest two hours ago.
    fn instant(&self, kind: RecordKind, number: u32) -> Timestamp {
        let back = i64::from(self.count(kind) - 1 - number);
        let step = OVER.as_millis() / i128::from(self.count(kind).max(1));
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        self.start - SignedDuration::from_hours(2) - SignedDuration::from_millis(back * step)
    }

    fn first_from(&self, kind: RecordKind, from: Timestamp) -> u32 {
        let (mut low, mut high) = (0, self.count(kind));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.instant(kind, middle) < from {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// A page, and where the next one begins if there is one.
    pub(crate) fn page(&self, kind: RecordKind, asked: Asked) -> (String, Option<u32>) {
        let first = self.first_from(kind, asked.from).saturating_add(asked.skip);
        let last = first.saturating_add(asked.top).min(self.count(kind));
        let mut body = String::new();
        let mut number = first;
        while number < last && self.instant(kind, number) <= asked.to {
            if number > first {
                body.push(',');
            }
            self.row(kind, number, &mut body);
            number += 1;
        }
        let more = number == last && last < self.count(kind) && self.instant(kind, last) <= asked.to;
        (body, more.then_some(asked.skip + asked.top))
    }

    /// The alerts of an incident.
    pub(crate) fn alerts_of(&self, incident: u32) -> String {
        let mut body = String::new();
        for number in incident * self.each()..(incident + 1) * self.each() {
            if !body.is_empty() {
                body.push(',');
            }
            self.row(RecordKind::Alert, number, &mut body);
        }
        body
    }

    /// Alerts of each incident.
    fn each(&self) -> u32 {
        self.size.alerts / self.size.incidents.max(1)
    }

    pub(crate) fn row(&self, kind: RecordKind, number: u32, into: &mut String) {
        let samples = match kind {
            RecordKind::Incident => &self.incidents,
            RecordKind::Alert => &self.alerts,
        };
        for piece in &samples[number as usize % samples.len()].0 {
            match piece {
                Piece::Text(text) => into.push_str(text),
                Piece::Id => into.push_str(&number.to_string()),
                Piece::Instant => {
                    // Writing to a text does not fail.
                    let _ = write!(into, "{:.7}", self.instant(kind, number));
                }
                Piece::Incident => into.push_str(&(number / self.each().max(1)).to_string()),
            }
        }
    }
}

impl Sample {
    fn new(mut row: Value) -> Self {
        row["id"] = ID.into();
        row["createdDateTime"] = INSTANT.into();
        row["lastUpdateDateTime"] = INSTANT.into();
        if row.get("incidentId").is_some() {
            row["incidentId"] = INCIDENT.into();
        }
        let mut pieces = Vec::new();
        let text = row.to_string();
        let mut rest = text.as_str();
        // JSON writes the mark as an escape.
        while let Some((before, after)) = rest.split_once("\\u0001") {
            pieces.push(Piece::Text(before.to_owned()));
            let marks = [(ID, Piece::Id), (INSTANT, Piece::Instant), (INCIDENT, Piece::Incident)];
            rest = after;
            for (mark, piece) in marks {
                if let Some(after) = after.strip_prefix(&mark[1..]).filter(|after| after.starts_with('"')) {
                    pieces.push(piece);
                    rest = after;
                }
            }
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self(pieces)
    }
}

/// The alert with its evidence so many times over.
fn with_evidence(mut alert: Value, times: usize) -> Value {
    if let Some(evidence) = alert["evidence"].as_array_mut() {
        let once = evidence.clone();
        for _ in 1..times {
            evidence.extend(once.iter().cloned());
        }
    }
    alert
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> List {
        List::new(Size { incidents: 10, alerts: 30, evidence: 2 }, samples::start()).unwrap()
    }

    fn read(body: &str) -> Vec<Value> {
        serde_json::from_str(&format!("[{body}]")).unwrap()
    }

    #[test]
    fn a_row_has_its_own_id_instant_and_incident() {
        let list = list();
        let asked = Asked { from: Timestamp::MIN, to: Timestamp::MAX, skip: 0, top: 100 };
        let (body, next) = list.page(RecordKind::Alert, asked);
        let alerts = read(&body);
        assert_eq!((alerts.len(), next), (30, None));
        assert_eq!((alerts[7]["id"].as_str(), alerts[7]["incidentId"].as_str()), (Some("7"), Some("2")));
        assert_eq!(read(&list.alerts_of(2)), alerts[6..9]);
        let instants: std::collections::BTreeSet<_> =
            alerts.iter().map(|alert| alert["lastUpdateDateTime"].as_str().unwrap()).collect();
        assert_eq!(instants.len(), 30);
    }

    #[test]
    fn pages_follow_each_other_and_a_filter_bounds_them() {
        let list = list();
        let kind = RecordKind::Incident;
        let asked = Asked { from: list.instant(kind, 2), to: list.instant(kind, 8), skip: 0, top: 4 };
        let (body, next) = list.page(kind, asked);
        assert_eq!((read(&body)[0]["id"].as_str(), next), (Some("2"), Some(4)));
        let (body, next) = list.page(kind, Asked { skip: 4, ..asked });
        assert_eq!((read(&body).len(), next), (3, None));
    }
}
