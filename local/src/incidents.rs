//! `incidents`: what the store holds, as a table or as one JSON array. Both are printed page by page, so
//! that a store of any size is printed with the memory of a page.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufWriter, Write};

use incident_store::sqlite::{IncidentFilter, Page, Position, SqliteStore, StoredRecord};
use incident_store::{Connection, ConnectionId, Connections as _};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::args::IncidentsArgs;
use crate::failure::Failure;
use crate::text::{is_simulated, label, plain};

/// How many records are held at once: some 6 KB each.
const PAGE: usize = 100;

/// Graph's `incidentStatus`: <https://learn.microsoft.com/graph/api/resources/security-incident>
const STATUSES: [&str; 5] = ["active", "inProgress", "awaitingAction", "resolved", "redirected"];

/// Graph's `alertSeverity`, on the same page.
const SEVERITIES: [&str; 5] = ["high", "medium", "low", "informational", "unknown"];

pub(crate) async fn run(store: &SqliteStore, args: IncidentsArgs) -> Result<(), Failure> {
    for status in &args.status {
        let filter = IncidentFilter { status: vec![status.clone()], ..IncidentFilter::default() };
        check_word(store, "--status", status, &STATUSES, &filter).await?;
    }
    for severity in &args.severity {
        let filter = IncidentFilter { severity: vec![severity.clone()], ..IncidentFilter::default() };
        check_word(store, "--severity", severity, &SEVERITIES, &filter).await?;
    }
    let filtered = !args.status.is_empty() || !args.severity.is_empty();
    let filter = IncidentFilter { status: args.status, severity: args.severity, ..IncidentFilter::default() };
    let listing = Listing::of(store, filter, filtered).await?;
    let out = BufWriter::new(io::stdout().lock());
    if args.json { listing.json(out).await } else { listing.table(out).await }
}

/// Refuses a word that is neither Microsoft's nor in the store: with a mistyped one a bad night looks quiet.
async fn check_word(
    store: &SqliteStore,
    option: &str,
    word: &str,
    known: &[&str],
    filter: &IncidentFilter,
) -> Result<(), Failure> {
    let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is_known || !store.incidents(filter, &Page { limit: 1, after: None }).await?.is_empty() {
        return Ok(());
    }
    let known = known.join(", ");
    Err(Failure::Usage(format!("{option}: no incident has `{}`. Choose of: {known}", plain(word))))
}

struct Listing<'a> {
    store: &'a SqliteStore,
    connections: HashMap<ConnectionId, Connection>,
    filter: IncidentFilter,
    filtered: bool,
}

/// The fields before the records, of one item of the JSON array.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Origin<'a> {
    connection: ConnectionId,
    name: Option<&'a str>,
    cloud: Option<&'static str>,
    simulated: bool,
    revision: u64,
    redirected_to: Option<&'a str>,
}

impl<'a> Listing<'a> {
    async fn of(store: &'a SqliteStore, filter: IncidentFilter, filtered: bool) -> Result<Self, Failure> {
        let connections = store.connections(None).await?.into_iter().map(|one| (one.id, one)).collect();
        Ok(Self { store, connections, filter, filtered })
    }

    /// Each item has Graph's own objects, as they were sent, under `incident` and `alerts`. An incident that
    /// was merged into another is listed as the pointer that it is; its alerts stand with the other one.
    /// Alerts whose incident is not known stand in one last item, with `incident: null`; a filter, which
    /// asks for incidents, leaves it out.
    async fn json(&self, mut out: impl Write) -> Result<(), Failure> {
        out.write_all(b"[")?;
        let mut separator = "\n";
        let mut walk = Walk::default();
        while let Some(incidents) = self.next_incidents(&mut walk).await? {
            for incident in incidents {
                write!(out, "{separator}{{")?;
                out.write_all(&self.origin(&incident)?)?;
                write!(out, ",\"incident\":{},\"alerts\":[", raw(&incident)?)?;
                self.alerts_of(&incident, &mut out).await?;
                out.write_all(b"]}")?;
                separator = ",\n";
            }
        }
        if !self.filtered {
            self.orphans(&mut out, separator).await?;
        }
        out.write_all(b"\n]\n")?;
        out.flush()?;
        Ok(())
    }

