//! A connection as it is shown. Never its secret.

use graph_auth::Cloud;
use incident_store::{Capabilities, Connection, ConnectionId, Health, Lifecycle, Progress};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

/// A connection and how it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionView {
    /// Its own id.
    pub id: ConnectionId,
    /// What people call it.
    pub name: Option<String>,
    /// Directory (tenant) ID.
    pub tenant_id: Uuid,
    /// Application (client) ID.
    pub client_id: Uuid,
    /// `global`, `gcc-high`, `dod` or `simulated`.
    pub cloud: &'static str,
    /// How far back its first sync goes.
    pub since: Timestamp,
    /// How often it is synced.
    pub interval_seconds: u64,
    /// The day on which its secret expires.
    pub secret_expires: Option<Date>,
    /// Whether it is kept and not synced.
    pub paused: bool,
    /// What the last test found.
    pub capabilities: Capabilities,
    /// When it was entered.
    pub created: Timestamp,
    /// How it is doing.
    #[serde(flatten)]
    pub doing: Doing,
    /// Its version, for [`crate::Expected`]; over HTTP the `ETag`.
    #[serde(skip)]
    pub version: u64,
}

/// How a connection is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Doing {
    /// In one word, with what to do.
    pub health: HealthView,
    /// When a sync last began.
    pub last_attempt: Option<Timestamp>,
    /// When a sync last read everything that was new. While nothing changes it is written every ten minutes.
    pub last_success: Option<Timestamp>,
    /// Up to where everything is read, by Microsoft's clock.
    pub read_up_to: Option<Timestamp>,
    /// When the next sync is due.
    pub next_due: Option<Timestamp>,
}

/// Health, with each reason's sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthView {
    state: incident_store::health::State,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<incident_store::health::Fault>,
    attention: Vec<Said<incident_store::health::Attention>>,
    notes: Vec<Said<incident_store::health::Note>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Said<T> {
    #[serde(flatten)]
    what: T,
    message: String,
}

impl<T: ToString> From<T> for Said<T> {
    fn from(what: T) -> Self {
        let message = what.to_string();
        Self { what, message }
    }
}

impl From<Health> for HealthView {
    fn from(health: Health) -> Self {
        let Health { state, fault, attention, notes } = health;
        let attention = attention.into_iter().map(Said::from).collect();
        Self { state, fault, attention, notes: notes.into_iter().map(Said::from).collect() }
    }
}

impl ConnectionView {
    /// `connection` as it is doing at `now`.
    #[must_use]
    pub fn of(connection: Connection, progress: &Progress, now: Timestamp) -> Self {
        let status = progress.sync_status();
        let doing = Doing {
            health: Health::of(&connection, progress, now).into(),
            last_attempt: progress.last_attempt,
            last_success: status.last_success,
            read_up_to: status.read_up_to,
            next_due: progress.next_due.filter(|_| connection.lifecycle == Lifecycle::Connected),
        };
        let settings = connection.settings;
        Self {
            id: connection.id,
            name: settings.name,
            tenant_id: settings.tenant_id,
            client_id: settings.client_id,
            cloud: Cloud::name(&settings.cloud),
            since: settings.since,
            interval_seconds: settings.interval.as_secs(),
            secret_expires: settings.secret_expires,
            paused: connection.lifecycle == Lifecycle::Paused,
            capabilities: connection.capabilities,
            created: connection.created,
            doing,
            version: connection.version,
        }
    }
}

/// Some of an owner's connections, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page {
    /// These.
    pub connections: Vec<ConnectionView>,
    /// Where there are more: they come after this one.
    pub next: Option<ConnectionId>,
}
