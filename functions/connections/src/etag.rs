//! Optimistic concurrency: `ETag` and `If-Match`, <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1>.
//! The tag is the version of what can be changed; how a sync goes does not change it.

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_api::Problem;
use incident_store::Connection;

use crate::Refusal;

/// What the caller believes to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Any,
    /// One of these versions.
    Versions(Vec<u64>),
}

impl Expected {
    /// Reads `If-Match`; `None` where there is none. A tag that is none of ours is a version that never was.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut versions = None;
        for value in headers.get_all(IF_MATCH) {
            // An empty list is one that nothing matches.
            let versions = versions.get_or_insert_with(Vec::new);
            let text = value.to_str().map_err(|_| malformed())?;
            for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
                if tag == "*" {
                    return Ok(Some(Self::Any));
                }
                versions.extend(version_of(tag)?);
            }
        }
        Ok(versions.map(Self::Versions))
    }

    /// The same, where it must be there.
    pub(crate) fn required(headers: &HeaderMap) -> Result<Self, Problem> {
        Self::of(headers)?.ok_or_else(|| {
            Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "urn:soc-anywhere:problem:precondition-required",
                "Precondition required",
                "Send the connection's ETag as If-Match.",
            )
        })
    }

    pub(crate) fn check(&self, connection: &Connection) -> Result<(), Refusal> {
        match self {
            Self::Versions(versions) if !versions.contains(&connection.version) => Err(Refusal::Changed),
            Self::Any | Self::Versions(_) => Ok(()),
        }
    }
}

/// The connection's tag.
pub(crate) fn of(version: u64) -> HeaderValue {
    // Digits and quotes are always a header's value.
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Quotes may have been lost on the way. A weak tag never matches here.
fn version_of(tag: &str) -> Result<Option<u64>, Problem> {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    let quoted = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let version = quoted.unwrap_or(opaque).parse().ok();
    if quoted.is_none() && version.is_none() {
        return Err(malformed());
    }
    Ok(version.filter(|_| !tag.starts_with("W/")))
}

fn malformed() -> Problem {
    Problem::malformed_target("If-Match is a list of entity tags in double quotes, or *.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<Option<Expected>, u16> {
        let pairs = values.iter().map(|value| (IF_MATCH, HeaderValue::from_static(value)));
        Expected::of(&pairs.collect()).map_err(|problem| problem.status)
    }

    #[test]
    fn tags_are_read_as_the_standard_has_them() {
        let versions = |versions: &[u64]| Ok(Some(Expected::Versions(versions.to_vec())));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["\"7\""]), versions(&[7]));
        assert_eq!(read(&["\"7\", \"8\"", "\"9\""]), versions(&[7, 8, 9]));
        assert_eq!(read(&[""]), versions(&[]), "an empty list matches nothing");
        assert_eq!(read(&[" * "]), Ok(Some(Expected::Any)));
        assert_eq!(read(&["\"someone else's\""]), versions(&[]));
        assert_eq!(read(&["W/\"7\""]), versions(&[]), "a weak tag matches nothing");
        assert_eq!(read(&["7"]), versions(&[7]), "its quotes were lost");
        assert_eq!(read(&["seven"]), Err(400));
        assert_eq!(read(&["\"7"]), Err(400));
    }

    #[test]
    fn a_tag_is_the_version_in_quotes() {
        assert_eq!(of(42), "\"42\"");
    }
}