    async fn alerts_of(&self, incident: &StoredRecord, out: &mut impl Write) -> Result<(), Failure> {
        let mut after = None;
        let mut separator = "";
        loop {
            let page = Page { limit: PAGE, after };
            let alerts = self.store.alerts_of(incident.connection, &incident.head.id, &page).await?;
            for alert in &alerts {
                write!(out, "{separator}{}", raw(alert)?)?;
                separator = ",";
            }
            let Some(last) = alerts.last().filter(|_| alerts.len() == PAGE) else { return Ok(()) };
            after = Some(last.position());
        }
    }

    async fn orphans(&self, out: &mut impl Write, separator: &str) -> Result<(), Failure> {
        let mut after = None;
        let mut open = false;
        loop {
            let alerts = self.store.orphan_alerts(None, &Page { limit: PAGE, after }).await?;
            for alert in &alerts {
                if open {
                    out.write_all(b",")?;
                } else {
                    write!(out, "{separator}{{\"connection\":null,\"incident\":null,\"alerts\":[")?;
                    open = true;
                }
                out.write_all(raw(alert)?.as_bytes())?;
            }
            let Some(last) = alerts.last().filter(|_| alerts.len() == PAGE) else { break };
            after = Some(last.position());
        }
        if open {
            out.write_all(b"]}")?;
        }
        Ok(())
    }

    /// `"connection":…,…` without the braces, so that the records follow in the same object.
    fn origin(&self, incident: &StoredRecord) -> Result<Vec<u8>, Failure> {
        let connection = self.connections.get(&incident.connection);
        let origin = Origin {
            connection: incident.connection,
            name: connection.and_then(|connection| connection.settings.name.as_deref()),
            cloud: connection.map(|connection| connection.settings.cloud.name()),
            simulated: connection.is_some_and(is_simulated),
            revision: incident.revision,
            redirected_to: incident.head.redirect_incident_id.as_deref(),
        };
        let mut object = serde_json::to_vec(&origin).map_err(io::Error::from)?;
        object.pop();
        object.remove(0);
        Ok(object)
    }

    async fn table(&self, mut out: impl Write) -> Result<(), Failure> {
        let width = Widths::of_terminal(self.connections.len() > 1);
        let mut walk = Walk::default();
        let mut any = false;
        while let Some(incidents) = self.next_incidents(&mut walk).await? {
            if !any {
                writeln!(
                    out,
                    "{}",
                    width.row(["UPDATED (UTC)", "SEVERITY", "STATUS", "ID", "TITLE", "CONNECTION"])
                )?;
                any = true;
            }
            for incident in incidents {
                writeln!(out, "{}", self.row(&incident, &width))?;
            }
        }
        let orphans = if self.filtered { Vec::new() } else { self.first_orphans().await? };
        if !orphans.is_empty() {
            let more = if orphans.len() == PAGE { "at least " } else { "" };
            writeln!(
                out,
                "\n{more}{} alerts whose incident is not known; --json prints them",
                orphans.len()
            )?;
        } else if !any {
            eprintln!(
                "no incidents{}",
                if self.filtered { " match" } else { " yet: run `soc-anywhere sync`" }
            );
        }
        out.flush()?;
        Ok(())
    }

    fn row(&self, incident: &StoredRecord, width: &Widths) -> String {
        let head = &incident.head;
        let or_dash = |text: &Option<String>| plain(text.as_deref().unwrap_or("-")).into_owned();
        let status = match &head.redirect_incident_id {
            Some(target) => format!("→ {}", plain(target)),
            None => or_dash(&head.status),
        };
        let connection = self.connections.get(&incident.connection).map_or_else(|| "removed".into(), label);
        let updated = head.updated.map_or_else(|| "-".into(), minute);
        width.row([
            &updated,
            &or_dash(&head.severity),
            &status,
            &plain(&head.id),
            &or_dash(&head.title),
            &connection,
        ])
    }

    async fn first_orphans(&self) -> Result<Vec<StoredRecord>, Failure> {
        Ok(self.store.orphan_alerts(None, &Page { limit: PAGE, after: None }).await?)
    }

    /// The next incidents; `None` after the last.
    ///
    /// One that changes meanwhile moves to the front, where the walk has been already. So the list is walked
    /// again until nothing is found that was not there before.
    async fn next_incidents(&self, walk: &mut Walk) -> Result<Option<Vec<StoredRecord>>, Failure> {
        loop {
            let page = Page { limit: PAGE, after: walk.after.take() };
            let mut incidents = self.store.incidents(&self.filter, &page).await?;
            walk.after = incidents.last().map(StoredRecord::position);
            if walk.after.is_none() && !std::mem::take(&mut walk.found) {
                return Ok(None);
            }
            incidents.retain(|incident| walk.is_new(incident));
            if !incidents.is_empty() {
                return Ok(Some(incidents));
            }
        }
    }
}

