//! Calling another function: one signed POST, which is all that is used of Lambda's API. Its SDK would be a megabyte.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use graph_http::{Clock, Fault, Limits, Request, Transport, exchange};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use tokio::time::Instant;

/// A test ends within 20 s, and a function that is not warm starts within one. The answer is a report of some KB.
const LIMITS: Limits = Limits { time: Duration::from_secs(26), body: 256 * 1024 };

/// A function, and the right to invoke it.
pub struct Invoker<T> {
    transport: T,
    clock: Clock,
    uri: String,
    region: String,
    identity: Identity,
}

/// A function gave no answer. No text of its own is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotInvoked {
    /// It may be asked again.
    #[error("the function does not answer: {0}")]
    Unavailable(String),
    /// Asking again changes nothing.
    #[error("the function cannot be asked: {0}")]
    Refused(String),
}

impl<T> fmt::Debug for Invoker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invoker").field("uri", &self.uri).finish_non_exhaustive()
    }
}

impl<T: Transport> Invoker<T> {
    /// Invokes the alias with this ARN at `endpoint`, such as `https://lambda.eu-west-1.amazonaws.com`. Calls nothing.
    pub(super) fn new(
        transport: T,
        clock: Clock,
        endpoint: &str,
        alias: &str,
        region: &str,
        keys: Credentials,
    ) -> Self {
        // The colon is all that stands in an ARN of a function's and not as it is in a path's segment.
        let alias = alias.replace(':', "%3A");
        let uri = format!("{}/2015-03-31/functions/{alias}/invocations", endpoint.trim_end_matches('/'));
        Self { transport, clock, uri, region: region.to_owned(), identity: keys.into() }
    }

    /// Sends `payload`, and gives what the function answers.
    ///
    /// # Errors
    /// [`NotInvoked`], when it does not answer, or ends with an error.
    pub async fn invoke(&self, payload: String) -> Result<bytes::Bytes, NotInvoked> {
        let request = self.signed(payload)?;
        let deadline = Instant::now() + LIMITS.time;
        let answer = exchange(&self.transport, request, LIMITS, deadline).await;
        let answer = answer.map_err(|fault: Fault| NotInvoked::Unavailable(fault.to_string()))?;
        if answer.header("x-amz-function-error").is_some() {
            return Err(NotInvoked::Unavailable("it ended with an error".to_owned()));
        }
        // The exception's name, and never its message.
        let said = || answer.header("x-amzn-errortype").and_then(|said| said.split(':').next()).unwrap_or("");
        match answer.status {
            status if status.is_success() => Ok(answer.body),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(NotInvoked::Unavailable(format!("{status} {}", said())))
            }
            status => Err(NotInvoked::Refused(format!("{status} {}", said()))),
        }
    }

    fn signed(&self, payload: String) -> Result<Request, NotInvoked> {
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("lambda")
            .time(self.clock.now().into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsent(&error))?
            .into();
        let body = SignableBody::Bytes(payload.as_bytes());
        let signable = SignableRequest::new("POST", &self.uri, std::iter::empty(), body);
        let signed = signable.and_then(|signable| sign(signable, &params)).map_err(|error| unsent(&error))?;
        let (instructions, _) = signed.into_parts();
        let mut request = Request::new(payload.into());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.parse().map_err(|error: http::uri::InvalidUri| unsent(&error))?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

fn unsent(error: &impl ToString) -> NotInvoked {
    NotInvoked::Refused(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoker(session: Option<&str>) -> Invoker<graph_http::HttpsTransport> {
        let keys = Credentials::new("AKIDEXAMPLE", "S3ntinel", session.map(str::to_owned), None, "test");
        let alias = "arn:aws:lambda:eu-west-1:123456789012:function:tenant-calls:live";
        let clock = Clock::simulated("2026-11-29T12:00:00Z".parse().unwrap());
        let endpoint = "https://lambda.eu-west-1.amazonaws.com/";
        Invoker::new(graph_http::HttpsTransport::new(), clock, endpoint, alias, "eu-west-1", keys)
    }

    #[tokio::test]
    async fn a_call_is_signed_for_lambda_and_names_the_alias_in_its_path() {
        let request = invoker(Some("token")).signed("{}".to_owned()).unwrap();
        assert_eq!(
            request.uri().to_string(),
            "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/\
             arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Atenant-calls%3Alive/invocations"
        );
        let authorization = request.headers()["authorization"].to_str().unwrap();
        let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261129/eu-west-1/lambda/aws4_request, ";
        assert!(authorization.starts_with(scope), "{authorization}");
        assert_eq!(request.headers()["x-amz-security-token"], "token");
        let other = invoker(Some("token")).signed("{ }".to_owned()).unwrap();
        assert_ne!(other.headers()["authorization"], authorization, "the payload is signed");
    }

    #[tokio::test]
    async fn the_keys_show_in_no_debug() {
        let shown = format!("{:?}", invoker(None));
        assert!(shown.contains("tenant-calls") && !shown.contains("S3ntinel"), "{shown}");
    }
}
