//! Lambda's request → the library → Lambda's response.

use std::convert::Infallible;
use std::sync::Arc;

use connections::Admin;
use graph_http::HttpsTransport;
use incident_store::dynamodb::DynamoStore;
use lambda_http::{Request, RequestExt as _};
use lambda_support::{DynamoAttempts, Problem, SecretsManager, Text, owner};

/// The ports on AWS.
pub(crate) type Desk = Admin<DynamoStore, SecretsManager, DynamoAttempts, HttpsTransport>;

/// What is built once.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) desk: Desk,
    pub(crate) owner_claim: String,
}

pub(crate) async fn handle(function: Arc<Function>, request: Request) -> Result<Text, Infallible> {
    let id = request.lambda_context_ref().map(|context| context.request_id.clone());
    // In a task of its own, so that a panic ends the request and not the process, and its text goes nowhere.
    let answer = tokio::spawn(async move {
        let owner = owner(&request, &function.owner_claim)?;
        connections::handle(&function.desk, &owner, &request).await
    });
    let answer = answer.await.unwrap_or_else(|_| Err(Problem::internal()));
    Ok(Text(answer.unwrap_or_else(|problem| {
        tracing::info!(status = problem.status, kind = problem.kind, "request refused");
        let problem = match id {
            Some(id) => problem.of_request(&id),
            None => problem,
        };
        problem.into_response()
    })))
}
