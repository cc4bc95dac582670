//! JSON over HTTP: what is taken in, what goes out.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Problem;

/// Reads a POST of one JSON object of at most `cap` bytes.
///
/// # Errors
/// A [`Problem`] without anything of the body: serde's own messages repeat values, and a value may be a secret.
pub fn read_json<T: DeserializeOwned, B: AsRef<[u8]>>(
    request: &Request<B>,
    cap: usize,
) -> Result<T, Problem> {
    if request.method() != Method::POST {
        return Err(Problem::method("POST"));
    }
    read_object(request.headers(), request.body().as_ref(), cap)
}

/// Reads one JSON object of at most `cap` bytes.
///
/// # Errors
/// As [`read_json`].
pub fn read_object<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8], cap: usize) -> Result<T, Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(is_json) {
        return Err(Problem::media_type());
    }
    if body.len() > cap {
        return Err(Problem::too_large(cap));
    }
    // serde would take an array as well, its items by position.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::malformed("Expected a JSON object."));
    }
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::malformed(if error.is_data() {
            format!("A field is missing, unknown, repeated or of another type, at {place}.")
        } else {
            format!("Not JSON, at {place}.")
        })
    })
}

/// 200 with `body`. It is for this caller at this moment, so no cache keeps it.
///
/// # Errors
/// [`Problem::internal`], when `body` cannot be written as JSON.
pub fn answer(body: &impl Serialize) -> Result<Response<String>, Problem> {
    answer_with(StatusCode::OK, body)
}

/// The same with another status.
///
/// # Errors
/// As [`answer`].
pub fn answer_with(status: StatusCode, body: &impl Serialize) -> Result<Response<String>, Problem> {
    let mut response = Response::new(serde_json::to_string(body).map_err(|_| Problem::internal())?);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `application/json`, with parameters or without.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        name: String,
    }

    fn read(method: Method, media_type: Option<&str>, body: &str) -> Result<Body, Problem> {
        let mut request = Request::builder().method(method);
        if let Some(media_type) = media_type {
            request = request.header(CONTENT_TYPE, media_type);
        }
        read_json(&request.body(body.as_bytes().to_vec()).unwrap(), 100)
    }

    fn refused(body: &str) -> Problem {
        read(Method::POST, Some("application/json"), body).unwrap_err()
    }

    #[test]
    fn one_object_of_the_right_fields_is_read() {
        for media_type in ["application/json", "Application/JSON; charset=utf-8"] {
            let body = read(Method::POST, Some(media_type), " {\"name\": \"Zoë \u{1f600}\"}\n").unwrap();
            assert_eq!(body.name, "Zoë \u{1f600}");
        }
    }

    #[test]
    fn method_media_type_and_size_are_looked_at_first() {
        assert_eq!(read(Method::GET, None, "").unwrap_err().status, 405);
        assert_eq!(read(Method::POST, None, "{}").unwrap_err().status, 415);
        assert_eq!(read(Method::POST, Some("application/jsonp"), "{}").unwrap_err().status, 415);
        assert_eq!(refused(&"x".repeat(101)).status, 413);
    }

    #[test]
    fn a_bad_body_is_a_400_that_repeats_nothing_of_it() {
        let nested = format!("{}{}", r#"{"name":"#, "[".repeat(90));
        for body in [
            "",
            "null",
            "[\"S3ntinel\"]",
            "\"S3ntinel\"",
            "{",
            r#"{"name":"a","name":"b"}"#,
            r#"{"name":"a","S3ntinel":1}"#,
            r#"{"S3ntinel":"a"}"#,
            r#"{"name":7}"#,
            r#"{"name":["S3ntinel"]}"#,
            r#"{"name":"S3ntinel\ud800"}"#,
            r#"{"name":"a"} {"name":"b"}"#,
            "{\"name\":\"\u{0}\"}",
            nested.as_str(),
        ] {
            let problem = refused(body);
            assert_eq!(problem.status, 400, "{body}");
            let shown = problem.into_response().into_body();
            assert!(!shown.contains("S3ntinel"), "{shown}");
        }
        let broken = Request::post("/").header(CONTENT_TYPE, "application/json").body(b"{\"name\":\"\xff\"}");
        assert_eq!(read_json::<Body, _>(&broken.unwrap(), 100).unwrap_err().status, 400);
    }

    #[test]
    fn a_problem_is_rfc_9457() {
        let response = Problem::method("POST").of_request("1-2").into_response();
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[http::header::ALLOW], "POST");
        let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "urn:soc-anywhere:problem:method-not-allowed",
                "title": "Method not allowed",
                "status": 405,
                "detail": "Use POST.",
                "instance": "urn:uuid:1-2",
            })
        );
    }
}
