//! How a connection is doing, in one word, and what to do about it.

mod attention;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

pub use attention::Attention;
use graph_auth::{Cause, Cloud};
use graph_security::RecordKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Connection, Failing, Lifecycle, Progress};

/// A connection's health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// In one word.
    pub state: State,
    /// What keeps it from working; also told of a paused one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// What wants looking at, the most urgent first, whatever the state.
    pub attention: Vec<Attention>,
    /// What is worth knowing and wants nothing.
    pub notes: Vec<Note>,
}

/// Health in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Not synced yet.
    Pending,
    /// All is well.
    Connected,
    /// It works; something wants looking at.
    Attention,
    /// It does not work.
    Failing,
    /// Kept, not synced.
    Paused,
}

impl State {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Connected => "connected",
            Self::Attention => "attention",
            Self::Failing => "failing",
            Self::Paused => "paused",
        }
    }
}

/// One cause and one remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The cause's name.
    pub cause: &'static str,
    /// Its AADSTS number, where the cause has no other name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    /// What is wrong.
    pub message: &'static str,
    /// The one thing to do next.
    pub remedy: Cow<'static, str>,
    /// The page where it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Which stream; `None` for both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<RecordKind>,
    /// Codes and request ids for support.
    pub detail: String,
    /// Since when, without interruption.
    pub since: Timestamp,
    /// How many syncs in a row.
    pub times: u32,
}

/// Something worth knowing. `Display` says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "note", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Note {
    /// Microsoft asked to be left alone.
    Throttled {
        /// Until when.
        until: Timestamp,
        /// Which list; `None` for both.
        #[serde(skip_serializing_if = "Option::is_none")]
        stream: Option<RecordKind>,
    },
    /// Older history is still being read.
    Backfill {
        /// It has come to here.
        at: Timestamp,
    },
    /// The permission to change incidents, which is optional, is not granted.
    WriteBackNotGranted,
    /// The permission to list custom detection rules, which is optional, is not granted.
    CustomDetectionsNotGranted,
}

impl Health {
    /// What is known of `connection` at `now`.
    #[must_use]
    pub fn of(connection: &Connection, progress: &Progress, now: Timestamp) -> Self {
        let status = progress.sync_status();
        let fault = status.failing.as_ref().map(|failing| fault(connection, failing));
        let attention = attention::of(connection, progress, &status, now);
        let state = match connection.lifecycle {
            Lifecycle::Paused | Lifecycle::Removing => State::Paused,
            Lifecycle::Pending => State::Pending,
            Lifecycle::Connected if fault.is_some() => State::Failing,
            Lifecycle::Connected if progress.unreadable => State::Attention,
            Lifecycle::Connected if status.last_success.is_none() => State::Pending,
            Lifecycle::Connected if !attention.is_empty() => State::Attention,
            Lifecycle::Connected => State::Connected,
        };
        let throttled = status.throttled(now).into_iter();
        let throttled = throttled.map(|(stream, until)| Note::Throttled { until, stream });
        let backfill = status.backfill_from.map(|at| Note::Backfill { at });
        let notes = throttled.chain(backfill).chain(not_granted(connection)).collect();
        Self { state, fault, attention, notes }
    }
}

/// What is optional: reading needs none of it. What is not known is not said.
fn not_granted(connection: &Connection) -> impl Iterator<Item = Note> {
    let refused = |known: Option<bool>, note| (known == Some(false)).then_some(note);
    let capabilities = connection.capabilities;
    // There are no custom detection rules in the other clouds' Graph:
    // https://learn.microsoft.com/graph/api/resources/security-detectionrule
    let detections = capabilities
        .custom_detections
        .filter(|_| !matches!(connection.settings.cloud, Cloud::GccHigh | Cloud::Dod));
    let write_back = refused(capabilities.write_back, Note::WriteBackNotGranted);
    write_back.into_iter().chain(refused(detections, Note::CustomDetectionsNotGranted))
}

fn fault(connection: &Connection, failing: &Failing) -> Fault {
    let settings = &connection.settings;
    let explanation = failing.cause.explain();
    // A simulated tenant has no portal.
    let has_portal = !matches!(settings.cloud, Cloud::Simulated(_));
    let link = || explanation.place.url(&settings.cloud, settings.tenant_id, settings.client_id);
    Fault {
        cause: failing.cause.name(),
        code: if let Cause::Unknown { code } = failing.cause { Some(code) } else { None },
        message: explanation.message,
        remedy: failing.cause.remedy_at(&settings.cloud.endpoints()),
        link: has_portal.then(link),
        stream: failing.stream,
        detail: failing.detail.clone(),
        since: failing.since,
        times: failing.times,
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Throttled { until, stream: None } => {
                write!(f, "Microsoft throttles all requests until {until:.0}.")
            }
            Self::Throttled { until, stream: Some(kind) } => {
                write!(f, "Microsoft throttles requests for {} until {until:.0}.", kind.plural())
            }
            Self::Backfill { at } => write!(f, "Older history is still being read, now at {at:.0}."),
            Self::WriteBackNotGranted => {
                f.write_str("Read-only. To change incidents, also grant SecurityIncident.ReadWrite.All.")
            }
            Self::CustomDetectionsNotGranted => f.write_str(
                "Custom detection rules are not read. To read them, also grant CustomDetection.Read.All.",
            ),
        }
    }
}
