//! Whose log lines are written, and from which level on.
//!
//! Crates of others describe requests below `INFO`, and with them secrets and tokens. They say no more than `INFO`,
//! whatever is asked for. `TRACE` is not compiled in (see `tracing` in the workspace's `Cargo.toml`).

#[cfg(any(test, feature = "testing"))]
pub mod testing;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt as _, Targets};
use tracing_subscriber::registry::LookupSpan;

/// The most that crates of others say.
const OTHERS: LevelFilter = LevelFilter::INFO;

/// The crates of this workspace, as their log lines name them.
pub const OURS: [&str; 13] = [
    "connections",
    "defender_sim",
    "graph_auth",
    "graph_http",
    "graph_security",
    "http_api",
    "incident_store",
    "lambda_support",
    "logging",
    "soc_anywhere",
    "sync_incidents",
    "tenant_calls",
    "test_connection",
];

/// `lines`, but only those that `wanted` asks for, and of crates of others no more than `INFO`.
pub fn capped<S, L>(lines: L, wanted: Targets) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    L: Layer<S>,
{
    let ours = OURS.map(|target| (target, LevelFilter::DEBUG));
    lines.with_filter(wanted.and(Targets::new().with_default(OTHERS).with_targets(ours)))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::fmt;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::testing::Lines;

    fn written(wanted: &str) -> String {
        let lines = Lines::default();
        let layer = fmt::layer().with_writer(lines.clone());
        let subscriber = tracing_subscriber::registry().with(capped(layer, wanted.parse().unwrap()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!(target: "graph_http::retry", "ours at debug");
            tracing::trace!(target: "graph_http", "ours at trace");
            tracing::info!(target: "hyper", "theirs at info");
            tracing::debug!(target: "hyper::client", "theirs at debug");
            tracing::trace!(target: "h2", "theirs at trace");
        });
        lines.text()
    }

    #[test]
    fn others_say_no_more_than_info_whatever_is_asked() {
        for wanted in ["trace", "debug,hyper=trace,h2=trace", "hyper::client=trace,debug"] {
            let text = written(wanted);
            assert!(text.contains("ours at debug") && text.contains("theirs at info"), "{wanted}: {text}");
            assert!(!text.contains("theirs at debug") && !text.contains("at trace"), "{wanted}: {text}");
        }
        let text = written("warn,graph_http=debug");
        assert!(text.contains("ours at debug") && !text.contains("theirs"), "{text}");
    }
}
