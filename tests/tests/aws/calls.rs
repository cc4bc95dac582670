//! What ticks and first syncs call, counted, with a bound for each: the engine with the simulator, the store and
//! the secrets on AWS. Each figure is printed beside its bound. `idle.rs` has the warm idle tick to the letter.

use std::io::Write as _;

use defender_sim::{Generator, TenantSpec};
use graph_auth::TokenCache;

use crate::scene::{Scene, changes};

/// A minute apart; what happens in one of them is the simulator's to say.
const BUSY_TICKS: u16 = 30;

/// What was called.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cost {
    graph: f64,
    tokens: f64,
    secrets: f64,
    dynamodb: f64,
    write_units: f64,
}

impl Cost {
    fn each(self, of: f64) -> Self {
        let Self { graph, tokens, secrets, dynamodb, write_units } = self;
        Self {
            graph: graph / of,
            tokens: tokens / of,
            secrets: secrets / of,
            dynamodb: dynamodb / of,
            write_units: write_units / of,
        }
    }

    /// Says what was counted beside what it must be.
    fn is(self, what: &str, expected: Self) {
        say(&format!("guard: {what}: {self:.2?}, exactly {expected:.2?}"));
        assert_eq!(self, expected, "{what}");
    }

    /// Says what was counted beside what it may be.
    fn within(self, what: &str, most: Self) {
        say(&format!("guard: {what}: {self:.2?}, at most {most:.2?}"));
        let good = self.graph <= most.graph
            && self.tokens <= most.tokens
            && self.secrets <= most.secrets
            && self.dynamodb <= most.dynamodb
            && self.write_units <= most.write_units;
        assert!(good, "{what} calls too much");
    }
}

/// Not by a macro: the test harness keeps to itself what a passing test prints by one.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Scene {
    /// Of a tenant with such a past, from before all of it; nothing is counted yet.
    async fn of(generator: Generator) -> Option<Self> {
        let scene = Self::new(TenantSpec::demo(3).with_generator(generator), 40).await?;
        scene.cost();
        Some(scene)
    }

    /// What was called since this was last asked.
    #[expect(clippy::cast_precision_loss, reason = "counts of a test")]
    fn cost(&self) -> Cost {
        let requests = self.simulator.requests();
        self.simulator.keep_requests(0);
        self.simulator.keep_requests(100_000);
        let tokens = requests.iter().filter(|request| request.target.contains("/oauth2/")).count();
        let calls = self.counted.take();
        let secrets = calls.operations.get("GetSecretValue").copied().unwrap_or_default();
        let all: usize = calls.operations.values().sum();
        Cost {
            graph: (requests.len() - tokens) as f64,
            tokens: tokens as f64,
            secrets: secrets as f64,
            dynamodb: (all - secrets) as f64,
            write_units: calls.write_units,
        }
    }
}

#[tokio::test]
async fn ticks_call_no_more_than_they_did() {
    let Some(mut scene) = Scene::of(Generator::demo()).await else { return };
    scene.settle().await;
    let _ = scene.cost();

    assert!(!scene.turn().await.claimed);
    let warm = Cost { graph: 2.0, dynamodb: 2.0, ..Cost::default() };
    scene.cost().is("calls of an idle tick, warm", warm);

    scene.syncer.graph.tokens = TokenCache::default();
    assert!(!scene.turn().await.claimed);
    scene.cost().is("calls of an idle tick with a new token", Cost { tokens: 1.0, ..warm });

    let mut written = 0;
    for minute in 1..=BUSY_TICKS {
        scene.later(i64::from(minute) * 60);
        written += changes(&scene.turn().await);
    }
    assert!(written > 20, "{written} changes in {BUSY_TICKS} minutes are no busy tenant");
    say(&format!("guard: {written} changes in {BUSY_TICKS} ticks"));
    // What a look finds to be new is asked for once more, under the lease.
    let busy = Cost { graph: 3.0, tokens: 0.1, secrets: 0.1, dynamodb: 15.0, write_units: 45.0 };
    scene.cost().each(BUSY_TICKS.into()).within("calls of a busy tick, on average", busy);
}

#[tokio::test]
#[expect(clippy::cast_precision_loss, reason = "counts of a test")]
async fn a_first_sync_calls_no_more_than_it_did() {
    let quiet = Generator { incidents: 500, documented: false, ..Generator::default() };
    let Some(scene) = Scene::of(quiet).await else { return };
    let written = scene.settle().await;
    assert!(written > 1_000, "{written} records");
    say(&format!("guard: a first sync of {written} records"));
    let most = Cost { graph: 26.2, tokens: 0.7, secrets: 0.7, dynamodb: 124.0, write_units: 7_270.0 };
    scene.cost().each(written as f64 / 1e3).within("calls of a thousand records, backfilled", most);
}
