//! Panics: where, and nothing else.

use std::panic;

/// From now on a panic logs its place only: its message may carry what must not be logged.
pub fn report_panics() {
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}
