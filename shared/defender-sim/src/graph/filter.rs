//! `$filter`: comparisons of the documented properties, `and`, `or`, parentheses
//! (<https://learn.microsoft.com/en-us/graph/filter-query-parameter>).

use super::problem::Problem;
use super::resource::{Filterable, Resource};
use crate::stamp::Stamp;
use crate::table::{DateProperty, Record, TextProperty};

/// A condition on a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    /// An instant in 100 ns steps; `None` is null.
    Date(DateProperty, Operator, Option<i64>),
    /// `true`: equal; `false`: not.
    Text(TextProperty, bool, Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Filter {
    /// Reads a filter over a resource's properties.
    pub(crate) fn parse<R: Resource>(text: &str) -> Result<Self, Problem> {
        let mut parser = Parser { rest: text };
        let filter = parser.any::<R>(0)?;
        match parser.next()? {
            None => Ok(filter),
            Some(token) => Err(syntax(&format!("{token:?}"), text)),
        }
    }

    pub(crate) fn holds<R: Record>(&self, record: &R) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.holds(record)),
            Self::Or(any) => any.iter().any(|filter| filter.holds(record)),
            Self::Date(property, operator, value) => {
                let held = record.date(*property).map(Stamp::ticks);
                match (operator, held, value) {
                    (Operator::Eq, held, value) => held == *value,
                    (Operator::Ne, held, value) => held != *value,
                    // Comparing with null is false (OData 4.01 part 2, §5.1.1.1.3).
                    (_, None, _) | (_, _, None) => false,
                    (Operator::Gt, Some(held), Some(value)) => held > *value,
                    (Operator::Ge, Some(held), Some(value)) => held >= *value,
                    (Operator::Lt, Some(held), Some(value)) => held < *value,
                    (Operator::Le, Some(held), Some(value)) => held <= *value,
                }
            }
            Self::Text(property, equal, value) => (record.text(*property) == value.as_deref()) == *equal,
        }
    }

    /// The first and last instant that a record with this property may have, so that an index can be read
    /// between them.
    pub(crate) fn bounds(&self, of: DateProperty) -> (i64, i64) {
        let all = (i64::MIN, i64::MAX);
        match self {
            Self::Date(property, operator, Some(value)) if *property == of => match operator {
                Operator::Eq => (*value, *value),
                Operator::Gt => (value.saturating_add(1), i64::MAX),
                Operator::Ge => (*value, i64::MAX),
                Operator::Lt => (i64::MIN, value.saturating_sub(1)),
                Operator::Le => (i64::MIN, *value),
                Operator::Ne => all,
            },
            Self::And(filters) => filters.iter().fold(all, |(low, high), filter| {
                let (other_low, other_high) = filter.bounds(of);
                (low.max(other_low), high.min(other_high))
            }),
            _ => all,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    Quoted(String),
    Word(&'a str),
}

struct Parser<'a> {
    rest: &'a str,
}

/// Deeper parentheses are refused, as Graph does with a "node count".
const DEPTH: usize = 50;

impl<'a> Parser<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>, Problem> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let token = match first {
            '(' | ')' => {
                self.rest = &self.rest[1..];
                if first == '(' { Token::Open } else { Token::Close }
            }
            '\'' => Token::Quoted(self.quoted()?),
            _ => {
                let end = self.rest.find([' ', '(', ')', '\'']).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                Token::Word(word)
            }
        };
        Ok(Some(token))
    }

    /// A string literal; a quote within it is doubled.
    fn quoted(&mut self) -> Result<String, Problem> {
        let mut text = String::new();
        let mut rest = &self.rest[1..];
        loop {
            let Some(end) = rest.find('\'') else {
                return Err(Problem::query(format!(
                    "There is an unterminated string literal in '{}'.",
                    self.rest
                )));
            };
            text.push_str(&rest[..end]);
            rest = &rest[end + 1..];
            let Some(more) = rest.strip_prefix('\'') else {
                self.rest = rest;
                return Ok(text);
            };
            text.push('\'');
            rest = more;
        }
    }

    fn takes(&mut self, word: &str) -> Result<bool, Problem> {
        let before = self.rest;
        if self.next()? == Some(Token::Word(word)) {
            return Ok(true);
        }
        self.rest = before;
        Ok(false)
    }

    fn any<R: Resource>(&mut self, depth: usize) -> Result<Filter, Problem> {
        let mut filters = vec![self.all::<R>(depth)?];
        while self.takes("or")? {
            filters.push(self.all::<R>(depth)?);
        }
        Ok(one_or(filters, Filter::Or))
    }

    fn all<R: Resource>(&mut self, depth: usize) -> Result<Filter, Problem> {
        let mut filters = vec![self.comparison::<R>(depth)?];
        while self.takes("and")? {
            filters.push(self.comparison::<R>(depth)?);
        }
        Ok(one_or(filters, Filter::And))
    }

    fn comparison<R: Resource>(&mut self, depth: usize) -> Result<Filter, Problem> {
        let here = self.rest;
        let name = match self.next()? {
            Some(Token::Open) if depth < DEPTH => {
                let inner = self.any::<R>(depth + 1)?;
                if self.next()? != Some(Token::Close) {
                    return Err(Problem::query("')' or operator expected."));
                }
                return Ok(inner);
            }
            Some(Token::Word(name)) => name,
            _ => return Err(syntax("an expression", here)),
        };
        let filterable =
            R::FILTERS.iter().find(|(known, _)| *known == name).map(|(_, filterable)| filterable);
        let Some(filterable) = filterable else { return Err(unknown::<R>(name)) };
        let operator = match self.next()? {
            Some(Token::Word("eq")) => Operator::Eq,
            Some(Token::Word("ne")) => Operator::Ne,
            Some(Token::Word("gt")) => Operator::Gt,
            Some(Token::Word("ge")) => Operator::Ge,
            Some(Token::Word("lt")) => Operator::Lt,
            Some(Token::Word("le")) => Operator::Le,
            _ => return Err(syntax("a comparison operator", here)),
        };
        let value = self.next()?.ok_or_else(|| syntax("a literal", here))?;
        compare(name, filterable, operator, value)
    }
}

