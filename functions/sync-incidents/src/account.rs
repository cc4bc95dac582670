//! One log line for each sync, and one metric line for all of an invocation. No name of a person or a tenant is
//! in either.

use graph_auth::Cause;
use graph_security::ByKind;
use incident_store::{ConnectionId, Failing};
use jiff::Timestamp;
use lambda_support::metrics::{self, Metric, Unit};
use sync_incidents::{Ended, Outcome, Report, StreamReport};

/// What the connections of one invocation add up to.
#[derive(Debug, Default)]
pub(crate) struct Account {
    connections: usize,
    complete: usize,
    customers_to_repair: usize,
    secrets_refused: usize,
    microsoft_in_trouble: usize,
    ours: usize,
    throttles: usize,
    graph_calls: usize,
    written: usize,
    set_aside: usize,
    newly_set_aside: usize,
    found_by_hourly_sweep: usize,
    found_by_daily_sweep: usize,
    unreadable: usize,
    over: usize,
    longest_ms: u64,
    lag: u64,
}

impl Account {
    /// Counts a sync and logs its line. `ours`: it failed by a fault of ours, and is to be tried again.
    pub(crate) fn add(&mut self, id: ConnectionId, ended: &Ended, ours: bool) {
        self.ours += usize::from(ours);
        let error = match ended {
            Ok(report) => return self.add_report(report),
            Err(error) => error,
        };
        self.connections += 1;
        if ours {
            tracing::error!(connection = %id, %error, "not synced");
        } else {
            tracing::info!(connection = %id, %error, "not synced");
        }
    }

    /// Counts a sync that has its report, and logs its line.
    pub(crate) fn add_report(&mut self, report: &Report) {
        self.connections += 1;
        let Report { outcome, usage, streams, news, .. } = report;
        match outcome {
            Outcome::Failed { cause, .. } if cause.may_pass() => self.microsoft_in_trouble += 1,
            // Microsoft has said that a request of ours is wrong. Nobody's repetition cures that, so it does not
            // go back to the queue; but we are to be told.
            Outcome::Failed { cause: Cause::OurFault, .. } => self.ours += 1,
            Outcome::Failed { cause, .. } => {
                self.customers_to_repair += 1;
                self.secrets_refused += usize::from(cause.is_about_the_secret());
            }
            _ => {}
        }
        self.over += usize::from(*outcome == Outcome::Over);
        self.lag = self.lag.max(lag(report));
        self.complete += usize::from(*outcome == Outcome::Complete);
        self.throttles += usage.throttles as usize;
        self.graph_calls += usage.calls as usize;
        self.written += streams.values().map(changed).sum::<usize>();
        self.unreadable += streams.values().map(unreadable).sum::<usize>();
        self.set_aside += usize::from(!report.status.set_aside.is_empty());
        self.newly_set_aside += whole(news.newly_set_aside);
        self.found_by_hourly_sweep += whole(news.found_by_hourly_sweep);
        self.found_by_daily_sweep += whole(news.found_by_daily_sweep);
        self.longest_ms = self.longest_ms.max(report.duration_ms);
        // Of a connection that is well and has nothing new, the attempt of every ten minutes is told of.
        let is_told = report.claimed || matches!(outcome, Outcome::Failed { .. });
        if is_told {
            log(report);
        }
    }

    /// Prints the metric line.
    pub(crate) fn print(&self, service: &str, now: Timestamp) {
        metrics::print(service, "synced", now, &self.metrics());
    }

    fn metrics(&self) -> Vec<Metric> {
        let mut metrics = vec![
            count("connections", self.connections),
            count("complete", self.complete),
            count("graph_calls", self.graph_calls),
            count("records_written", self.written),
            seconds("lag_seconds", self.lag),
            Metric { name: "duration_ms", value: as_f64(self.longest_ms), unit: Unit::Milliseconds },
        ];
        let rare = [
            rare("over", self.over),
            rare("customers_to_repair", self.customers_to_repair),
            rare("secrets_refused", self.secrets_refused),
            rare("microsoft_in_trouble", self.microsoft_in_trouble),
            rare("failed", self.ours),
            rare("throttles", self.throttles),
            rare("records_unreadable", self.unreadable),
            rare("set_aside", self.set_aside),
            rare("newly_set_aside", self.newly_set_aside),
        ];
        metrics.extend(rare.into_iter().flatten());
        if self.found_by_hourly_sweep + self.found_by_daily_sweep > 0 {
            // One alarm adds them up, and a sum with a missing metric is missing.
            metrics.push(count("found_by_hourly_sweep", self.found_by_hourly_sweep));
            metrics.push(count("found_by_daily_sweep", self.found_by_daily_sweep));
        }
        metrics
    }
}

