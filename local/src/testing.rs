//! A connection test that a person waits for at the terminal.

use std::io::{self, IsTerminal as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use test_connection::{Pause, Waiting};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::desk::{Desk, DeskAdmin};
use crate::failure::Failure;
use crate::report;

/// How often the countdown is drawn.
const REDRAW: Duration = Duration::from_millis(200);

/// Shows on a terminal that something is going on.
pub(crate) async fn shown<T>(test: impl Future<Output = T>) -> T {
    let bar = spinner();
    let report = test.await;
    bar.finish_and_clear();
    report
}

/// The same where a person enters something new: where the verdict `counts`, what may have been made a moment ago is
/// waited for, with a countdown. Ctrl-C ends the wait. Without a terminal nobody waits.
pub(crate) async fn entered<T>(
    desk: &Desk,
    test: impl AsyncFnOnce(DeskAdmin) -> T,
    counts: bool,
) -> Result<T, Failure> {
    if !counts || !io::stderr().is_terminal() {
        return Ok(shown(test(desk.admin())).await);
    }
    let (told, mut pauses) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let tell = Arc::new(move |pause| {
        // Nobody listens any more when the test has ended.
        let _ = told.send(pause);
    });
    let admin = desk.admin_with(Some(Waiting { tell, stop: Some(stopped) }));
    let bar = spinner();
    let mut test = pin!(test(admin));
    let first = tokio::select! {
        biased;
        done = &mut test => {
            bar.finish_and_clear();
            return Ok(done);
        }
        Some(pause) = pauses.recv() => pause,
    };
    bar.suspend(|| eprintln!("{}", report::verdict(&first.report)));
    let mut countdown = Countdown::of(&first);
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    let mut redraw = tokio::time::interval(REDRAW);
    let mut is_stopped = false;
    loop {
        tokio::select! {
            // First, so that Ctrl-C is listened to before the first countdown says so, and no try begins after it.
            biased;
            signal = &mut interrupted, if !is_stopped => {
                signal?;
                is_stopped = true;
                bar.suspend(|| eprintln!("The wait is ended: the verdict counts."));
                // The test has not ended, so that the other end is there.
                let _ = stop.send(true);
            }
            done = &mut test => {
                bar.finish_and_clear();
                return Ok(done);
            }
            Some(pause) = pauses.recv() => countdown = Countdown::of(&pause),
            _ = redraw.tick() => bar.set_message(countdown.text(Instant::now())),
        }
    }
}

/// What is waited for, and until when.
struct Countdown {
    name: &'static str,
    next: Instant,
    last: Instant,
}

impl Countdown {
    fn of(pause: &Pause) -> Self {
        let now = Instant::now();
        Self { name: pause.name, next: now + pause.next, last: now + pause.left }
    }

    /// On one line of a terminal.
    fn text(&self, now: Instant) -> String {
        let seconds = |until: Instant| until.saturating_duration_since(now).as_secs_f64().ceil();
        if now >= self.next {
            return format!("waiting for {}: trying again (Ctrl-C ends it)", self.name);
        }
        let (next, left) = (seconds(self.next), seconds(self.last));
        format!("waiting for {}: next try in {next} s, {left} s left (Ctrl-C ends it)", self.name)
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message("testing");
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_countdown_says_what_is_waited_for_and_how_long() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let countdown = Countdown { name: "the federated credential", next: at(10), last: at(60) };
        let text = countdown.text(at(3));
        assert_eq!(text, "waiting for the federated credential: next try in 7 s, 57 s left (Ctrl-C ends it)");
        assert!(countdown.text(at(10)).contains("trying again"));
    }
}
