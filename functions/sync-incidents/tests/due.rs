//! When a connection is due again, at an interval of a day: what is left, what passes and what a person changes
//! does not wait for it.
#![expect(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod common;

use std::time::Duration;

use common::{Desk, Secrets};
use defender_sim::{Faults, Generator, InProcess, TenantSpec};
use graph_auth::{Cause, EndpointOverride, TokenCache};
use graph_security::Graph;
use incident_store::sqlite::SqliteStore;
use incident_store::{ClientSecrets, ConnectionId, Connections as _, SecretError, SyncStore as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sync_incidents::{Budget, Outcome, Syncer};

const A_DAY: Duration = Duration::from_secs(86_400);

async fn once_a_day(desk: &Desk) {
    let mut connection = desk.syncer.store.connection(desk.id).await.unwrap().unwrap();
    connection.settings.interval = A_DAY;
    desk.syncer.store.update(&connection).await.unwrap();
}

async fn next_due(desk: &Desk) -> Timestamp {
    desk.syncer.store.progress(desk.id).await.unwrap().next_due.unwrap()
}

#[tokio::test(start_paused = true)]
async fn history_is_gone_on_with_at_once_and_then_the_interval_counts() {
    // More than 25 pages, which is what a minute may cost.
    let many = Generator { incidents: 600, ..Generator::default() };
    let desk = Desk::with(TenantSpec::demo(5).with_generator(many), Budget::Microsoft).await;
    once_a_day(&desk).await;
    let first = desk.run().await;
    assert!(matches!(first.outcome, Outcome::Progressing | Outcome::Interrupted), "{first:?}");
    let due = next_due(&desk).await;
    assert_eq!(Some(due), first.resume);
    assert!(due.duration_since(desk.clock.now()) <= SignedDuration::from_mins(1), "{due}");
    desk.runs().await;
    let idle = desk.clock.now();
    assert_eq!(desk.run().await.outcome, Outcome::Complete);
    assert_eq!(next_due(&desk).await, idle + A_DAY);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_sets_the_time_also_for_a_run_that_begins_too_early() {
    let desk = Desk::demo().await;
    once_a_day(&desk).await;
    desk.runs().await;
    let throttled = Faults { graph_status: Some((429, Some(600))), ..Faults::default() };
    desk.simulator.set_faults(desk.tenant.tenant_id, throttled);
    let report = desk.run().await;
    let until = report.status.not_before.expect("it was throttled");
    assert_eq!(next_due(&desk).await, until);
    // A tick counts as due what is so half a minute later.
    tokio::time::sleep(Duration::from_secs(580)).await;
    let early = desk.run().await;
    assert_eq!((early.outcome, early.usage.calls), (Outcome::Interrupted, 0));
    assert_eq!(next_due(&desk).await, until, "the claim's own time, tomorrow, does not stand");
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_looked_at_again_within_a_minute() {
    let desk = Desk::demo().await;
    once_a_day(&desk).await;
    desk.runs().await;
    desk.simulator.set_down(true);
    let failed = desk.run().await;
    assert!(matches!(failed.outcome, Outcome::Failed { cause: Cause::Unreachable, .. }), "{failed:?}");
    assert_eq!(next_due(&desk).await, desk.clock.now() + SignedDuration::from_mins(1));
}

/// Secrets that a person replaces just after a run has read the old one for the second time.
struct ReplacedTooLate {
    secrets: Secrets,
    store: SqliteStore,
}

impl ClientSecrets for ReplacedTooLate {
    async fn client_secret(&self, id: ConnectionId, fresh: bool) -> Result<SecretString, SecretError> {
        let secret = self.secrets.client_secret(id, fresh).await;
        if fresh {
            let connection = self.store.connection(id).await.unwrap().unwrap();
            self.store.update(&connection).await.unwrap();
        }
        secret
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_replaced_during_a_failing_run_is_not_put_off_by_it() {
    let desk = Desk::demo().await;
    let transport = InProcess { simulator: desk.simulator.clone(), clock: desk.clock.clone() };
    let store = desk.syncer.store.clone();
    let syncer = Syncer {
        store: store.clone(),
        graph: Graph { transport, clock: desk.clock.clone(), tokens: TokenCache::default() },
        secrets: ReplacedTooLate { secrets: desk.secrets.clone(), store },
        endpoints: EndpointOverride::default(),
        settings: desk.syncer.settings,
    };
    desk.simulator.replace_secret(desk.tenant.tenant_id, "new~secret+1");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let failed = syncer.sync(desk.id, deadline).await.unwrap();
    assert!(matches!(failed.outcome, Outcome::Failed { cause: Cause::WrongSecret, .. }), "{failed:?}");
    assert!(next_due(&desk).await <= desk.clock.now(), "it is due at once");

    // Nobody has changed it meanwhile: then it is put off.
    let failed = desk.run().await;
    assert!(matches!(failed.outcome, Outcome::Failed { cause: Cause::WrongSecret, .. }), "{failed:?}");
    assert!(next_due(&desk).await > desk.clock.now());
}

#[tokio::test(start_paused = true)]
async fn a_changed_interval_counts_from_now_on() {
    let desk = Desk::demo().await;
    once_a_day(&desk).await;
    desk.runs().await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(next_due(&desk).await > desk.clock.now());
    let mut connection = desk.syncer.store.connection(desk.id).await.unwrap().unwrap();
    connection.settings.interval = Duration::from_secs(120);
    desk.syncer.store.update(&connection).await.unwrap();
    assert!(next_due(&desk).await <= desk.clock.now(), "whoever changes a connection makes it due at once");
    let began = desk.clock.now();
    desk.run().await;
    assert_eq!(next_due(&desk).await, began + SignedDuration::from_mins(2));
}
