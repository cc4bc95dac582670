//! The query options of a list (<https://learn.microsoft.com/en-us/graph/query-parameters>).

use url::form_urlencoded;

use super::filter::Filter;
use super::position::Position;
use super::problem::Problem;
use super::resource::Resource;
use crate::table::DateProperty;

/// "Maximum value of `$skip` is 500" (security-error-codes in the Graph reference).
pub(crate) const MAX_SKIP: usize = 500;

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) filter: Option<Filter>,
    pub(crate) order: DateProperty,
    pub(crate) descending: bool,
    pub(crate) top: usize,
    pub(crate) skip: usize,
    pub(crate) after: Option<Position>,
    pub(crate) select: Option<Vec<&'static str>>,
    pub(crate) count: bool,
    pub(crate) expand: bool,
}

impl Options {
    pub(crate) fn parse<R: Resource>(query: &str) -> Result<Self, Problem> {
        // "Most recent at the top"; of which date the page does not say.
        let mut options = Self {
            filter: None,
            order: DateProperty::Created,
            descending: true,
            top: R::DEFAULT_TOP,
            skip: 0,
            after: None,
            select: None,
            count: false,
            expand: false,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "$filter" => options.filter = Some(Filter::parse::<R>(&value)?),
                "$orderby" => (options.order, options.descending) = order::<R>(&value)?,
                "$top" => options.top = number("$top", &value)?,
                "$skip" => options.skip = number("$skip", &value)?,
                "$skiptoken" => {
                    let invalid = || Problem::query("The value of $skiptoken is not valid.");
                    options.after = Some(Position::decode(&value).ok_or_else(invalid)?);
                }
                "$select" => options.select = Some(select::<R>(&value)?),
                "$count" => options.count = value == "true",
                "$expand" if R::EXPANDS && value == "alerts" => options.expand = true,
                "$expand" => {
                    return Err(Problem::query(format!(
                        "Could not find a property named '{value}' on type '{}'.",
                        R::TYPE
                    )));
                }
                other if other.starts_with('$') => {
                    return Err(Problem::query(format!("The query parameter '{other}' is not supported.")));
                }
                _ => {}
            }
        }
        if options.top > R::MAX_TOP {
            return Err(Problem::limit("Top", R::MAX_TOP, options.top));
        }
        if options.skip > MAX_SKIP {
            return Err(Problem::limit("Skip", MAX_SKIP, options.skip));
        }
        if options.top == 0 {
            return Err(Problem::query("The value of $top must be at least 1."));
        }
        Ok(options)
    }
}

fn number(option: &str, value: &str) -> Result<usize, Problem> {
    value.parse().map_err(|_| {
        Problem::query(format!(
            "Invalid value '{value}' for {option} query option found. The {option} query option requires a non-negative integer value."
        ))
    })
}

fn order<R: Resource>(value: &str) -> Result<(DateProperty, bool), Problem> {
    let mut words = value.split_whitespace();
    let name = words.next().unwrap_or("");
    let descending = match (words.next(), words.next()) {
        (None | Some("asc"), None) => false,
        (Some("desc"), None) => true,
        _ => return Err(Problem::query(format!("Syntax error in $orderby '{value}'."))),
    };
    match R::ORDERS.iter().find(|(known, _)| *known == name) {
        Some((_, property)) => Ok((*property, descending)),
        None => {
            Err(Problem::query(format!("The property '{name}' cannot be used in the $orderby query option.")))
        }
    }
}

fn select<R: Resource>(value: &str) -> Result<Vec<&'static str>, Problem> {
    value
        .split(',')
        .map(|name| {
            let name = name.trim();
            R::PROPERTIES.iter().find(|known| **known == name).copied().ok_or_else(|| {
                Problem::query(format!("Could not find a property named '{name}' on type '{}'.", R::TYPE))
            })
        })
        .collect()
}
