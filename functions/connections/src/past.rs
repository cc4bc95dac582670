//! What comes past the HTTP API: the schedule's event, and what whoever runs the stack asks for. Nobody who signs in to the
//! API can send either.

use connections::{Cleaned, move_all};
use lambda_http::{Context, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cleaning;
use crate::ports::Desk;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Event {
    Clean(Clean),
    Move(Move),
}

/// The input that the schedule has in the template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clean {
    /// When it was to come, as the scheduler writes it.
    #[serde(rename = "clean")]
    scheduled: String,
}

/// What an owner has passes to another one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    /// The owner who has it.
    #[serde(rename = "move")]
    from: String,
    /// The owner who gets it.
    to: String,
    /// Who does it, for the audit line.
    by: String,
}

/// Does what `event` asks for, and tells what was done.
pub(crate) async fn run(desk: &Desk, event: &[u8], context: &Context) -> Result<Value, Error> {
    match serde_json::from_slice(event)? {
        Event::Clean(Clean { scheduled }) => {
            let Cleaned { removed, failed } = cleaning::run(desk, &scheduled, context).await?;
            Ok(json!({ "removed": removed, "failed": failed }))
        }
        Event::Move(Move { from, to, by }) => {
            // A mistyped owner would be one that nobody can sign in as.
            let is_owner = |owner: &str| owner.starts_with("iam:") || owner.starts_with("jwt:");
            if !is_owner(&to) {
                return Err("an owner begins with iam: or jwt:".into());
            }
            Ok(json!({ "moved": move_all(&desk.store, &by, &from, &to).await? }))
        }
    }
}
