//! The library's ports, as they are on AWS.

use connections::{Admin, Answer, Call, Refusal, SavedTest, TenantCalls};
use graph_http::HttpsTransport;
use http_api::Caller;
use incident_store::ConnectionId;
use incident_store::dynamodb::DynamoStore;
use lambda_support::{DynamoAttempts, Invoker, NotInvoked, SecretsManager};

/// The ports on AWS.
pub(crate) type Desk = Admin<DynamoStore, SecretsManager, DynamoAttempts, HttpsTransport>;

/// The function `tenant-calls`.
#[derive(Debug)]
pub(crate) struct OverLambda(pub(crate) Invoker<HttpsTransport>);

impl TenantCalls for OverLambda {
    async fn test(&self, caller: &Caller, id: ConnectionId) -> Result<SavedTest, Refusal> {
        let broken = |error: serde_json::Error| Refusal::Broken(error.to_string());
        let call = serde_json::to_string(&Call::test(caller, id)).map_err(broken)?;
        let answer = self.0.invoke(call).await.map_err(|error| match &error {
            NotInvoked::Unavailable(_) => Refusal::Unavailable(error.to_string()),
            NotInvoked::Refused(_) => Refusal::Broken(error.to_string()),
        })?;
        serde_json::from_slice::<Answer>(&answer).map_err(broken)?.into()
    }
}
