//! All connections of all owners, by health and cause.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _};
use incident_store::health::State;
use incident_store::{Connection, ConnectionId, Connections, GroupId, Groups, Health, StoreError, SyncStore};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::report::lag;

/// How many connections' states are read at a time.
const PARALLEL: usize = 32;

/// The most connections that are told one by one. A line has some 400 bytes, and an answer of Lambda's may have 6 MB:
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MOST_LINES: usize = 1_000;

/// All connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// How many there are.
    pub connections: usize,
    /// How many are of each health and cause, the most first.
    pub groups: Vec<Group>,
    /// Those that were asked for; else those that do not work or want looking at. The longest so first.
    pub listed: Vec<Line>,
    /// How many more of these there are than are listed.
    pub left_out: usize,
}

/// The connections of one health and cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Their health.
    pub state: State,
    /// What keeps them from working, or the first thing that wants looking at.
    pub cause: Option<String>,
    /// How many.
    pub connections: usize,
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Which one.
    pub connection: ConnectionId,
    /// Whose.
    pub owner: String,
    /// What the connection hangs on; a group moves between owners.
    pub group: String,
    /// What people call it.
    pub name: Option<String>,
    /// Its health.
    pub state: State,
    /// What keeps it from working, or the first thing that wants looking at.
    pub cause: Option<String>,
    /// Since when it does not work.
    pub since: Option<Timestamp>,
    /// Now minus the instant up to which everything is read, in seconds.
    pub lag_seconds: Option<i64>,
    /// How many things are set aside.
    pub set_aside: usize,
    /// The day on which its secret ends.
    pub secret_expires: Option<Date>,
}

/// All connections at `now`; one by one those of `state` and `cause`.
pub(super) async fn of<S: Connections + Groups + SyncStore>(
    store: &S,
    state: Option<State>,
    cause: Option<&str>,
    now: Timestamp,
) -> Result<Overview, StoreError> {
    let lines = store.connections(None).await?.into_iter().map(|connection| line(store, connection, now));
    let mut lines = futures_util::stream::iter(lines).buffer_unordered(PARALLEL);
    let mut overview = Overview::default();
    let mut groups = BTreeMap::<(&str, Option<String>), Group>::new();
    while let Some(line) = lines.try_next().await? {
        overview.connections += 1;
        let key = (line.state.word(), line.cause.clone());
        let none = Group { state: line.state, cause: line.cause.clone(), connections: 0 };
        groups.entry(key).or_insert(none).connections += 1;
        if is_asked_for(&line, state, cause) {
            overview.listed.push(line);
        }
    }
    overview.groups = groups.into_values().collect();
    overview.groups.sort_by_key(|group| std::cmp::Reverse(group.connections));
    overview.listed.sort_by_key(|line| (line.since.unwrap_or(Timestamp::MAX), line.connection));
    overview.left_out = overview.listed.len().saturating_sub(MOST_LINES);
    overview.listed.truncate(MOST_LINES);
    drop(lines);
    for line in &mut overview.listed {
        line.owner = owner(store, &line.group.as_str().into()).await?;
    }
    Ok(overview)
}

/// Whose a group is.
pub(super) async fn owner<S: Groups>(store: &S, group: &GroupId) -> Result<String, StoreError> {
    Ok(store.owner(group).await?.unwrap_or_default())
}

fn is_asked_for(line: &Line, state: Option<State>, cause: Option<&str>) -> bool {
    if state.is_none() && cause.is_none() {
        return matches!(line.state, State::Failing | State::Attention);
    }
    state.is_none_or(|state| state == line.state)
        && cause.is_none_or(|cause| line.cause.as_deref() == Some(cause))
}

async fn line<S: SyncStore>(store: &S, connection: Connection, now: Timestamp) -> Result<Line, StoreError> {
    let progress = store.progress(connection.id).await?;
    let status = progress.sync_status();
    let Health { state, fault, attention, .. } = Health::of(&connection, &progress, now);
    let first = attention.first().map(|attention| attention.reason().to_owned());
    Ok(Line {
        connection: connection.id,
        group: connection.settings.group.to_string(),
        owner: String::new(),
        name: connection.settings.name,
        state,
        cause: fault.as_ref().map(|fault| fault.cause.to_owned()).or(first),
        since: fault.map(|fault| fault.since),
        lag_seconds: lag(status.read_up_to, now),
        set_aside: status.set_aside.len(),
        secret_expires: connection.settings.secret_expires,
    })
}
