//! One connection in one run: requests to Graph with a token, within a deadline and a budget.

use std::time::Duration;

use graph_auth::{AccessToken, Endpoints, Identity, TokenCache, TokenRequest};
use graph_http::retry::{Failure, Tries};
use graph_http::{Answer, Clock, Deadline, Fault, Limits, Request, Spent, Transport, Unanswered, exchange};
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{ErrorAnswer, plain};
use crate::page::parse_record;
use crate::{ErrorDetail, Evidence, GraphError, NextLink, Page, PageFault, Query, RecordKind, parse_page};

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// <https://learn.microsoft.com/graph/api/security-rulesroot-list-detectionrules>
const DETECTION_RULES: &str = "/beta/security/rules/detectionRules?$top=1";

/// What all connections of a process share: the network, the clock and the tokens.
#[derive(Debug)]
pub struct Graph<T> {
    /// The network.
    pub transport: T,
    /// Our clock.
    pub clock: Clock,
    /// Tokens of all connections.
    pub tokens: TokenCache,
}

/// What a session used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Requests sent to Graph, repeated ones included: refused calls still count against the tenant.
    pub calls: u32,
    /// How many of them were answered with 429, or 503/504 with `Retry-After`.
    pub throttles: u32,
    /// Bytes of body read, after decompression.
    pub bytes: u64,
}

/// One connection in one run.
#[derive(Debug)]
pub struct Session<'a, T> {
    graph: &'a Graph<T>,
    endpoints: Endpoints,
    identity: Identity,
    deadline: Deadline,
    budget: u32,
    usage: Usage,
    rng: fastrand::Rng,
    roles: Option<Vec<String>>,
    last: Evidence,
    repeat_transient: bool,
}

impl<'a, T: Transport> Session<'a, T> {
    /// A session that ends at `deadline` and sends at most `budget` requests to Graph.
    pub fn new(
        graph: &'a Graph<T>,
        endpoints: Endpoints,
        identity: Identity,
        deadline: Deadline,
        budget: u32,
        rng: fastrand::Rng,
    ) -> Self {
        Self {
            graph,
            endpoints,
            identity,
            deadline,
            budget,
            usage: Usage::default(),
            rng,
            roles: None,
            last: Evidence::default(),
            repeat_transient: true,
        }
    }

    /// What was used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The roles of the last token, a hint; `None` before the first one or where it cannot be read.
    #[must_use]
    pub fn roles(&self) -> Option<&[String]> {
        self.roles.as_deref()
    }

