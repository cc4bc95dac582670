//! Who may talk to the page: a browser on this machine that has the page open, and nobody through it.
//!
//! A site that a user visits elsewhere can point its own name at 127.0.0.1 (DNS rebinding: the `Host` gives
//! it away) and can send requests here (CSRF: the `Origin` gives it away). It can also have an answer of ours loaded, of
//! which it sees the time that it takes (`Sec-Fetch-Site` gives it away); a link to the page is followed all the same.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::problem::Problem;

/// Everything from here and nothing inline; no text ever becomes markup or script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// The port that this server is reached at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Port(pub(super) u16);

pub(super) async fn guard(State(port): State<Port>, request: Request, next: Next) -> Response {
    let mut response = match check(port, request.method(), request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn check(port: Port, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if !text(&HOST).is_some_and(|host| port.is_here(host)) {
        return Err(Problem(http_api::Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "urn:soc-anywhere:problem:misdirected",
            "Another host's request",
            "Open the page by the address that `soc-anywhere serve` printed.",
        )));
    }
    let from_here = |origin: &str| origin.strip_prefix("http://").is_some_and(|host| port.is_here(host));
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    // A browser that sends no `Origin` with a request that changes something still says whose it is.
    // `none` is a person's own doing: an address that was typed in.
    let unmarked = match site {
        None | Some(b"same-origin") => true,
        Some(site) => method.is_safe() && (site == b"none" || !path.starts_with("/api/")),
    };
    let elsewhere = text(&ORIGIN).map_or(!unmarked, |origin| !from_here(origin));
    if elsewhere {
        return Err(Problem(http_api::Problem::forbidden("The request comes from another site's page.")));
    }
    // What a page elsewhere can send without asking first is a form or plain text, never JSON.
    let bodied = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    if bodied && !text(&CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Problem(http_api::Problem::media_type()));
    }
    Ok(())
}

impl Port {
    /// Whether `host` is this server as a user on this machine names it.
    fn is_here(self, host: &str) -> bool {
        let named = |name: &str| host.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'));
        let port = ["127.0.0.1", "localhost", "[::1]"].iter().find_map(|name| named(name));
        port == Some(self.0.to_string().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &Method, headers: &[(&'static str, &'static str)]) -> u16 {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        check(Port(8787), method, "/api/incidents", &map).map_or_else(|problem| problem.0.status, |()| 200)
    }

    #[test]
    fn only_this_machines_own_names_are_answered() {
        for host in ["127.0.0.1:8787", "localhost:8787", "[::1]:8787"] {
            assert_eq!(status(&Method::GET, &[("host", host)]), 200, "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8787",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1.evil.example:8787",
            "localhost:87870",
        ] {
            assert_eq!(status(&Method::GET, &[("host", host)]), 421, "{host}");
        }
        assert_eq!(status(&Method::GET, &[]), 421);
    }

    #[test]
    fn another_sites_page_can_neither_read_nor_change_anything() {
        let host = ("host", "127.0.0.1:8787");
        let json = ("content-type", "application/json");
        for origin in ["http://evil.example", "https://127.0.0.1:8787", "null", "http://127.0.0.1:80", ""] {
            for method in [Method::GET, Method::POST, Method::PATCH, Method::DELETE] {
                assert_eq!(status(&method, &[host, json, ("origin", origin)]), 403, "{method} {origin}");
            }
        }
        for site in ["cross-site", "same-site"] {
            for method in [Method::GET, Method::HEAD, Method::DELETE] {
                assert_eq!(status(&method, &[host, ("sec-fetch-site", site)]), 403, "{method} {site}");
            }
        }
        for site in ["same-origin", "none"] {
            assert_eq!(status(&Method::GET, &[host, ("sec-fetch-site", site)]), 200, "{site}");
        }
        assert_eq!(status(&Method::DELETE, &[host, ("sec-fetch-site", "none")]), 403);
        // A link to the page is followed.
        let headers = [("host", "127.0.0.1:8787"), ("sec-fetch-site", "cross-site")];
        let headers =
            headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        assert!(check(Port(8787), &Method::GET, "/", &headers.into_iter().collect()).is_ok());
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            assert_eq!(status(&method, &[host, ("content-type", "text/plain")]), 415, "{method}");
        }
        assert_eq!(status(&Method::POST, &[host, json, ("origin", "http://127.0.0.1:8787")]), 200);
        assert_eq!(status(&Method::POST, &[host, json]), 200);
    }
}