fn compare(name: &str, of: &Filterable, operator: Operator, value: Token<'_>) -> Result<Filter, Problem> {
    let mismatch = |value: &str| {
        Problem::query(format!(
            "A binary operator with incompatible types was detected. Property '{name}' cannot be compared with {value}."
        ))
    };
    let value = match (of, value) {
        (Filterable::Date(property), Token::Word("null")) => {
            return Ok(Filter::Date(*property, operator, None));
        }
        (Filterable::Date(property), Token::Word(word)) => {
            let stamp = Stamp::parse(word).ok_or_else(|| mismatch(word))?;
            return Ok(Filter::Date(*property, operator, Some(stamp.ticks())));
        }
        (Filterable::Date(_), other) => return Err(mismatch(&format!("{other:?}"))),
        (_, Token::Word("null")) => None,
        (_, Token::Quoted(text)) => Some(text),
        (_, other) => return Err(mismatch(&format!("{other:?}"))),
    };
    let equal = match operator {
        Operator::Eq => true,
        Operator::Ne => false,
        _ => return Err(mismatch("an order")),
    };
    match (of, value) {
        (Filterable::Enum(property, members), Some(text)) => {
            let member = members.iter().find(|member| member.eq_ignore_ascii_case(&text));
            let member = member.ok_or_else(|| {
                Problem::query(format!("The string '{text}' is not a valid enumeration type constant."))
            })?;
            Ok(Filter::Text(*property, equal, Some((*member).to_owned())))
        }
        (Filterable::Enum(property, _) | Filterable::Text(property), value) => {
            Ok(Filter::Text(*property, equal, value))
        }
        (Filterable::Date(_), _) => Err(mismatch("text")),
    }
}

fn one_or(mut filters: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match (filters.len(), filters.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            filters.extend(last);
            many(filters)
        }
    }
}

fn syntax(expected: &str, at: &str) -> Problem {
    Problem::query(format!("Syntax error: {expected} at '{at}'."))
}

