//! Typed queries: what a list request asks for.
//!
//! Sources: the pages "List incidents" and "List `alerts_v2`" of Microsoft Graph v1.0, and the annotations
//! of `microsoft.graph.security.incident` in its metadata (sortable, filterable).

use std::fmt::{self, Write};

use jiff::Timestamp;

use crate::RecordKind;

/// A list request. Always ascending: a walk goes forward in time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// Which list.
    pub kind: RecordKind,
    /// All of them must hold.
    pub filter: Vec<Condition>,
    /// What the rows are ordered by.
    pub order: Property,
    /// Rows in a page: 1 to [`RecordKind::most_rows`].
    pub top: u16,
    /// Rows of the list to leave out, at most 500 (security API error codes page): a live list shifts
    /// meanwhile, so only where nothing else leads on.
    pub skip: u16,
    /// Which properties.
    pub select: Select,
}

/// A property that both lists can be filtered and ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Property {
    /// `createdDateTime`
    Created,
    /// `lastUpdateDateTime`
    Updated,
}

/// `property comparison instant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The left side.
    pub property: Property,
    /// The operator.
    pub comparison: Comparison,
    /// The right side, exact to 100 ns.
    pub instant: Timestamp,
}

/// OData's operators, as far as a walk needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "OData's own names")]
pub enum Comparison {
    Ge,
    Le,
    Eq,
}

/// How much of each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Select {
    /// All of it.
    Whole,
    /// Id and instants only, where whole pages fail.
    Instants,
}

impl RecordKind {
    /// The list's path on the Graph host.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Incident => "/v1.0/security/incidents",
            Self::Alert => "/v1.0/security/alerts_v2",
        }
    }

    /// The most rows that a page is asked for. Incidents: 51 and more are answered with 400 (undocumented,
    /// seen since 2025). Alerts: the ceiling is at least 1,000; 100 keep a page near 1 MB.
    #[must_use]
    pub fn most_rows(self) -> u16 {
        match self {
            Self::Incident => 50,
            Self::Alert => 100,
        }
    }
}

impl Query {
    /// Everything from `from` on by `lastUpdateDateTime`, in whole records and the largest pages: the first
    /// query of every sync, and therefore the probe of every connection test.
    #[must_use]
    pub fn updated_since(kind: RecordKind, from: Timestamp) -> Self {
        let filter =
            vec![Condition { property: Property::Updated, comparison: Comparison::Ge, instant: from }];
        Self { kind, filter, order: Property::Updated, top: kind.most_rows(), skip: 0, select: Select::Whole }
    }

    /// Path and query string, encoded. `$` stays as it is, as in Microsoft's own examples.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        let mut text = String::from(self.kind.path());
        let mut separator = '?';
        if !self.filter.is_empty() {
            let all: Vec<_> = self.filter.iter().map(ToString::to_string).collect();
            // Instants hold no character but ':' beyond the unreserved ones, and ':' may stand in a query.
            let _ = write!(text, "?$filter={}", all.join(" and ").replace(' ', "%20"));
            separator = '&';
        }
        let _ = write!(text, "{separator}$orderby={}%20asc&$top={}", self.order, self.top);
        if self.skip > 0 {
            let _ = write!(text, "&$skip={}", self.skip);
        }
        if self.select == Select::Instants {
            text.push_str("&$select=id,createdDateTime,lastUpdateDateTime");
        }
        text
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "createdDateTime",
            Self::Updated => "lastUpdateDateTime",
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.comparison {
            Comparison::Ge => "ge",
            Comparison::Le => "le",
            Comparison::Eq => "eq",
        };
        // All seven digits, always: a truncated literal would ask for something else.
        write!(f, "{} {operator} {:.7}", self.property, self.instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_as_graph_reads_it() {
        let from = "2026-01-22T12:09:23.1433333Z".parse().unwrap();
        let mut query = Query::updated_since(RecordKind::Incident, from);
        assert_eq!(
            query.path_and_query(),
            "/v1.0/security/incidents?$filter=lastUpdateDateTime%20ge%202026-01-22T12:09:23.1433333Z\
             &$orderby=lastUpdateDateTime%20asc&$top=50"
        );
        query.filter.clear();
        query.select = Select::Instants;
        query.skip = 40;
        assert_eq!(
            query.path_and_query(),
            "/v1.0/security/incidents?$orderby=lastUpdateDateTime%20asc&$top=50&$skip=40\
             &$select=id,createdDateTime,lastUpdateDateTime"
        );
    }

    #[test]
    fn an_instant_keeps_its_seven_digits_even_where_they_are_zero() {
        let condition = Condition {
            property: Property::Created,
            comparison: Comparison::Le,
            instant: "2026-01-22T12:09:23Z".parse().unwrap(),
        };
        assert_eq!(condition.to_string(), "createdDateTime le 2026-01-22T12:09:23.0000000Z");
    }
}
