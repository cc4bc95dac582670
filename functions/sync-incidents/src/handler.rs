//! Event → what is due, or what is asked for → report.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, pin_mut};
use graph_http::HttpsTransport;
use incident_store::dynamodb::DynamoStore;
use incident_store::{ConnectionId, StoreError};
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::SecretsManager;
use serde::{Deserialize, Serialize};
use sync_incidents::{Ended, NotSynced, Shift, Syncer};
use tokio::time::Instant;

use crate::account::Account;
use crate::queue::{self, Queue};
use crate::tick::{self, Ticked};

/// What is left of an invocation when its syncs must have ended: for their last writes, and the answer.
const MARGIN: Duration = Duration::from_secs(5);

/// The longest that one connection may take in one turn. It goes on in the next one, so a large tenant costs
/// the others nothing.
const EACH: Duration = Duration::from_secs(20);

/// How many connections are synced at a time. One that is idle mostly waits for Microsoft; one that reads
/// history holds a page of some 1 MB, and 256 MB are enough for as many.
const PARALLEL: usize = 32;

/// What is built once.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) syncer: Syncer<DynamoStore, HttpsTransport, SecretsManager>,
    /// Where what is due is put; nowhere where the tick syncs it itself.
    pub(crate) queue: Option<Queue>,
}

/// What comes in.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// From the queue.
    Batch(Batch),
    /// From the schedule.
    Tick(Tick),
}

/// What is used of an SQS event; the crate that has all of it brings two date libraries along.
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
#[derive(Debug, Deserialize)]
pub(crate) struct Batch {
    #[serde(rename = "Records")]
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    body: String,
}

/// The input that the schedule has in the template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tick {
    /// When it was to come, as the scheduler writes it.
    #[serde(rename = "tick")]
    pub(crate) scheduled: String,
}

/// What goes out.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Batch(Failures),
    Tick(Ticked),
}

/// The messages that stay on the queue.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>, "Returning a partial response"
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failures {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

pub(crate) async fn handle(function: Arc<Function>, event: LambdaEvent<Event>) -> Result<Answer, Error> {
    let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let deadline = Instant::now() + left.saturating_sub(MARGIN);
    let shift = Shift { deadline, each: EACH, parallel: PARALLEL };
    // The function's own name, so that two stacks of one account have their own metrics and alarms.
    let service = event.context.env_config.function_name.as_str();
    match event.payload {
        Event::Batch(batch) => Ok(Answer::Batch(sync_batch(&function, batch, shift, service).await)),
        Event::Tick(tick) => Ok(Answer::Tick(tick::run(&function, &tick.scheduled, shift, service).await?)),
    }
}

/// Syncs the connections of a batch. Of a failed message the queue keeps a copy: it comes again, and ends among
/// the dead letters. A message is failed by us only; what is a customer's to repair stands on the connection.
async fn sync_batch(function: &Function, batch: Batch, shift: Shift, service: &str) -> Failures {
    let mut failed = Vec::new();
    let mut asked: Vec<(ConnectionId, String)> = Vec::new();
    for Message { message_id, body } in batch.messages {
        if let Some(connection) = queue::read(&body) {
            asked.push((connection, message_id));
        } else {
            tracing::error!(message_id, "a message in the queue cannot be read");
            failed.push(message_id);
        }
    }
    // The queue delivers at least once: two messages of one connection are one sync.
    let connections: BTreeSet<_> = asked.iter().map(|(connection, _)| *connection).collect();
    let ours = sync(function, connections, shift, service).await;
    failed.extend(asked.into_iter().filter(|(id, _)| ours.contains(id)).map(|(_, message_id)| message_id));
    let failures = failed.into_iter().map(|item_identifier| Failure { item_identifier });
    Failures { batch_item_failures: failures.collect() }
}

/// Syncs connections, tells of each as it ends, and answers which ones failed by a fault of ours.
pub(crate) async fn sync(
    function: &Function,
    connections: impl IntoIterator<Item = ConnectionId>,
    shift: Shift,
    service: &str,
) -> Vec<ConnectionId> {
    let mut account = Account::default();
    let mut failed = Vec::new();
    let ended = function.syncer.sync_all(connections, shift);
    pin_mut!(ended);
    while let Some((id, ended)) = ended.next().await {
        let ours = is_ours(&ended);
        account.add(id, &ended, ours);
        if ours {
            failed.push(id);
        }
    }
    account.print(service, function.syncer.graph.clock.now());
    failed
}

/// A lease that another run took, and a connection that was removed meanwhile, are nobody's fault.
fn is_ours(ended: &Ended) -> bool {
    match ended {
        Ok(_) | Err(NotSynced::Store(StoreError::Fenced | StoreError::Gone)) => false,
        Err(NotSynced::Store(_) | NotSynced::Panicked | NotSynced::NoTime) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Event, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn the_schedule_s_and_the_queue_s_events_are_told_apart_and_others_are_refused() {
        let tick = read(r#"{"tick":"2026-11-23T08:00:00Z"}"#).unwrap();
        assert!(matches!(tick, Event::Tick(tick) if tick.scheduled == "2026-11-23T08:00:00Z"));
        let batch = read(r#"{"Records":[{"messageId":"1","body":"{}","eventSource":"aws:sqs"}]}"#).unwrap();
        assert!(matches!(batch, Event::Batch(batch) if batch.messages.len() == 1));
        for other in ["{}", r#"{"tick":"x","more":1}"#, "[]", "null"] {
            assert!(read(other).is_err(), "{other}");
        }
    }

    #[test]
    fn only_what_is_ours_goes_back_to_the_queue() {
        for not_ours in [StoreError::Fenced, StoreError::Gone] {
            assert!(!is_ours(&Err(NotSynced::Store(not_ours))));
        }
        assert!(is_ours(&Err(NotSynced::Store(StoreError::Unavailable("throttled".into())))));
        assert!(is_ours(&Err(NotSynced::Panicked)));
        assert!(is_ours(&Err(NotSynced::NoTime)));
    }
}
