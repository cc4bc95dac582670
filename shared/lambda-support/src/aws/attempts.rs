//! Counting how often somebody has tested, for all instances together: one item for each window, gone by itself
//! some time after the window's end.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use graph_http::Clock;
use http_api::{Attempts, AttemptsUnavailable, Counter, Ended, Window};
use incident_store::dynamodb::Late;
use jiff::Timestamp;

use crate::metrics::{self, Metric, Unit};

/// How long a window's item outlives it: instances' clocks differ by less.
const OUTLIVES: i64 = 3600;

/// Attempts in the DynamoDB table, under `ATTEMPTS#…`: an IAM policy can confine a function to these keys.
#[derive(Clone, Debug)]
pub struct DynamoAttempts {
    client: Late<Client>,
    table: String,
    stack: String,
    clock: Clock,
}

impl DynamoAttempts {
    /// Counts in `table`, and prints metrics of `stack`: its tests are one number, whichever function makes them. Calls
    /// nothing.
    #[must_use]
    pub fn new(client: Late<Client>, table: String, stack: String, clock: Clock) -> Self {
        Self { client, table, stack, clock }
    }

    /// Adds `change` to a window's count while `condition` holds of it; says whether it did.
    async fn add(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
        change: i64,
        condition: &str,
    ) -> Result<bool, AttemptsUnavailable> {
        let (start, length) = (window.start(now), window.length.as_secs());
        let key = match counter {
            Counter::Owner(owner) => format!("ATTEMPTS#OWNER#{owner}"),
            Counter::Tenant(owner, tenant) => format!("ATTEMPTS#TENANT#{tenant}#{owner}"),
        };
        let expires = start.saturating_add_unsigned(length).saturating_add(OUTLIVES);
        let number = |number: i64| AttributeValue::N(number.to_string());
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key))
            .key("sk", AttributeValue::S(format!("{length}#{start}")))
            .update_expression("SET expires = :expires ADD attempts :change")
            .condition_expression(condition)
            .expression_attribute_values(":expires", number(expires))
            .expression_attribute_values(":change", number(change))
            .expression_attribute_values(":bound", number(if change > 0 { window.most.into() } else { 0 }));
        match call.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            // A code and no message: a message could repeat the key.
            Err(error) => Err(AttemptsUnavailable(error.code().unwrap_or("no answer").to_owned())),
        }
    }
}

impl Attempts for DynamoAttempts {
    /// An answer that was lost and asked for again counts twice.
    async fn count(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
    ) -> Result<bool, AttemptsUnavailable> {
        if window.most == 0 {
            return Ok(false);
        }
        self.add(counter, window, now, 1, "attribute_not_exists(attempts) OR attempts < :bound").await
    }

    async fn forgive(
        &self,
        counter: &Counter,
        window: Window,
        now: Timestamp,
    ) -> Result<(), AttemptsUnavailable> {
        self.add(counter, window, now, -1, "attempts > :bound").await.map(drop)
    }

    fn ended(&self, how: Ended) {
        let count =
            |name, counts: bool| Metric { name, value: f64::from(u8::from(counts)), unit: Unit::Count };
        let metrics = [
            count("tested", how != Ended::NotAdmitted),
            count("refused", how == Ended::SecretRefused),
            count("not_admitted", how == Ended::NotAdmitted),
        ];
        metrics::print(&self.stack, "tested", self.clock.now(), &metrics);
    }
}
