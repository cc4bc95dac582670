//! The queue between the tick and the syncs: one message for each connection that is due.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::StreamExt as _;
use incident_store::dynamodb::Late;
use incident_store::{ConnectionId, GroupId};
use sync_incidents::Turn;
use xxhash_rust::xxh3::xxh3_64;

/// `SendMessageBatch` takes 10.
const BATCH: usize = 10;

/// How many batches are sent at a time.
const PARALLEL: usize = 8;

/// Over how many seconds the messages of one tick are spread at most, so that what is due together does not
/// want as many Lambda environments at once. A third of the minute: the rest is for the syncs.
const SPREAD: usize = 20;

/// One second more for each so many connections: a few wait for nobody.
const A_SECOND: usize = 10;

/// Where messages are sent.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) client: Late<Client>,
    pub(crate) url: String,
}

impl Queue {
    /// Sends one message for each, with its group, and answers how many were taken. What was not has its next turn.
    pub(crate) async fn send(&self, turns: &[(Turn, GroupId)]) -> usize {
        let spread = (turns.len() / A_SECOND).min(SPREAD);
        let batches: Vec<Vec<_>> = turns.chunks(BATCH).map(|some| entries(some, spread)).collect();
        let sends = batches.into_iter().map(|entries| self.send_batch(entries));
        let sent = futures_util::stream::iter(sends).buffer_unordered(PARALLEL).collect::<Vec<_>>().await;
        tracing::debug!(batches = sent.len(), "put on the queue");
        sent.into_iter().sum()
    }

    async fn send_batch(&self, entries: Vec<SendMessageBatchRequestEntry>) -> usize {
        let whole = entries.len();
        match self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await {
            Ok(answer) => {
                for failed in &answer.failed {
                    tracing::warn!(code = failed.code, "a message was not taken by the queue");
                }
                whole - answer.failed.len()
            }
            Err(error) => {
                tracing::warn!(code = error.code(), messages = whole, "the queue does not take messages");
                0
            }
        }
    }
}

/// Reads a message; `None` when it is none of ours.
pub(crate) fn read(body: &str) -> Option<Turn> {
    serde_json::from_str(body).ok()
}

fn entries(turns: &[(Turn, GroupId)], spread: usize) -> Vec<SendMessageBatchRequestEntry> {
    let entry = |(place, (turn, group)): (usize, &(Turn, GroupId))| {
        let body = serde_json::to_string(turn).ok()?;
        SendMessageBatchRequestEntry::builder()
            .id(place.to_string())
            .message_body(body)
            // The queue is fair between groups: one with many connections does not make others wait.
            // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
            .message_group_id(fair(group.as_str()))
            .delay_seconds(delay(turn.connection, spread))
            .build()
            .ok()
    };
    turns.iter().enumerate().filter_map(entry).collect()
}

/// The queue's name for a group, whose id has maybe other characters than the queue's 128 may have.
fn fair(group: &str) -> String {
    format!("{:016x}", xxh3_64(group.as_bytes()))
}

/// The connection's own place in the spread: it stays, so its turns stay a minute apart.
fn delay(id: ConnectionId, spread: usize) -> i32 {
    let places = u64::try_from(spread).unwrap_or(0) + 1;
    i32::try_from(xxh3_64(id.to_string().as_bytes()) % places).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn turn(number: u8) -> Turn {
        let slot = Timestamp::UNIX_EPOCH;
        Turn { connection: ConnectionId::new(slot, [number; 10]), slot, until: slot }
    }

    #[test]
    fn a_message_is_read_as_it_was_written_and_nothing_else_is() {
        let entries = entries(&[(turn(1), "a group".into())], 0);
        assert_eq!(read(entries[0].message_body()), Some(turn(1)));
        let id = turn(1).connection;
        let without_slot = format!(r#"{{"connection":"{id}"}}"#);
        for poisoned in ["", "{}", "null", r#"{"connection":"7"}"#, &without_slot, "\u{0}"] {
            assert_eq!(read(poisoned), None, "{poisoned}");
        }
    }

    #[test]
    fn any_group_has_a_name_in_the_queue_and_two_groups_have_two() {
        let groups = ["0190f5fe-7c00-7a00-8000-000000000001", "Zoë 🛡", "", &"x".repeat(5000)];
        let names: std::collections::BTreeSet<_> = groups.iter().map(|group| fair(group)).collect();
        assert_eq!(names.len(), groups.len());
        assert!(names.iter().all(|name| (1..=128).contains(&name.len()) && name.is_ascii()));
    }

    #[test]
    fn few_are_sent_at_once_and_many_are_spread_over_a_third_of_the_minute() {
        let delays = |many: usize| {
            let ids = (0..many).map(|number| turn(u8::try_from(number % 256).unwrap_or(0)).connection);
            ids.map(|id| delay(id, (many / A_SECOND).min(SPREAD))).collect::<Vec<_>>()
        };
        assert!(delays(9).iter().all(|delay| *delay == 0));
        let many = delays(200);
        assert_eq!((many.iter().min(), many.iter().max()), (Some(&0), Some(&20)));
        assert_eq!(many, delays(200));
    }
}
