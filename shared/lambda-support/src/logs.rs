//! Logs as Lambda wants them: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>,
//! "Log format" and "Log-level filtering".

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logs {
    /// `AWS_LAMBDA_LOG_FORMAT`
    pub format: Format,
    /// `AWS_LAMBDA_LOG_LEVEL`
    pub level: LevelFilter,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object.
    Json,
    /// Words.
    Text,
}

/// A log setting that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLogs {
    /// At this level hyper and the AWS SDK print bodies, and with them secrets.
    #[error("AWS_LAMBDA_LOG_LEVEL: TRACE is refused, because it would print secrets")]
    Trace,
    /// Not one of Lambda's levels.
    #[error("AWS_LAMBDA_LOG_LEVEL: expected DEBUG, INFO, WARN, ERROR or FATAL")]
    Level,
    /// Not one of Lambda's formats.
    #[error("AWS_LAMBDA_LOG_FORMAT: expected JSON or Text")]
    Format,
}

impl Logs {
    /// Reads the two settings. Unset, it is JSON from `INFO` on: machines read these lines.
    pub(crate) fn parse(format: Option<&str>, level: Option<&str>) -> Result<Self, BadLogs> {
        let format = match format.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "json") => Format::Json,
            Some("text") => Format::Text,
            Some(_) => return Err(BadLogs::Format),
        };
        let level = match level.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "info") => LevelFilter::INFO,
            Some("debug") => LevelFilter::DEBUG,
            Some("warn") => LevelFilter::WARN,
            Some("error" | "fatal") => LevelFilter::ERROR,
            Some("trace") => return Err(BadLogs::Trace),
            Some(_) => return Err(BadLogs::Level),
        };
        Ok(Self { format, level })
    }

    /// From now on the process logs to standard output. A second call changes nothing.
    pub fn start(self) {
        let wanted = Targets::new().with_default(self.level);
        let lines: Box<dyn Layer<_> + Send + Sync> = match self.format {
            // `timestamp`, `level` and `message` at the top: Lambda filters by them.
            Format::Json => fmt::layer().json().flatten_event(true).with_span_list(false).boxed(),
            // CloudWatch has the time.
            Format::Text => fmt::layer().with_ansi(false).without_time().boxed(),
        };
        let _ = tracing_subscriber::registry().with(logging::capped(lines, wanted)).try_init();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_s_levels_and_formats_are_honoured_and_trace_is_refused() {
        let logs = |format, level| Logs::parse(format, level);
        assert_eq!(logs(None, None), Ok(Logs { format: Format::Json, level: LevelFilter::INFO }));
        let text = Logs { format: Format::Text, level: LevelFilter::ERROR };
        assert_eq!(logs(Some("Text"), Some("FATAL")), Ok(text));
        assert_eq!(logs(Some("JSON"), Some("TRACE")), Err(BadLogs::Trace));
        assert_eq!(logs(Some("XML"), None), Err(BadLogs::Format));
        assert_eq!(logs(None, Some("LOUD")), Err(BadLogs::Level));
    }
}
