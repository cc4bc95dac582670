//! A connection test that a person waits for at the terminal.

use std::time::Duration;

use indicatif::ProgressBar;

/// Shows on a terminal that something is going on.
pub(crate) async fn shown<T>(test: impl Future<Output = T>) -> T {
    let bar = ProgressBar::new_spinner().with_message("testing");
    bar.enable_steady_tick(Duration::from_millis(100));
    let report = test.await;
    bar.finish_and_clear();
    report
}
