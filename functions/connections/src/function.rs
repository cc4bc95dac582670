//! Lambda's request → the library → Lambda's response.

use std::sync::Arc;

use connections::Cleaned;
use lambda_http::request::RequestContext;
use lambda_http::{Error, Request, RequestExt as _, Response};
use lambda_support::{Problem, Text, contained, owner};
use serde_json::json;

use crate::cleaning;
use crate::ports::Desk;

/// What is built once.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) desk: Desk,
    pub(crate) owner_claim: String,
}

/// What comes over the HTTP API is a request, whatever is in it; what comes past it is the schedule's event. Each is in
/// a task of its own, so that a panic ends it and not the process, and its text goes nowhere.
pub(crate) async fn handle(function: Arc<Function>, request: Request) -> Result<Text, Error> {
    match request.request_context_ref() {
        Some(RequestContext::PassThrough) => {
            let cleaning =
                async move { cleaning::run(&function.desk, request.body(), &request.lambda_context()).await };
            let cleaned = contained(cleaning).await.ok_or("the cleaning panicked")?;
            let Cleaned { removed, failed } = cleaned?;
            Ok(Text(Response::new(json!({ "removed": removed, "failed": failed }).to_string())))
        }
        _ => Ok(answer(function, request).await),
    }
}

async fn answer(function: Arc<Function>, request: Request) -> Text {
    let id = request.lambda_context_ref().map(|context| context.request_id.clone());
    let answer = contained(async move {
        let owner = owner(&request, &function.owner_claim)?;
        connections::handle(&function.desk, &owner, &request).await
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