    /// Graph's own id of the request that it answered last, which its support asks for; `None` before the first
    /// answer.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.last.request_id.as_deref()
    }

    /// The last try, for Microsoft's support. The cause is its caller's to say.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.last.clone()
    }

    /// When this session ends.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// From now on it ends then.
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// From now on no more than `budget` requests in all.
    pub fn set_budget(&mut self, budget: u32) {
        self.budget = budget;
    }

    /// From now on this identity; false when it is the one in use.
    pub fn replace_identity(&mut self, identity: Identity) -> bool {
        let is_new = !identity.is_same(&self.identity);
        self.identity = identity;
        is_new
    }

    /// Whether 5xx and connection faults are tried again here. While a caller narrows down what fails, it
    /// repeats by itself, and repeating below would only multiply the waits.
    pub fn repeat_transient(&mut self, repeat: bool) {
        self.repeat_transient = repeat;
    }

    /// The first page of a query.
    ///
    /// # Errors
    /// [`GraphError`], by what to do next.
    pub async fn page(&mut self, query: &Query) -> Result<Page, GraphError> {
        self.list(query.kind, &query.path_and_query()).await
    }

    /// The page behind a checked link.
    ///
    /// # Errors
    /// As [`Session::page`]; an expired link is [`GraphError::Rejected`].
    pub async fn next(&mut self, kind: RecordKind, link: &NextLink) -> Result<Page, GraphError> {
        self.list(kind, &link.path_and_query()).await
    }

    /// The alerts of one incident, through the incident's own navigation property.
    ///
    /// # Errors
    /// As [`Session::page`].
    pub async fn alerts_of(&mut self, incident_id: &str) -> Result<Page, GraphError> {
        let path = format!("{}/{}/alerts", RecordKind::Incident.path(), encode(incident_id));
        self.list(RecordKind::Alert, &path).await
    }

    /// One record by its id, as a page of one row.
    ///
    /// # Errors
    /// As [`Session::page`]; [`PageFault::NotFound`] when it is not there.
    pub async fn record(&mut self, kind: RecordKind, id: &str) -> Result<Page, GraphError> {
        let answer = self.get(&format!("{}/{}", kind.path(), encode(id)), Single::Yes).await?;
        parse_record(&answer, kind).map_err(|fault| self.no_page(fault))
    }

    /// Whether custom detection rules can be listed. That API is beta, its rows have changed their shape, and
    /// it is in the global cloud only, so no row is kept.
    ///
    /// # Errors
    /// As [`Session::page`].
    pub async fn detection_rules(&mut self) -> Result<(), GraphError> {
        self.list(RecordKind::Incident, DETECTION_RULES).await.map(drop)
    }

    async fn list(&mut self, kind: RecordKind, path: &str) -> Result<Page, GraphError> {
        let answer = self.get(path, Single::No).await?;
        parse_page(&answer, &self.endpoints, kind).map_err(|fault| self.no_page(fault))
    }

    /// The last answer was a success, and cannot be read.
    fn no_page(&self, fault: PageFault) -> GraphError {
        tracing::debug!(
            status = self.last.status, request_id = self.last.request_id,
            client_request_id = ?self.last.client_request_id, %fault,
            "an answer of Graph cannot be read"
        );
        let detail = self.last.client_request_id.map(|client_request_id| {
            Box::new(ErrorDetail {
                status: self.last.status.unwrap_or_default(),
                code: String::new(),
                request_id: self.last.request_id.clone(),
                client_request_id,
                is_graph_s: true,
                is_unknown_caller: false,
                leads_to: None,
                spent: Spent::default(),
            })
        });
        GraphError::Page { fault, detail, source: None }
    }

    /// One successful answer, after as many tries as the policy allows.
    async fn get(&mut self, path: &str, single: Single) -> Result<Answer, GraphError> {
        let mut tries = Tries::until(self.deadline);
        let mut fresh_token = false;
        loop {
            if tokio::time::Instant::now() >= self.deadline {
                return Err(GraphError::OutOfTime);
            }
            if self.usage.calls >= self.budget {
                return Err(GraphError::OutOfBudget);
            }
            let token = self.token().await?;
            let id = uuid::Builder::from_random_bytes(random_bytes(&mut self.rng)).into_uuid();
            let request = self.request(path, &token, id)?;
            self.usage.calls = self.usage.calls.saturating_add(1);
            let outcome = exchange(&self.graph.transport, request, Limits::PAGE, self.deadline).await;
            let answer = outcome.as_ref().ok();
            self.last = Evidence {
                cause: None,
                status: answer.map(|answer| answer.status.as_u16()),
                graph_code: None,
                request_id: answer
                    .and_then(|answer| answer.header("request-id"))
                    .and_then(plain)
                    .filter(|id| !token.is_echoed_by(id)),
                client_request_id: Some(id),
            };
            let fault = outcome.as_ref().err().map(ToString::to_string);
            let (mut error, failure) = match outcome {
                Ok(answer) if answer.status.is_success() => {
                    self.usage.bytes = self.usage.bytes.saturating_add(answer.body.len() as u64);
                    tracing::debug!(
                        status = answer.status.as_u16(), bytes = answer.body.len(),
                        request_id = self.last.request_id, client_request_id = %id,
                        "Graph answered"
                    );
                    return Ok(answer);
                }
                Ok(answer) => {
                    let read = ErrorAnswer::of(&answer, id, &token);
                    self.last.graph_code = Some(read.detail.code.clone()).filter(|code| !code.is_empty());
                    self.last.request_id.clone_from(&read.detail.request_id);
                    let stale = answer.status == StatusCode::UNAUTHORIZED || read.missing_roles.is_some();
                    if stale && !fresh_token {
                        // Expired before its time, or issued before consent was given: once more with a
                        // fresh one before anybody is blamed.
                        fresh_token = true;
                        tracing::debug!(
                            status = self.last.status, code = self.last.graph_code,
                            request_id = self.last.request_id, client_request_id = %id,
                            attempt = tries.failed().saturating_add(1), wait_ms = 0,
                            "Graph refuses the token; the request is sent once more with a fresh one"
                        );
                        let request = token_request(self.graph, &self.endpoints, self.deadline);
                        self.graph.tokens.evict(&request, &self.identity, &token).await;
                        continue;
                    }
                    let failure = Failure::of_answer(&answer, self.graph.clock.now());
                    if matches!(failure, Some(Failure::Throttled { .. })) {
                        self.usage.throttles = self.usage.throttles.saturating_add(1);
                    }
                    (error_of(read, failure, single), failure)
                }
                Err(fault) => {
                    let failure = Failure::of_fault(&fault);
                    let unanswered = Unanswered { fault, spent: tries.spent() };
                    (error_of_fault(unanswered, self.deadline), failure)
                }
            };
            let failure = failure.filter(|failure| self.repeat_transient || *failure != Failure::Transient);
            let wait = tries.wait(failure, &mut self.rng);
            error.set_spent(tries.spent());
            tracing::debug!(
                status = self.last.status, code = self.last.graph_code, request_id = self.last.request_id,
                client_request_id = %id, fault, attempt = tries.failed(), ?failure, wait_ms = wait.map(in_ms),
                "a request to Graph failed"
            );
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
        }
    }

    async fn token(&mut self) -> Result<AccessToken, GraphError> {
        let request = token_request(self.graph, &self.endpoints, self.deadline);
        let token = self.graph.tokens.token(&request, &self.identity, &mut self.rng).await?;
        self.roles = token.claims().map(|claims| claims.roles);
        Ok(token)
    }

    fn request(&self, path: &str, token: &AccessToken, id: Uuid) -> Result<Request, GraphError> {
        let mut request = Request::new("".into());
        *request.uri_mut() = self.endpoints.graph_uri(path);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.authorization()?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Without it, enum members younger than `unknownFutureValue` arrive as that word.
        headers.insert(PREFER, HeaderValue::from_static("include-unknown-enum-members"));
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            headers.insert(CLIENT_REQUEST_ID, id);
        }
        Ok(request)
    }
}

