//! Lambda's request → the library → Lambda's response.

use std::convert::Infallible;
use std::sync::Arc;

use graph_http::HttpsTransport;
use http_api::{Caller, Limits};
use lambda_http::{Request, RequestExt};
use lambda_support::{Callers, DynamoAttempts, Problem, Text, contained};
use test_connection::Tester;

/// What is built once.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) tester: Tester<HttpsTransport>,
    /// `None` where nobody is counted; then nobody need have signed in either.
    pub(crate) counted: Option<Counted>,
    pub(crate) limits: Limits,
}

/// Who may test, and how often they have.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) attempts: DynamoAttempts,
    pub(crate) callers: Callers,
}

pub(crate) async fn handle(function: Arc<Function>, request: Request) -> Result<Text, Infallible> {
    let id = request.lambda_context_ref().map(|context| context.request_id.clone());
    // In a task of its own, so that a panic ends the test and not the process, and its text goes nowhere.
    let answer = contained(async move {
        let Function { tester, counted, limits } = &*function;
        let (attempts, caller) = match counted {
            Some(Counted { attempts, callers }) => (Some(attempts), callers.caller(&request)?),
            None => (None, Caller::from("nobody")),
        };
        test_connection::handle(tester, &attempts, limits, &caller, &request).await
    });
    let answer = answer.await.unwrap_or_else(|| Err(Problem::internal()));
    Ok(Text(answer.unwrap_or_else(|problem| {
        tracing::info!(status = problem.status, kind = problem.kind, "request refused");
        let problem = match id {
            Some(id) => problem.of_request(&id),
            None => problem,
        };
        problem.into_response()
    })))
}
