//! The schedule's event: what requests have left is finished. That is what a cut has interrupted, and the removal of
//! a connection with more records than one request has time for.

use std::time::{Duration, SystemTime};

use connections::{Cleaned, UNFINISHED_AFTER, clean};
use lambda_http::{Context, Error};
use lambda_support::metrics::{self, Metric, Unit};

use crate::ports::Desk;

/// How much of an invocation is left when the rest is put off to the next one.
const MARGIN: Duration = Duration::from_secs(3);

/// The most of them in one invocation.
const MOST: usize = 100;

/// That a cleaning has ended well, and what it did: its alarms count both.
fn print(service: &str, desk: &Desk, cleaned: Cleaned) {
    let count = |name, number: usize| {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        Metric { name, value: number.into(), unit: Unit::Count }
    };
    let metrics = [
        count("cleanings", 1),
        count("cleaned_up", cleaned.removed),
        count("cleanings_failed", cleaned.failed),
    ];
    metrics::print(service, "cleaning", desk.tester.clock.now(), &metrics);
}

/// Cleans for as long as the invocation lasts. What is cut off then has gone on: the next one takes it up there.
pub(crate) async fn run(desk: &Desk, scheduled: &str, context: &Context) -> Result<Cleaned, Error> {
    let left =
        context.deadline().duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(MARGIN);
    let before = desk.tester.clock.now() - UNFINISHED_AFTER;
    let service = context.env_config.function_name.as_str();
    let mut cleaned = Cleaned::default();
    let cleaning = clean(&desk.store, &desk.vault, before, MOST, &mut cleaned);
    if let Ok(ended) = tokio::time::timeout(left, cleaning).await {
        ended?;
    } else {
        tracing::info!(scheduled, "cleaning goes on with the next event");
    }
    let Cleaned { removed, failed } = cleaned;
    print(service, desk, cleaned);
    if removed + failed > 0 {
        tracing::info!(scheduled, removed, failed, "cleaned up");
    }
    Ok(Cleaned { removed, failed })
}
