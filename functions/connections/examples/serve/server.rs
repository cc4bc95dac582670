//! The functions' own HTTP handlers behind a socket: what API Gateway and Lambda do around them, and no more.
//! Who sends the bearer token `owner-NAME` is that owner, and who sends `owner-NAME/PERSON` is PERSON on its behalf.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use connections::{Admin, BODY_CAP, handle};
use graph_http::HttpsTransport;
use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_api::{Caller, MemoryAttempts, Problem};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use incident_store::MemoryVault;
use incident_store::sqlite::SqliteStore;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The ports as they are here.
pub(crate) type Desk = Admin<SqliteStore, MemoryVault, MemoryAttempts, HttpsTransport>;

/// Longer bodies are cut off unread; API Gateway takes 10 MB.
const READ_AT_MOST: usize = 64 * BODY_CAP;

/// Serves until it is dropped, and its connections with it.
pub(crate) async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let desk = desk.clone();
        open.spawn(async move {
            let service = service_fn(|request| {
                let desk = desk.clone();
                async move { Ok::<_, Infallible>(answer(&desk, request).await.map(Full::new)) }
            });
            // A connection's error is the client's to see.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(desk: &Desk, request: Request<Incoming>) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let problem = |problem: Problem| problem.into_response().map(Bytes::from);
    let Some(caller) = bearer(&head.headers) else { return problem(Problem::unauthenticated()) };
    let body = match Limited::new(body, READ_AT_MOST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return problem(Problem::too_large(BODY_CAP)),
    };
    let request = Request::from_parts(head, body);
    let Admin { tester, attempts, limits, .. } = desk;
    let answer = match request.uri().path() {
        "/test-connection" => test_connection::handle(tester, attempts, limits, &caller, &request).await,
        _ => handle(desk, desk, &caller, &request).await,
    };
    answer.unwrap_or_else(Problem::into_response).map(Bytes::from)
}

fn bearer(headers: &http::HeaderMap) -> Option<Caller> {
    let name = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer owner-")?;
    let (owner, person) = name.split_once('/').map_or((name, None), |(owner, person)| (owner, Some(person)));
    (!owner.is_empty()).then(|| Caller { owner: owner.to_owned(), person: person.map(str::to_owned) })
}
