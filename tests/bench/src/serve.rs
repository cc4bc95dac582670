//! The list behind a socket: an Entra that gives every caller a token, and a Graph with two lists.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use graph_security::RecordKind;
use http::header::{CONTENT_TYPE, DATE};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::net::TcpListener;

use crate::list::{Asked, List, Size};

/// Says where it listens, and serves.
pub(crate) async fn run(size: Size) -> anyhow::Result<()> {
    let list = Arc::new(List::new(size, Timestamp::now())?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    println!("{origin}");
    loop {
        let (stream, _) = listener.accept().await?;
        let (list, origin) = (list.clone(), origin.clone());
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let (list, origin) = (list.clone(), origin.clone());
                async move {
                    let (head, body) = request.into_parts();
                    // What is sent is of no interest.
                    let _ = body.collect().await;
                    Ok::<_, Infallible>(answer(&list, &origin, head.uri.path(), head.uri.query()))
                }
            });
            // A connection's error is the client's to see.
            let _ = http1::Builder::new()
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(list: &List, origin: &str, path: &str, query: Option<&str>) -> Response<Full<Bytes>> {
    let query = query.unwrap_or_default();
    let body = if let Some(rest) = path.strip_prefix(RecordKind::Incident.path()) {
        of_list(list, origin, RecordKind::Incident, rest, query)
    } else if let Some(rest) = path.strip_prefix(RecordKind::Alert.path()) {
        of_list(list, origin, RecordKind::Alert, rest, query)
    } else if path.contains("/oauth2/v2.0/token") {
        // Header and claims as a token has them: `{"alg":"none"}` and both roles.
        let claims = "eyJyb2xlcyI6WyJTZWN1cml0eUluY2lkZW50LlJlYWQuQWxsIiwiU2VjdXJpdHlBbGVydC5SZWFkLkFsbCJdfQ";
        Some(format!(
            r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"eyJhbGciOiJub25lIn0.{claims}."}}"#
        ))
    } else {
        None
    };
    let status = if body.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let mut response = Response::new(Full::new(Bytes::from(body.unwrap_or_default())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now());
    if let Some(date) = date.ok().and_then(|date| date.parse().ok()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// `rest` is what follows the list's path: nothing, `/ID`, or `/ID/alerts`.
fn of_list(list: &List, origin: &str, kind: RecordKind, rest: &str, query: &str) -> Option<String> {
    if let Some(id) = rest.strip_prefix('/') {
        if let Some(incident) = id.strip_suffix("/alerts") {
            return Some(format!(r#"{{"value":[{}]}}"#, list.alerts_of(incident.parse().ok()?)));
        }
        let mut row = String::new();
        list.row(kind, id.parse().ok()?, &mut row);
        return Some(row);
    }
    let asked = asked(query);
    let (rows, next) = list.page(kind, asked);
    let next = next.map_or(String::new(), |skip| {
        let others: Vec<_> =
            query.split('&').filter(|option| !option.to_ascii_lowercase().contains("skip=")).collect();
        let link = format!("{origin}{}?{}&$skip={skip}", kind.path(), others.join("&"));
        format!(r#","@odata.nextLink":"{link}""#)
    });
    Some(format!(r#"{{"value":[{rows}]{next}}}"#))
}

fn asked(query: &str) -> Asked {
    let mut asked = Asked { from: Timestamp::MIN, to: Timestamp::MAX, skip: 0, top: 50 };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "$top" => asked.top = value.parse().unwrap_or(asked.top),
            "$skip" => asked.skip = value.parse().unwrap_or(asked.skip),
            "$filter" => {
                for condition in value.split(" and ") {
                    let literal = condition.rsplit(' ').next().and_then(|literal| literal.parse().ok());
                    match (literal, condition.split(' ').nth(1)) {
                        (Some(literal), Some("ge")) => asked.from = literal,
                        (Some(literal), Some("le")) => asked.to = literal,
                        (Some(literal), Some("eq")) => (asked.from, asked.to) = (literal, literal),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    asked
}
