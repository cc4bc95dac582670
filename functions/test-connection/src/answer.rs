//! HTTP → test → HTTP, as docs/openapi.yaml says.

use graph_auth::Cause;
use graph_http::Transport;
use http::{Request, Response};
use http_api::{Attempts, Caller, Limits, Problem, Refused, answer, read_json};
use uuid::Uuid;

use crate::audit::{Subject, audited};
use crate::{Candidate, Input, TestReport, Tester};

/// The longest request body, in bytes: three values and a cloud's name take a few hundred.
pub const BODY_CAP: usize = 4096;

/// Answers a request of `caller`'s, whoever that is: the gateway has authenticated them. A test that failed is a
/// good answer: 200.
///
/// # Errors
/// A [`Problem`], where the request cannot be answered.
pub async fn handle<T: Transport, A: Attempts, B: AsRef<[u8]>>(
    tester: &Tester<T>,
    attempts: &A,
    limits: &Limits,
    caller: &Caller,
    request: &Request<B>,
) -> Result<Response<String>, Problem> {
    let input: Input = read_json(request, BODY_CAP)?;
    let report = test(tester, attempts, limits, caller, &input).await.map_err(|refused| match refused {
        Refused::TooMany(too_many) => Problem::too_many(too_many),
        Refused::Unavailable(error) => {
            tracing::warn!(%error, "a request could not be answered now");
            Problem::unavailable()
        }
    })?;
    answer(&report)
}

async fn test<T: Transport, A: Attempts>(
    tester: &Tester<T>,
    attempts: &A,
    limits: &Limits,
    caller: &Caller,
    input: &Input,
) -> Result<TestReport, Refused> {
    // On the heap: it has some 20 KB.
    let test = Box::pin(async { Ok(tester.test(input, |_| {}).await) });
    let (ids, guess) = match input.candidate() {
        Ok(Candidate { identity, .. }) => ((identity.tenant_id, identity.client_id), true),
        // Entra is asked for the ID behind a domain, and no secret is sent.
        Err(Cause::TenantIdIsDomain) => ((Uuid::nil(), Uuid::nil()), false),
        // Nobody is asked about other values of the wrong form.
        Err(_) => return test.await,
    };
    let (tenant_id, client_id) = ids;
    let subject = Subject { caller, tenant_id, client_id, connection: None, guess };
    audited(attempts, limits, subject, tester.clock.now(), test).await
}
