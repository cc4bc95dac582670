//! Event → what is due, or what is asked for → report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_incidents::operator::{self, Ordered};
use sync_incidents::{Shift, Turn};
use tokio::time::Instant;

use crate::operate::operate;
use crate::queue;
use crate::tick::{self, Ticked};
use crate::work::{Function, sync};

/// What is left of an invocation when its syncs must have ended: for their last writes, and the answer.
const MARGIN: Duration = Duration::from_secs(5);

/// The longest that one connection may take in one turn. It goes on in the next one, so a large tenant costs
/// the others nothing.
const EACH: Duration = Duration::from_secs(20);

/// How many connections are synced at a time. One that is idle mostly waits for Microsoft; one that reads
/// history holds a page of some 1 MB, and 256 MB are enough for as many.
const PARALLEL: usize = 32;

/// What comes in.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// From the queue.
    Batch(Batch),
    /// From the schedule.
    Tick(Tick),
    /// From an operator, or from nobody who is known.
    Other(Value),
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
    Operator(Box<operator::Answer>),
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
        Event::Other(event) if Ordered::is_one(&event) => {
            let deadline = deadline.min(Instant::now() + EACH);
            Ok(Answer::Operator(Box::new(operate(&function, event, deadline, service).await?)))
        }
        Event::Other(_) => Err("the event is none of the schedule, the queue or an operator".into()),
    }
}

/// Syncs the connections of a batch. Of a failed message the queue keeps a copy: it comes again, and ends among
/// the dead letters. A message is failed by us only; what is a customer's to repair stands on the connection.
async fn sync_batch(function: &Function, batch: Batch, shift: Shift, service: &str) -> Failures {
    let mut failed = Vec::new();
    let mut asked: Vec<(Turn, String)> = Vec::new();
    for Message { message_id, body } in batch.messages {
        if let Some(turn) = queue::read(&body) {
            asked.push((turn, message_id));
        } else {
            tracing::error!(message_id, "a message in the queue cannot be read");
            failed.push(message_id);
        }
    }
    // The queue delivers at least once: of two messages of one connection the later turn counts.
    asked.sort_by_key(|(turn, _)| turn.slot);
    let turns: BTreeMap<_, _> = asked.iter().map(|(turn, _)| (turn.connection, *turn)).collect();
    let ours = sync(function, turns.into_values(), shift, service).await;
    let is_ours = |(turn, _): &(Turn, String)| ours.contains(&turn.connection);
    failed.extend(asked.into_iter().filter(is_ours).map(|(_, message_id)| message_id));
    let failures = failed.into_iter().map(|item_identifier| Failure { item_identifier });
    Failures { batch_item_failures: failures.collect() }
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
        for other in ["{}", r#"{"tick":"x","more":1}"#, "[]", "null", r#"{"source":"aws.events"}"#] {
            assert!(
                matches!(read(other).unwrap(), Event::Other(event) if !Ordered::is_one(&event)),
                "{other}"
            );
        }
        let order = read(r#"{"operator":"list","by":"somebody"}"#).unwrap();
        assert!(matches!(order, Event::Other(event) if Ordered::is_one(&event)));
    }
}