fn unknown<R: Resource>(name: &str) -> Problem {
    if R::PROPERTIES.contains(&name) {
        Problem::query(format!("The property '{name}' cannot be used in the $filter query option."))
    } else {
        Problem::query(format!("Could not find a property named '{name}' on type '{}'.", R::TYPE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Alert, Incident};

    fn parse(text: &str) -> Filter {
        Filter::parse::<Incident>(text).unwrap()
    }

    fn date(operator: Operator, text: &str) -> Filter {
        let ticks = Stamp::parse(text).unwrap().ticks();
        Filter::Date(DateProperty::LastUpdate, operator, Some(ticks))
    }

    fn text(property: TextProperty, equal: bool, value: &str) -> Filter {
        Filter::Text(property, equal, Some(value.to_owned()))
    }

    #[test]
    fn a_quote_within_a_literal_is_doubled() {
        let assigned = |value| text(TextProperty::AssignedTo, true, value);
        assert_eq!(parse("assignedTo eq 'O''Brien'"), assigned("O'Brien"));
        assert_eq!(parse("assignedTo eq ''"), assigned(""));
        assert_eq!(parse("assignedTo eq ''''"), assigned("'"));
        assert_eq!(parse("assignedTo eq 'a) and (b'"), assigned("a) and (b"));
        assert_eq!(parse("assignedTo ne null"), Filter::Text(TextProperty::AssignedTo, false, None));
    }

    #[test]
    fn and_binds_closer_than_or() {
        let active = text(TextProperty::Status, true, "active");
        let high = text(TextProperty::Severity, true, "high");
        let not_low = text(TextProperty::Severity, false, "low");
        assert_eq!(
            parse("status eq 'active' or severity eq 'high' and severity ne 'low'"),
            Filter::Or(vec![active.clone(), Filter::And(vec![high.clone(), not_low.clone()])])
        );
        assert_eq!(
            parse(" ( status eq 'active' or severity eq 'high' ) and(severity ne 'low')"),
            Filter::And(vec![Filter::Or(vec![active, high]), not_low])
        );
    }

    #[test]
    fn instants_are_compared_in_steps_of_100_ns() {
        let instant = "2026-01-22T12:09:23.1433333Z";
        assert_eq!(parse(&format!("lastUpdateDateTime ge {instant}")), date(Operator::Ge, instant));
        assert_eq!(
            parse("lastUpdateDateTime lt 2026-01-22T14:09:23.1+02:00"),
            date(Operator::Lt, "2026-01-22T12:09:23.1000000Z")
        );
    }

    #[test]
    fn bounds_are_as_narrow_as_the_conjunction_says() {
        let ticks = |text: &str| Stamp::parse(text).unwrap().ticks();
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let bounds = |text: &str| parse(text).bounds(DateProperty::LastUpdate);
        let range =
            format!("lastUpdateDateTime gt {early} and status eq 'active' and lastUpdateDateTime le {late}");
        assert_eq!(bounds(&range), (ticks(early) + 1, ticks(late)));
        assert_eq!(bounds(&format!("lastUpdateDateTime eq {late}")), (ticks(late), ticks(late)));
        let either = format!("lastUpdateDateTime lt {early} or lastUpdateDateTime gt {late}");
        assert_eq!(bounds(&either), (i64::MIN, i64::MAX));
        assert_eq!(bounds(&format!("createdDateTime gt {late}")), (i64::MIN, i64::MAX));
    }

    #[test]
    fn only_the_documented_properties_can_be_filtered_by() {
        let refused = |text: &str| Filter::parse::<Alert>(text).unwrap_err();
        assert_ne!(refused("investigationState eq 'running'"), refused("nonsense eq 'running'"));
        assert!(Filter::parse::<Alert>("serviceSource eq 'MicrosoftSentinel'").is_ok());
        let deep = format!("{}status eq 'new'{}", "(".repeat(60), ")".repeat(60));
        assert!(Filter::parse::<Alert>(&deep).is_err());
    }
}
