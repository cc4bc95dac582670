//! The emulated AWS with connections in it, in a process of its own: `tests/examples/seeded.rs`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Seeded {
    child: Child,
    told: Value,
}

impl Seeded {
    pub(crate) fn start(program: &Path, connections: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .arg(connections.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let output = child.stdout.take().context("a pipe")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let told = serde_json::from_str(&line).context("it has told nothing")?;
        Ok(Self { child, told })
    }

    /// `aws` or `origin`.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.told[name].as_str().unwrap_or_default()
    }

    /// A message of the queue for each of some connections.
    pub(crate) fn batch(&self, from: usize, count: usize) -> String {
        // Each batch is a slot of its own: a slot has one run.
        let slot = Timestamp::now();
        let until = slot + SignedDuration::from_mins(2);
        let messages = (from..from + count).map(|number| {
            let connection = &self.told["connections"][number];
            let body = json!({ "connection": connection, "slot": slot, "until": until });
            json!({ "messageId": number.to_string(), "body": body.to_string(), "eventSource": "aws:sqs" })
        });
        json!({ "Records": messages.collect::<Vec<_>>() }).to_string()
    }

    /// One of `events/`, about a tenant that is here. Each has an owner of its own: how often somebody may test is
    /// bounded.
    pub(crate) fn event(&self, path: &str, number: usize) -> anyhow::Result<String> {
        let mut event: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        event["requestContext"]["authorizer"]["iam"]["userId"] = format!("AIDA{number}").into();
        event["body"] = self.told["tenants"][number].to_string().into();
        Ok(event.to_string())
    }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        // It ends its emulator when its input ends.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
