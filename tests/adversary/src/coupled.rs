//! A network that makes an engine with a known bug of a good one: what one list is refused, the other one is refused, too.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use defender_sim::{Content, Outcome, perform};
use graph_http::{Request, Transport, TransportError};
use http::{Response, StatusCode, header};
use tokio::time::Instant;

use crate::store::Flaw;

/// A transport whose lists share their troubles, where that is the flaw.
#[derive(Clone, Debug)]
pub(crate) struct Coupled<T> {
    inner: T,
    flaw: Option<Flaw>,
    troubles: Arc<Mutex<[Trouble; 2]>>,
}

/// What the last answer of a list was.
#[derive(Clone, Copy, Debug, Default)]
enum Trouble {
    #[default]
    None,
    Refused,
    Waits(Instant),
}

impl<T> Coupled<T> {
    pub(crate) fn new(inner: T, flaw: Option<Flaw>) -> Self {
        Self { inner, flaw, troubles: Arc::default() }
    }

    fn troubles(&self) -> std::sync::MutexGuard<'_, [Trouble; 2]> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this list is answered for the other one's trouble.
    fn answer_of_the_other(&self, list: usize) -> Option<Response<Bytes>> {
        let other = self.troubles()[1 - list];
        let answer = match (self.flaw?, other) {
            (Flaw::OneWaitForBoth, Trouble::Waits(until)) => {
                let left = until.checked_duration_since(Instant::now())?;
                let seconds = left.as_secs() + 1;
                Response::builder().status(StatusCode::TOO_MANY_REQUESTS).header(header::RETRY_AFTER, seconds)
            }
            (Flaw::OneRefusalForBoth, Trouble::Refused) => Response::builder().status(StatusCode::FORBIDDEN),
            _ => return None,
        };
        answer.body(Bytes::from_static(br#"{"error":{"code":"Coupled","message":""}}"#)).ok()
    }
}

impl<T: Transport<Body = Content>> Transport for Coupled<T> {
    type Body = Content;

    async fn send(&self, request: Request) -> Result<Response<Content>, TransportError> {
        let path = request.uri().path();
        let list = match (path.contains("/security/incidents"), path.contains("/security/alerts_v2")) {
            (true, _) => 0,
            (_, true) => 1,
            _ => return self.inner.send(request).await,
        };
        if let Some(answer) = self.answer_of_the_other(list) {
            let answer = perform(Outcome::Answer(answer)).await;
            return answer.ok_or_else(|| TransportError::Broken("an answer is performed".to_owned()));
        }
        let answer = self.inner.send(request).await?;
        self.troubles()[list] = trouble(&answer);
        Ok(answer)
    }
}

fn trouble(answer: &Response<Content>) -> Trouble {
    let wait = answer.headers().get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    match (answer.status(), wait) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Trouble::Refused,
        (_, Some(seconds)) => Trouble::Waits(Instant::now() + Duration::from_secs(seconds)),
        _ => Trouble::None,
    }
}
