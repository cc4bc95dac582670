//! HTTP → operation → HTTP, as docs/openapi.yaml says.

use graph_http::Transport;
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, Request, Response, StatusCode};
use http_api::{Attempts, Caller, Problem, answer, answer_with, read_object};
use incident_store::{Connections, Groups, SecretVault, SyncStore};
use serde::Serialize;
use test_connection::TestReport;

use crate::admin::Tested;
use crate::route::Route;
use crate::{Admin, ConnectionView, Expected, Refusal, SavedTest, TenantCalls, etag};

/// The longest request body, in bytes. A connection's values take a few hundred.
pub const BODY_CAP: usize = 4096;

/// Answers a request of `caller`'s, whoever that is: the gateway has authenticated them. `calls` does what needs a secret
/// that is kept.
///
/// # Errors
/// A [`Problem`], where the request cannot be answered.
pub async fn handle<S, V, A, T, C, B>(
    admin: &Admin<S, V, A, T>,
    calls: &C,
    caller: &Caller,
    request: &Request<B>,
) -> Result<Response<String>, Problem>
where
    S: Connections + Groups + SyncStore,
    V: SecretVault,
    A: Attempts,
    T: Transport,
    C: TenantCalls,
    B: AsRef<[u8]>,
{
    let route = Route::of(request.method(), request.uri())?;
    let (headers, body) = (request.headers(), request.body().as_ref());
    if body.len() > BODY_CAP {
        return Err(Problem::too_large(BODY_CAP));
    }
    match route {
        Route::List { after, limit } => answer(&admin.list(caller, after, limit).await.map_err(said)?),
        Route::Get(id) => one(&admin.get(caller, id).await.map_err(said)?),
        Route::Enter => {
            let entry = read_object(headers, body, BODY_CAP)?;
            let tested = admin.enter(caller, &entry, |_| {}).await.map_err(said)?;
            let location = format!("/connections/{}", tested.connection.id);
            let location = HeaderValue::try_from(location).map_err(|_| Problem::internal())?;
            let mut response = written(admin, StatusCode::CREATED, tested).await?;
            response.headers_mut().insert(LOCATION, location);
            Ok(response)
        }
        Route::ReplaceCredential(id) => {
            let expected = Expected::required(headers)?;
            let new = read_object(headers, body, BODY_CAP)?;
            let tested = admin.replace_credential(caller, id, &expected, &new, |_| {}).await.map_err(said)?;
            written(admin, StatusCode::OK, tested).await
        }
        Route::Change(id) => {
            let expected = Expected::required(headers)?;
            let change = read_object(headers, body, BODY_CAP)?;
            let connection = admin.change(caller, id, &expected, change).await.map_err(said)?;
            one(&admin.view(connection).await.map_err(said)?)
        }
        Route::Test(id) => {
            let SavedTest { version, report } = calls.test(caller, id).await.map_err(said)?;
            let mut response = answer(&report)?;
            response.headers_mut().insert(ETAG, etag::of(version));
            Ok(response)
        }
        Route::Remove(id, records) => {
            let expected = Expected::of(headers)?.unwrap_or(Expected::Any);
            admin.remove(caller, id, &expected, records).await.map_err(said)?;
            let mut response = Response::new(String::new());
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
    }
}

fn one(view: &ConnectionView) -> Result<Response<String>, Problem> {
    let mut response = answer(view)?;
    response.headers_mut().insert(ETAG, etag::of(view.version));
    Ok(response)
}

/// A connection that was written, and the test that it passed or was saved in spite of.
#[derive(Serialize)]
struct Written {
    connection: ConnectionView,
    test: TestReport,
}

async fn written<S, V, A, T>(
    admin: &Admin<S, V, A, T>,
    status: StatusCode,
    tested: Tested,
) -> Result<Response<String>, Problem>
where
    S: Connections + Groups + SyncStore,
    V: SecretVault,
    A: Attempts,
    T: Transport,
{
    let connection = admin.view(tested.connection).await.map_err(said)?;
    let tag = etag::of(connection.version);
    let mut response = answer_with(status, &Written { connection, test: tested.report })?;
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// What is ours to repair is logged here, once.
fn said(refusal: Refusal) -> Problem {
    match &refusal {
        Refusal::Unavailable(why) => tracing::warn!(why, "a request could not be answered now"),
        Refusal::Broken(why) => tracing::error!(why, "a request could not be answered"),
        _ => {}
    }
    refusal.into()
}
