//! What a list request asks for, read leniently: `$filter` of comparisons joined by `and`, `$orderby`,
//! `$top`, `$select`, and this tenant's own links.

use jiff::Timestamp;

use super::hostility::Literals;
use super::ticks;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Created,
    Updated,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) created: Bounds,
    pub(super) updated: Bounds,
    pub(super) order: Property,
    pub(super) descending: bool,
    pub(super) top: usize,
    pub(super) ids_only: bool,
    pub(super) position: Position,
}

/// First and last instant, both included; `None` where nothing was asked of the property.
pub(super) type Bounds = Option<(i64, i64)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Start,
    Skip(usize),
    Snapshot(u64, usize),
    /// Behind this place in the order.
    After(i64, u32),
}

/// The rows of a page when no `$top` is given.
const DEFAULT_TOP: usize = 50;

impl Query {
    /// `None` for what is not understood: 400.
    pub(super) fn parse(text: &str, literals: Literals, skip_ignored: bool) -> Option<Self> {
        let mut query = Self {
            created: None,
            updated: None,
            order: Property::Created,
            descending: true,
            top: DEFAULT_TOP,
            ids_only: false,
            position: Position::Start,
        };
        for option in text.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=')?;
            match name {
                "$filter" if literals == Literals::Ignored => {}
                "$filter" => query.filter(&value.replace("%20", " "), literals)?,
                "$orderby" => {
                    let (by, direction) = value.split_once("%20").unwrap_or((value, "asc"));
                    query.order = property(by)?;
                    query.descending = direction == "desc";
                }
                "$top" => query.top = value.parse().ok()?,
                "$select" => query.ids_only = true,
                "$skip" if skip_ignored => {}
                "$skip" => query.position = Position::Skip(value.parse().ok()?),
                "$skiptoken" => query.position = position(value)?,
                _ => return None,
            }
        }
        Some(query)
    }

    fn filter(&mut self, text: &str, literals: Literals) -> Option<()> {
        for condition in text.split(" and ") {
            let mut words = condition.split(' ');
            let (name, operator, literal) = (words.next()?, words.next()?, words.next()?);
            let at = changed(ticks::from_timestamp(literal.parse::<Timestamp>().ok()?), literals);
            let (first, last) = match operator {
                "ge" => (at, i64::MAX),
                "gt" => (at + 1, i64::MAX),
                "le" => (i64::MIN + 1, at),
                "lt" => (i64::MIN + 1, at - 1),
                "eq" => (at, at),
                _ => return None,
            };
            let bounds = match property(name)? {
                Property::Created => &mut self.created,
                Property::Updated => &mut self.updated,
            };
            let (from, to) = bounds.unwrap_or((i64::MIN + 1, i64::MAX));
            *bounds = Some((from.max(first), to.min(last)));
        }
        Some(())
    }

    pub(super) fn bounds(&self, of: Property) -> Bounds {
        match of {
            Property::Created => self.created,
            Property::Updated => self.updated,
        }
    }
}

fn property(name: &str) -> Option<Property> {
    match name {
        "createdDateTime" => Some(Property::Created),
        "lastUpdateDateTime" => Some(Property::Updated),
        _ => None,
    }
}

fn changed(at: i64, literals: Literals) -> i64 {
    match literals {
        Literals::Exact | Literals::Ignored => at,
        Literals::Truncated(step) => at.div_euclid(step) * step,
        Literals::Rounded(step) => (at + step / 2).div_euclid(step) * step,
    }
}

/// `o50.0`: 50 rows further on; `s7.50`: snapshot 7 from its row 50 on; `k16940.12`: behind record 12 at that instant.
fn position(token: &str) -> Option<Position> {
    let (first, second) = token.get(1..)?.split_once('.')?;
    match token.as_bytes().first()? {
        b'o' => Some(Position::Skip(first.parse().ok()?)),
        b's' => Some(Position::Snapshot(first.parse().ok()?, second.parse().ok()?)),
        b'k' => Some(Position::After(first.parse().ok()?, second.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::ticks::SECOND;

    #[test]
    fn a_filter_is_two_bounds_and_its_literals_may_be_changed() {
        let text = "$filter=lastUpdateDateTime%20ge%202026-01-22T12:09:23.7000000Z&$orderby=lastUpdateDateTime%20asc&$top=50";
        let parse = |text, literals| Query::parse(text, literals, false);
        let exact = parse(text, Literals::Exact).unwrap();
        let from = exact.updated.unwrap().0;
        assert_eq!((exact.top, exact.descending, from % SECOND), (50, false, 7 * SECOND / 10));
        let of = |literals| parse(text, literals).unwrap().updated;
        assert_eq!(of(Literals::Truncated(SECOND)).unwrap().0, from - 7 * SECOND / 10);
        assert_eq!(of(Literals::Rounded(SECOND)).unwrap().0, from + 3 * SECOND / 10);
        assert_eq!(of(Literals::Ignored), None);
        assert_eq!(parse("$search=x", Literals::Exact), None);
    }
}
