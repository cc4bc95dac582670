//! HTTP → test → HTTP.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use graph_http::Transport;
use lambda_http::{Request, RequestExt, Response};
use lambda_support::{Problem, answer, read_json};
use test_connection::{Input, TestReport, Tester};

/// Three values and a cloud's name take a few hundred bytes.
const BODY_CAP: usize = 4096;

/// A test that failed is a good answer: 200.
pub(crate) async fn handle<T: Transport + 'static>(
    tester: Arc<Tester<T>>,
    request: Request,
) -> Result<Response<String>, Infallible> {
    let response = match read_json::<Input, _>(&request, BODY_CAP) {
        Ok(input) => test(tester, input).await.and_then(|report| answer(&report)),
        Err(problem) => Err(problem),
    };
    Ok(response.unwrap_or_else(|problem| {
        tracing::info!(status = problem.status, kind = problem.kind, "request refused");
        let id = request.lambda_context_ref().map(|context| context.request_id.as_str());
        match id {
            Some(id) => problem.of_request(id),
            None => problem,
        }
        .into_response()
    }))
}

/// In a task of its own, so that a panic ends the test and not the process, and its text goes nowhere.
async fn test<T: Transport + 'static>(tester: Arc<Tester<T>>, input: Input) -> Result<TestReport, Problem> {
    let began = Instant::now();
    let run = tokio::spawn(async move { tester.test(&input, |_| {}).await });
    let report = run.await.map_err(|_| Problem::internal())?;
    let failure = report.failure();
    tracing::info!(
        ok = report.ok,
        failed = failure.map(|check| tracing::field::debug(check.id)),
        cause = failure.and_then(|check| check.cause).map(tracing::field::display),
        code = failure.and_then(|check| check.code.as_deref()),
        duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "connection tested"
    );
    Ok(report)
}
