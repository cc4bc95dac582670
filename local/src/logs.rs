//! Log lines on standard error.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::failure::Failure;

/// From now on the process logs to standard error: what `RUST_LOG` asks for, else with `--verbose` all lines from
/// `DEBUG` on, else warnings. Crates of others say no more than `INFO`, because below it they print secrets.
pub(crate) fn start(verbose: bool, asked: Option<&str>) -> Result<(), Failure> {
    let default = if verbose { LevelFilter::DEBUG } else { LevelFilter::WARN };
    let wanted = match asked {
        None => Targets::new().with_default(default),
        Some(text) => text.parse::<Targets>().map_err(|error| {
            Failure::Usage(format!("RUST_LOG: {error}; an example is warn,sync_incidents=debug"))
        })?,
    };
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let _ = tracing_subscriber::registry().with(logging::capped(lines, wanted)).try_init();
    Ok(())
}
