//! Method and path → what is asked.

use http::{Method, Uri};
use http_api::Problem;
use incident_store::{ConnectionId, Records};
use url::form_urlencoded;

/// The most connections in one answer, and so many where nothing is said: some 100 KB.
const PAGE: usize = 100;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    List { after: Option<ConnectionId>, limit: usize },
    Enter,
    Get(ConnectionId),
    Change(ConnectionId),
    Remove(ConnectionId, Records),
    ReplaceCredential(ConnectionId),
    Test(ConnectionId),
}

impl Route {
    pub(crate) fn of(method: &Method, uri: &Uri) -> Result<Self, Problem> {
        let path: Vec<_> = uri.path().split('/').skip(1).collect();
        let route = match (path.as_slice(), method.as_str()) {
            (["connections"], "GET") => return list(uri),
            (["connections"], "POST") => Self::Enter,
            (["connections"], _) => return Err(Problem::method("GET, POST")),
            (["connections", id], "GET") => Self::Get(connection(id)?),
            (["connections", id], "PATCH") => Self::Change(connection(id)?),
            (["connections", id], "DELETE") => return remove(connection(id)?, uri),
            (["connections", _], _) => return Err(Problem::method("GET, PATCH, DELETE")),
            (["connections", id, "credential"], "PUT") => Self::ReplaceCredential(connection(id)?),
            (["connections", _, "credential"], _) => return Err(Problem::method("PUT")),
            (["connections", id, "test"], "POST") => Self::Test(connection(id)?),
            (["connections", _, "test"], _) => return Err(Problem::method("POST")),
            _ => return Err(Problem::not_found()),
        };
        match query(uri).next() {
            None => Ok(route),
            Some(_) => Err(unknown_parameter()),
        }
    }
}

fn list(uri: &Uri) -> Result<Route, Problem> {
    let (mut after, mut limit) = (None, PAGE);
    for (name, value) in query(uri) {
        match name.as_ref() {
            "after" => {
                let id =
                    value.parse().map_err(|_| Problem::malformed_target("after is a connection's id."))?;
                after = Some(id);
            }
            "limit" => {
                let in_range = value.parse().ok().filter(|limit| (1..=PAGE).contains(limit));
                let outside = || Problem::malformed_target(format!("limit is a number from 1 to {PAGE}."));
                limit = in_range.ok_or_else(outside)?;
            }
            _ => return Err(unknown_parameter()),
        }
    }
    Ok(Route::List { after, limit })
}

/// A mistyped `records=keep` must not remove them.
fn remove(id: ConnectionId, uri: &Uri) -> Result<Route, Problem> {
    let mut records = Records::Remove;
    for (name, value) in query(uri) {
        records = match (name.as_ref(), value.as_ref()) {
            ("records", "keep") => Records::Keep,
            ("records", "remove") => Records::Remove,
            ("records", _) => return Err(Problem::malformed_target("records is keep or remove.")),
            _ => return Err(unknown_parameter()),
        };
    }
    Ok(Route::Remove(id, records))
}

fn query(uri: &Uri) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

fn unknown_parameter() -> Problem {
    Problem::malformed_target("There is no such query parameter here.")
}

/// What is no id, in the one form that ids have here, is an unknown one.
fn connection(segment: &str) -> Result<ConnectionId, Problem> {
    let id: ConnectionId = segment.parse().map_err(|_| Problem::not_found())?;
    if id.to_string() == segment { Ok(id) } else { Err(Problem::not_found()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190f5fe-7c00-7a00-8000-000000000001";

    fn route(method: &str, target: &str) -> Result<Route, u16> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Route::of(&method, &target.parse().unwrap()).map_err(|problem| problem.status)
    }

    #[test]
    fn every_route_is_found() {
        let id: ConnectionId = ID.parse().unwrap();
        let one = |rest: &str| format!("/connections/{ID}{rest}");
        assert_eq!(route("GET", "/connections"), Ok(Route::List { after: None, limit: 100 }));
        let page = format!("/connections?limit=2&after={ID}");
        assert_eq!(route("GET", &page), Ok(Route::List { after: Some(id), limit: 2 }));
        assert_eq!(route("POST", "/connections"), Ok(Route::Enter));
        assert_eq!(route("GET", &one("")), Ok(Route::Get(id)));
        assert_eq!(route("PATCH", &one("")), Ok(Route::Change(id)));
        assert_eq!(route("DELETE", &one("")), Ok(Route::Remove(id, Records::Remove)));
        assert_eq!(route("DELETE", &one("?records=keep")), Ok(Route::Remove(id, Records::Keep)));
        assert_eq!(route("PUT", &one("/credential")), Ok(Route::ReplaceCredential(id)));
        assert_eq!(route("POST", &one("/test")), Ok(Route::Test(id)));
    }

    #[test]
    fn what_is_no_route_is_told_apart() {
        let upper = format!("/connections/{}", ID.to_uppercase());
        for unknown in ["/", "/connections/", "/connections/7", "/connections//test", "/x", upper.as_str()] {
            assert_eq!(route("GET", unknown).unwrap_err(), if unknown.ends_with("test") { 405 } else { 404 });
        }
        for (method, target) in [
            ("PUT", "/connections".to_owned()),
            ("POST", format!("/connections/{ID}")),
            ("GET", format!("/connections/{ID}/test")),
            ("BREW", format!("/connections/{ID}/credential")),
        ] {
            assert_eq!(route(method, &target), Err(405), "{method} {target}");
        }
        for (method, rest) in [
            ("DELETE", "?record=keep"),
            ("DELETE", "?records=Keep"),
            ("GET", "?limit=1"),
            ("POST", "/test?now"),
        ] {
            assert_eq!(route(method, &format!("/connections/{ID}{rest}")), Err(400), "{method} {rest}");
        }
        for query in ["limit=0", "limit=101", "limit=x", "after=7", "owner=b"] {
            assert_eq!(route("GET", &format!("/connections?{query}")), Err(400), "{query}");
        }
    }
}