/// A walk through the incidents of a store that others write to.
#[derive(Default)]
struct Walk {
    after: Option<Position>,
    /// Whether this round found anything.
    found: bool,
    /// Hashes of what was found, for 8 bytes each: two that are the same by chance cost one only if it
    /// also moves meanwhile.
    seen: HashSet<u64>,
}

impl Walk {
    fn is_new(&mut self, incident: &StoredRecord) -> bool {
        let mut hasher = DefaultHasher::new();
        (incident.connection, &incident.head.id).hash(&mut hasher);
        let new = self.seen.insert(hasher.finish());
        self.found |= new;
        new
    }
}

/// The record as it was sent. It was JSON when it was stored; one that is not must not spoil the array.
fn raw(record: &StoredRecord) -> Result<&str, Failure> {
    serde_json::from_str::<&RawValue>(&record.raw).map(RawValue::get).map_err(|_| {
        let id = plain(&record.head.id);
        incident_store::StoreError::Corrupt(format!("record {id} is not JSON")).into()
    })
}

/// `2026-11-23 12:00`, UTC.
pub(crate) fn minute(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M").to_string()
}

/// How wide the columns are: on a terminal a row fits it, elsewhere each takes what it needs.
struct Widths {
    /// The title's and the connection's. Where all incidents are of one connection, its name is left out.
    cut: Option<(usize, Option<usize>)>,
}

impl Widths {
    const FIXED: [usize; 4] = [16, 8, 12, 9];
    const CONNECTION: usize = 24;
    /// A title is not squeezed further: then the line wraps.
    const NARROWEST_TITLE: usize = 12;

    fn of_terminal(several: bool) -> Self {
        let terminal = console::Term::stdout();
        if !terminal.is_term() {
            return Self { cut: None };
        }
        let (_, columns) = terminal.size();
        Self::within(usize::from(columns), several)
    }

    fn within(columns: usize, several: bool) -> Self {
        let taken: usize = Self::FIXED.iter().map(|width| width + 2).sum();
        let left = columns.saturating_sub(taken);
        let connection = several.then(|| Self::CONNECTION.min(left * 2 / 5));
        let title = left.saturating_sub(connection.map_or(0, |width| width + 2));
        Self { cut: Some((title.max(Self::NARROWEST_TITLE), connection)) }
    }

    fn row(&self, cells: [&str; 6]) -> String {
        let mut line = String::new();
        let [fixed @ .., title, connection] = &cells;
        for (cell, width) in fixed.iter().zip(Self::FIXED) {
            let cut = self.cut.map(|_| width);
            // Writing to a string cannot fail.
            let _ = write!(line, "{}  ", fit(cell, width, cut));
        }
        match self.cut {
            None => {
                let _ = write!(line, "{title}  {connection}");
            }
            Some((width, None)) => line.push_str(&fit(title, 0, Some(width))),
            Some((width, Some(rest))) => {
                let _ =
                    write!(line, "{}  {}", fit(title, width, Some(width)), fit(connection, 0, Some(rest)));
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// At least `width` wide, and at most `cut`.
fn fit(cell: &str, width: usize, cut: Option<usize>) -> String {
    let cell = match cut {
        Some(cut) => console::truncate_str(cell, cut, "…"),
        None => cell.into(),
    };
    console::pad_str(&cell, width, console::Alignment::Left, None).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_fits_its_terminal() {
        let title = "A very long title of an incident, 攻撃 included";
        let cells =
            ["2026-11-23 12:00", "informational", "active", "123456789012", title, "Contoso of the North"];
        for columns in [80, 100, 140] {
            for several in [false, true] {
                let row = Widths::within(columns, several).row(cells);
                assert!(console::measure_text_width(&row) <= columns, "{columns}: {row}");
                assert_eq!(row.contains("Cont"), several, "{row}");
            }
        }
        assert_eq!(
            Widths::within(80, true).row(cells),
            "2026-11-23 12:00  informa…  active        12345678…  A very long ti…  Contoso o…"
        );
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let (id, title) = ("1".repeat(30), "x".repeat(300));
        let row = Widths { cut: None }.row(["", "", "", &id, &title, "c"]);
        assert!(row.ends_with(&format!("{id}  {title}  c")), "{row}");
    }
}