/// The longest lag of a list, in seconds. One that somebody has to repair lags until then: that is no news for whoever
/// runs this.
fn lag(report: &Report) -> u64 {
    let to_repair = |failing: Option<&Failing>| failing.is_some_and(|failing| !failing.cause.may_pass());
    if to_repair(report.status.failing.as_ref().filter(|failing| failing.stream.is_none())) {
        return 0;
    }
    let streams =
        report.streams.iter().filter(|(kind, _)| !to_repair(report.status.streams[*kind].failing.as_ref()));
    let lags = streams.filter_map(|(_, stream)| stream.lag_seconds);
    lags.max().map_or(0, |lag| u64::try_from(lag).unwrap_or(0))
}

fn log(report: &Report) {
    let Report { connection, outcome, usage, graph_request_id, streams, pages, duration_ms, news, .. } =
        report;
    let ByKind { incidents, alerts } = streams;
    let (cause, detail) = match outcome {
        Outcome::Failed { cause, detail } => (Some(cause.name()), Some(detail.as_str())),
        _ => (None, None),
    };
    tracing::info!(
        %connection,
        outcome = name(outcome),
        cause,
        detail,
        pages,
        graph_calls = usage.calls,
        throttles = usage.throttles,
        bytes = usage.bytes,
        graph_request_id,
        incidents_created = incidents.created,
        incidents_updated = incidents.updated,
        incidents_unchanged = incidents.unchanged,
        alerts_created = alerts.created,
        alerts_updated = alerts.updated,
        alerts_unchanged = alerts.unchanged,
        unreadable = unreadable(incidents) + unreadable(alerts),
        set_aside = report.status.set_aside.len(),
        found_by_hourly_sweep = news.found_by_hourly_sweep,
        found_by_daily_sweep = news.found_by_daily_sweep,
        lag_seconds = report.lag_seconds,
        duration_ms,
        "synced"
    );
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Progressing => "progressing",
        Outcome::Interrupted => "interrupted",
        Outcome::Failed { .. } => "failed",
        Outcome::Busy => "busy",
        Outcome::Over => "over",
        Outcome::Inactive => "inactive",
    }
}

fn changed(stream: &StreamReport) -> usize {
    whole(stream.created + stream.updated)
}

fn unreadable(stream: &StreamReport) -> usize {
    whole(stream.unreadable_total)
}

fn whole(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A count that is printed whatever it is.
pub(crate) fn count(name: &'static str, number: usize) -> Metric {
    Metric { name, value: as_f64(number as u64), unit: Unit::Count }
}

/// A count that is mostly 0, and is not printed then: a metric is paid for in the hours in which it is printed, and its
/// alarm takes what is missing for well.
pub(crate) fn rare(name: &'static str, number: usize) -> Option<Metric> {
    (number > 0).then(|| count(name, number))
}

pub(crate) fn seconds(name: &'static str, number: u64) -> Metric {
    Metric { name, value: as_f64(number), unit: Unit::Seconds }
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float, and exact up to 2^53")]
fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use sync_incidents::News;

    use super::*;

    fn failed(cause: Cause) -> Report {
        let outcome = Outcome::Failed { cause, detail: String::new() };
        Report {
            connection: ConnectionId::new(Timestamp::UNIX_EPOCH, [0; 10]),
            outcome,
            streams: ByKind::default(),
            pages: 0,
            usage: graph_security::Usage::default(),
            graph_request_id: None,
            lag_seconds: Some(3600),
            resume: None,
            claimed: true,
            duration_ms: 1,
            news: News::default(),
            status: incident_store::SyncStatus::default(),
        }
    }

    #[test]
    fn what_is_rare_is_printed_when_it_is_there() {
        let names = |account: &Account| -> Vec<_> {
            account.metrics().iter().map(|metric| (metric.name, metric.value)).collect()
        };
        let idle = names(&Account::default());
        assert_eq!(idle.len(), 6);
        let busy = names(&Account { throttles: 2, found_by_daily_sweep: 1, ..Account::default() });
        let more = [("throttles", 2.0), ("found_by_hourly_sweep", 0.0), ("found_by_daily_sweep", 1.0)];
        assert_eq!(busy, [idle, more.to_vec()].concat());
        let line = metrics::line(
            "soc-anywhere-SyncIncidents-AbCdEfGhIjKl",
            "synced",
            Timestamp::UNIX_EPOCH,
            &Account::default().metrics(),
        );
        println!("an idle line has {} bytes", line.len());
    }

    #[test]
    fn a_failure_is_counted_for_whoever_can_end_it() {
        let mut account = Account::default();
        let id = ConnectionId::new(Timestamp::UNIX_EPOCH, [0; 10]);
        let causes =
            [Cause::OurFault, Cause::Unreachable, Cause::Throttled, Cause::WrongSecret, Cause::NoPermissions];
        for cause in causes {
            account.add(id, &Ok(failed(cause)), false);
        }
        assert_eq!((account.connections, account.ours, account.microsoft_in_trouble), (5, 1, 2));
        assert_eq!((account.customers_to_repair, account.secrets_refused), (2, 1));
        assert_eq!(account.lag, 0, "whoever cannot be read is not behind by our doing");
    }
}
