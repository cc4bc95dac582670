//! A large tenant's first sync: 100,000 incidents and 300,000 alerts, within Microsoft's budget.
//!
//! The rows are made as they are asked for and of what is written only marks are kept, so that the memory
//! of the process is the engine's.

mod list;
mod marks;

use std::fmt;
use std::time::Duration;

use defender_sim::hostile::Tenant;
use graph_auth::{Cloud, EndpointOverride, TokenCache};
use graph_http::Clock;
use graph_security::{Graph, RecordKind};
use incident_store::{
    ClientSecrets, ConnectionId, Connections, Lifecycle, NewConnection, SecretError, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sync_incidents::{Budget, Outcome, Settings, Syncer};
use tokio::time::Instant;

use list::{ALERTS, INCIDENTS, List, age};
use marks::Marks;

/// The peak memory is compared with that after so many runs.
const WARM: u32 = 10;

/// More runs than this is no end.
const MOST_RUNS: u32 = 2_000;

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub struct Backfill {
    /// Runs of a minute until everything was read.
    pub runs: u32,
    /// Requests.
    pub calls: u64,
    /// The most requests of one run.
    pub most_calls: u32,
    /// Incidents and alerts that are in the store.
    pub stored: (u32, u32),
    /// The last day's incidents, and how many of them the first run stored.
    pub first_day: (u32, u32),
    /// Peak memory of the process in KiB after ten runs and at the end; 0 where the system does not tell.
    pub peak: (u64, u64),
}

impl Backfill {
    /// Everything is there, today's incidents came first, and the memory is flat: within an eighth.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.stored == (INCIDENTS, ALERTS)
            && self.first_day.0 == self.first_day.1
            && self.most_calls <= 25
            && self.peak.1 <= self.peak.0 + self.peak.0 / 8
    }
}

impl fmt::Display for Backfill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {INCIDENTS} incidents and {} of {ALERTS} alerts stored",
            self.stored.0, self.stored.1
        )?;
        writeln!(
            f,
            "in {} runs of a minute, {} requests, at most {} a run",
            self.runs, self.calls, self.most_calls
        )?;
        writeln!(
            f,
            "of {} incidents of the last day the first run stored {}",
            self.first_day.0, self.first_day.1
        )?;
        write!(f, "peak memory {} KiB after {WARM} runs, {} KiB at the end", self.peak.0, self.peak.1)
    }
}

struct Secret;

impl ClientSecrets for Secret {
    async fn client_secret(&self, _: ConnectionId, _: bool) -> Result<SecretString, SecretError> {
        Ok("secret".into())
    }
}

/// Runs it, in simulated time.
///
/// # Errors
/// When the runtime or the store fails, which they have no reason to.
pub fn run() -> anyhow::Result<Backfill> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(walk())?)
}

async fn walk() -> Result<Backfill, StoreError> {
    let start = Timestamp::from_second(1_793_610_000).unwrap_or(Timestamp::UNIX_EPOCH);
    let clock = Clock::simulated(start);
    let marks = Marks::new(INCIDENTS, ALERTS);
    let id = ConnectionId::new(start, [1; 10]);
    let syncer = Syncer {
        store: marks.clone(),
        graph: Graph {
            transport: List { start, clock: clock.clone() },
            clock,
            tokens: TokenCache::default(),
        },
        secrets: Secret,
        endpoints: EndpointOverride::default(),
        settings: Settings {
            budget: Budget::Microsoft,
            success_every: SignedDuration::from_mins(10),
            lease_margin: Duration::from_secs(60),
            seed: 1,
        },
    };
    let settings = NewConnection {
        group: "local".into(),
        name: None,
        tenant_id: Tenant::TENANT_ID,
        client_id: Tenant::CLIENT_ID,
        cloud: Cloud::Global,
        since: start - SignedDuration::from_hours(180 * 24),
        interval: Duration::from_secs(60),
        secret_expires: None,
    };
    syncer.store.create(id, settings, Lifecycle::Connected, start).await?;
    let today: Vec<u32> = (0..INCIDENTS)
        .filter(|number| age(RecordKind::Incident, *number) <= SignedDuration::from_hours(24))
        .collect();
    let mut report = Backfill {
        runs: 0,
        calls: 0,
        most_calls: 0,
        stored: (0, 0),
        first_day: (u32::try_from(today.len()).unwrap_or(u32::MAX), 0),
        peak: (0, 0),
    };
    let begun = Instant::now();
    while report.runs < MOST_RUNS {
        tokio::time::sleep_until(begun + Duration::from_secs(60) * report.runs).await;
        let run = syncer.sync(id, Instant::now() + Duration::from_secs(60)).await?;
        report.runs += 1;
        report.calls += u64::from(run.usage.calls);
        report.most_calls = report.most_calls.max(run.usage.calls);
        if report.runs == 1 {
            let there = today.iter().filter(|number| marks.has(RecordKind::Incident, **number)).count();
            report.first_day.1 = u32::try_from(there).unwrap_or(u32::MAX);
        }
        if report.runs == WARM {
            report.peak.0 = peak();
        }
        if run.outcome == Outcome::Complete {
            break;
        }
    }
    report.stored = (marks.count(RecordKind::Incident), marks.count(RecordKind::Alert));
    report.peak.1 = peak();
    Ok(report)
}

/// `VmHWM` of this process, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
