//! Lambda's request → the library → Lambda's response.

use std::sync::Arc;

use lambda_http::request::RequestContext;
use lambda_http::{Error, Request, RequestExt as _, Response};
use lambda_support::{Callers, Problem, Text, contained};

use crate::past;
use crate::ports::{Desk, OverLambda};

/// What is built once.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) desk: Desk,
    pub(crate) calls: OverLambda,
    pub(crate) callers: Callers,
}

/// What comes over the HTTP API is a request, whatever is in it; what comes past it is an event of its own. Each is in
/// a task of its own, so that a panic ends it and not the process, and its text goes nowhere.
pub(crate) async fn handle(function: Arc<Function>, request: Request) -> Result<Text, Error> {
    match request.request_context_ref() {
        Some(RequestContext::PassThrough) => {
            let done =
                async move { past::run(&function.desk, request.body(), &request.lambda_context()).await };
            let done = contained(done).await.ok_or("what was asked past the API panicked")?;
            Ok(Text(Response::new(done?.to_string())))
        }
        _ => Ok(answer(function, request).await),
    }
}

async fn answer(function: Arc<Function>, request: Request) -> Text {
    let id = request.lambda_context_ref().map(|context| context.request_id.clone());
    let answer = contained(async move {
        let Function { desk, calls, callers } = &*function;
        let caller = callers.caller(&request)?;
        connections::handle(desk, calls, &caller, &request).await
    });
    let answer = answer.await.unwrap_or_else(|| Err(Problem::internal()));
    Text(answer.unwrap_or_else(|problem| {
        tracing::info!(status = problem.status, kind = problem.kind, "request refused");
        let problem = match id {
            Some(id) => problem.of_request(&id),
            None => problem,
        };
        problem.into_response()
    }))
}
