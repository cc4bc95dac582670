//! An operator's event, read.

use incident_store::ConnectionId;
use incident_store::health::State;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The longest text of an operator's that is logged, in bytes.
const LONGEST_TEXT: usize = 500;

/// What an operator asks for; `operator` names it in the event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "operator", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// All connections of all owners, by health and cause.
    List {
        /// Those of this health, each by itself.
        state: Option<State>,
        /// Those of this cause, each by itself.
        cause: Option<String>,
    },
    /// One connection's settings, health and status.
    Show {
        /// Which one.
        connection: ConnectionId,
    },
    /// Syncs it now, also what failed before its back-off ends.
    Sync {
        /// Which one.
        connection: ConnectionId,
    },
    /// Reads again all that changed since then.
    Again {
        /// Which one.
        connection: ConnectionId,
        /// Since when.
        since: Timestamp,
    },
    /// Tries what is set aside now.
    RetrySetAside {
        /// Which one.
        connection: ConnectionId,
    },
    /// Begins the hourly and the daily sweep now.
    Sweep {
        /// Which one.
        connection: ConnectionId,
    },
    /// Reads everything as the first sync did.
    ForgetCheckpoint {
        /// Which one.
        connection: ConnectionId,
    },
    /// Stops its syncs.
    Pause {
        /// Which one.
        connection: ConnectionId,
    },
    /// Lets its syncs go on.
    Resume {
        /// Which one.
        connection: ConnectionId,
    },
    /// Writes into the log what was done elsewhere, and why.
    Note {
        /// What, and why.
        text: String,
    },
}

/// An order, and who gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// As whoever sent the event says it. Lambda does not say who has called; `CloudTrail` does.
    pub by: String,
    /// What.
    pub order: Order,
}

/// An operator's event that cannot be understood. It tells what is wrong with the event.
#[derive(Debug, thiserror::Error)]
pub enum BadOrder {
    /// Nobody gives it.
    #[error("`by` must say who gives the order, in at most {LONGEST_TEXT} bytes without control characters")]
    NoBy,
    /// A text of it is none that is logged.
    #[error("`text` must have 1 to {LONGEST_TEXT} bytes and no control characters")]
    Text,
    /// Another member of it.
    #[error("the operator's event cannot be understood: {0}")]
    Event(#[from] serde_json::Error),
}

impl Ordered {
    /// Whether an event is an operator's.
    #[must_use]
    pub fn is_one(event: &Value) -> bool {
        event.get("operator").is_some()
    }

    /// Reads an operator's event.
    ///
    /// # Errors
    /// [`BadOrder`], which says what is wrong with it.
    pub fn read(mut event: Value) -> Result<Self, BadOrder> {
        let by = event.as_object_mut().and_then(|event| event.remove("by"));
        let by = by
            .as_ref()
            .and_then(Value::as_str)
            .filter(|by| is_loggable(by))
            .ok_or(BadOrder::NoBy)?
            .to_owned();
        let order: Order = serde_json::from_value(event)?;
        match &order {
            Order::Note { text } if !is_loggable(text) => Err(BadOrder::Text),
            _ => Ok(Self { by, order }),
        }
    }
}

fn is_loggable(text: &str) -> bool {
    (1..=LONGEST_TEXT).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl Order {
    /// As the event names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::List { .. } => "list",
            Self::Show { .. } => "show",
            Self::Sync { .. } => "sync",
            Self::Again { .. } => "again",
            Self::RetrySetAside { .. } => "retry-set-aside",
            Self::Sweep { .. } => "sweep",
            Self::ForgetCheckpoint { .. } => "forget-checkpoint",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Note { .. } => "note",
        }
    }

    /// What a note says.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Note { text } = self { Some(text) } else { None }
    }

    /// The connection that it is about.
    #[must_use]
    pub fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::List { .. } | Self::Note { .. } => None,
            Self::Show { connection }
            | Self::Sync { connection }
            | Self::Again { connection, .. }
            | Self::RetrySetAside { connection }
            | Self::Sweep { connection }
            | Self::ForgetCheckpoint { connection }
            | Self::Pause { connection }
            | Self::Resume { connection } => Some(*connection),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "019aaf11-3000-7101-8101-010101010101";

    #[test]
    fn each_order_is_read_by_the_name_that_it_has_in_the_log() {
        let connection = json!({ "connection": ID });
        let since = json!({ "connection": ID, "since": "2026-11-01T00:00:00Z" });
        let of_one = ["show", "sync", "retry-set-aside", "sweep", "forget-checkpoint", "pause", "resume"];
        let mut orders: Vec<_> = of_one.iter().map(|name| (*name, connection.clone())).collect();
        orders
            .extend([("list", json!({})), ("list", json!({ "state": "failing", "cause": "wrong_secret" }))]);
        orders.extend([("again", since), ("note", json!({ "text": "why" }))]);
        for (name, mut event) in orders {
            event["operator"] = name.into();
            event["by"] = "somebody".into();
            assert!(Ordered::is_one(&event));
            let Ordered { by, order } = Ordered::read(event.clone()).unwrap();
            assert_eq!((by.as_str(), order.name()), ("somebody", name));
            assert_eq!(order.connection().map(|id| id.to_string()).as_deref(), event["connection"].as_str());
        }
    }

    #[test]
    fn a_bad_event_is_told_what_is_wrong_with_it() {
        for (event, said) in [
            (json!({ "operator": "list" }), "`by` must say"),
            (json!({ "operator": "list", "by": 7 }), "`by` must say"),
            (json!({ "operator": "list", "by": "" }), "`by` must say"),
            (json!({ "operator": "list", "by": "two\nlines" }), "`by` must say"),
            (
                json!({ "operator": "stop", "by": "one" }),
                "unknown variant `stop`, expected one of `list`, `show`",
            ),
            (json!({ "operator": 7, "by": "one" }), "cannot be understood"),
            (json!({ "operator": "sync", "by": "one" }), "missing field `connection`"),
            (json!({ "operator": "sync", "by": "one", "connection": "all" }), "cannot be understood"),
            (json!({ "operator": "again", "by": "one", "connection": ID }), "missing field `since`"),
            (
                json!({ "operator": "again", "by": "one", "connection": ID, "since": "monday" }),
                "cannot be understood",
            ),
            (json!({ "operator": "show", "by": "one", "connection": ID, "more": 1 }), "unknown field `more`"),
            (json!({ "operator": "list", "by": "one", "state": "bad" }), "unknown variant `bad`"),
            (json!({ "operator": "note", "by": "one", "text": "" }), "`text` must have"),
            (json!({ "operator": "note", "by": "one", "text": "x".repeat(501) }), "`text` must have"),
        ] {
            let refused = Ordered::read(event.clone()).unwrap_err().to_string();
            assert!(refused.contains(said), "{event}: {refused}");
        }
    }
}
