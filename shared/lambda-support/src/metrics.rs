//! Metrics as CloudWatch reads them from a log line: the Embedded Metric Format,
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! Dimensions are `service` and `outcome`, and never a connection: each combination of dimensions is a metric
//! that is paid for by the month.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// One number of an invocation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name, with its unit where it has one.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// CloudWatch's unit.
    pub unit: Unit,
}

/// CloudWatch's units, as far as they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "they are CloudWatch's")]
pub enum Unit {
    Count,
    Seconds,
    Milliseconds,
    Bytes,
}

/// The line of one invocation: of `service`, which ended with `outcome` at `now`.
#[must_use]
pub fn line(service: &str, outcome: &str, now: Timestamp, metrics: &[Metric]) -> String {
    let units = metrics.iter().map(|metric| json!({ "Name": metric.name, "Unit": metric.unit }));
    let directive = json!({
        "Namespace": "SocAnywhere",
        "Dimensions": [["service", "outcome"]],
        "Metrics": units.collect::<Vec<_>>(),
    });
    let mut fields = Map::new();
    let about = json!({ "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] });
    fields.insert("_aws".to_owned(), about);
    fields.insert("service".to_owned(), service.into());
    fields.insert("outcome".to_owned(), outcome.into());
    fields.extend(metrics.iter().map(|metric| (metric.name.to_owned(), Value::from(metric.value))));
    Value::Object(fields).to_string()
}

/// Prints the line to standard output, which Lambda passes on as it is.
pub fn print(service: &str, outcome: &str, now: Timestamp, metrics: &[Metric]) {
    println!("{}", line(service, outcome, now, metrics));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_asks_for() {
        let now = "2026-11-02T09:00:00.5Z".parse().unwrap();
        let metrics = [
            Metric { name: "connections", value: 3.0, unit: Unit::Count },
            Metric { name: "duration_ms", value: 12.5, unit: Unit::Milliseconds },
        ];
        let line: Value = serde_json::from_str(&line("sync-incidents", "complete", now, &metrics)).unwrap();
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_793_610_000_500_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "SocAnywhere",
                        "Dimensions": [["service", "outcome"]],
                        "Metrics": [
                            { "Name": "connections", "Unit": "Count" },
                            { "Name": "duration_ms", "Unit": "Milliseconds" },
                        ],
                    }],
                },
                "service": "sync-incidents",
                "outcome": "complete",
                "connections": 3.0,
                "duration_ms": 12.5,
            })
        );
    }
}
