//! Call → what is asked for → answer.

use std::sync::Arc;

use connections::{Admin, Answer, Call, Refusal, TenantCalls};
use graph_http::HttpsTransport;
use incident_store::dynamodb::DynamoStore;
use lambda_runtime::Error;
use lambda_support::{DynamoAttempts, SecretsManager, contained};

/// The ports on AWS.
pub(crate) type Desk = Admin<DynamoStore, SecretsManager, DynamoAttempts, HttpsTransport>;

/// Answers one call, in a task of its own, so that a panic ends the call and not the process, and its text goes nowhere.
pub(crate) async fn to(desk: Arc<Desk>, call: Call) -> Result<Answer, Error> {
    let answer = contained(async move {
        let answer = Box::pin(TenantCalls::test(desk.as_ref(), &call.caller(), call.test)).await;
        match &answer {
            Err(Refusal::Unavailable(why)) => tracing::warn!(why, "a call could not be answered now"),
            Err(Refusal::Broken(why)) => tracing::error!(why, "a call could not be answered"),
            _ => {}
        }
        Answer::from(answer)
    });
    answer.await.ok_or_else(|| "the call panicked".into())
}