/// Whether a single record is asked for: its 404 means something else than a list's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Single {
    Yes,
    No,
}

fn token_request<'b, T>(
    graph: &'b Graph<T>,
    endpoints: &'b Endpoints,
    deadline: Deadline,
) -> TokenRequest<'b, T> {
    TokenRequest { transport: &graph.transport, clock: &graph.clock, endpoints, deadline }
}

fn error_of(read: ErrorAnswer, failure: Option<Failure>, single: Single) -> GraphError {
    let detail = read.detail;
    if let (None, Some(none_granted)) = (failure, read.missing_roles) {
        return GraphError::MissingRoles { none_granted, detail };
    }
    let page = |fault, detail| GraphError::Page { fault, detail: Some(detail), source: None };
    match (failure, detail.status) {
        (Some(Failure::Throttled { retry_after }), _) => GraphError::Throttled { retry_after, detail },
        (Some(Failure::Transient), _) => page(PageFault::ServerError, detail),
        // As a success that is no page: it says nothing about permissions, licences or records.
        (None, _) if !detail.is_graph_s => page(PageFault::NotJson, detail),
        (None, 401) if detail.code == "InvalidAuthenticationToken" => GraphError::TokenRefused(detail),
        (None, 404) if single == Single::Yes => page(PageFault::NotFound, detail),
        (None, 401 | 403 | 404) => GraphError::Forbidden(detail),
        (None, _) => GraphError::Rejected(detail),
    }
}

fn error_of_fault(unanswered: Unanswered, deadline: Deadline) -> GraphError {
    let page = |fault, source| GraphError::Page { fault, detail: None, source: Some(Box::new(source)) };
    match unanswered.fault {
        Fault::TimedOut(_) if tokio::time::Instant::now() >= deadline => GraphError::OutOfTime,
        Fault::TooLarge(_) => page(PageFault::TooLarge, unanswered),
        Fault::BrokenOff(_) | Fault::TimedOut(_) => page(PageFault::Incomplete, unanswered),
        Fault::Transport(_) => GraphError::Unreachable(unanswered),
    }
}

fn in_ms(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

fn random_bytes(rng: &mut fastrand::Rng) -> [u8; 16] {
    rng.u128(..).to_le_bytes()
}

/// An id as one path segment.
fn encode(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}

/// How long a caller that was throttled without a `Retry-After` leaves the tenant alone. Graph's
/// documentation asks for exponential back-off; a minute is the longest window of a published limit.
pub const UNSTATED_RETRY_AFTER: Duration = Duration::from_secs(60);
