//! The calls that are made, each until it has an answer or is not worth repeating.
//!
//! The SDK repeats what is throttled, timed out or cut off. What it leaves to its caller is here: keys and
//! deletions left over, and writes that met another one of the same item.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    DeleteRequest, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    WriteRequest,
};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::DynamoStore;
use super::change::{Change, names_in};
use super::item::{Item, of_text, text};
use super::keys::Key;
use super::table::{PK, SK};
use crate::StoreError;

/// How often without any progress. Waits of 25 ms to 1.6 s, each doubled and shortened by up to a half at
/// random: some 4 s in all.
const TRIES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(25);

/// `BatchGetItem` takes 100 keys.
const READ_AT_ONCE: usize = 100;

/// `BatchWriteItem` takes 25.
const DELETED_AT_ONCE: usize = 25;

/// How many batches are under way at once.
const PARALLEL: usize = 4;

/// What came of a write under a condition.
pub(super) enum Written {
    /// It is done; the item as it is now, where it was asked for.
    Done(Item),
    /// The condition does not hold; the item as it is, where there is one.
    Refused(Option<Item>),
}

/// A query of one partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) partition: String,
    /// The first and the last sort key; all of them when `None`.
    pub(super) between: Option<(String, String)>,
    /// What the service leaves out of the answer, after having counted it as read.
    pub(super) filter: Change,
    /// `#a, #b`; everything when empty.
    pub(super) projection: &'static str,
    pub(super) consistent: bool,
    /// At most so many; all of them when `None`.
    pub(super) limit: Option<usize>,
}

impl DynamoStore {
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let call = self.client.get_item().table_name(&self.table).set_key(Some(key.item()));
        Ok(call.consistent_read(true).send().await?.item)
    }

    /// At half the price; it may be some seconds old.
    pub(super) async fn glance(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let call = self.client.get_item().table_name(&self.table).set_key(Some(key.item()));
        Ok(call.consistent_read(false).send().await?.item)
    }

    /// The items that are there, in no order. `keys` are distinct; no projection is everything.
    pub(super) async fn get_all(&self, keys: Vec<Key>, projection: &str) -> Result<Vec<Item>, StoreError> {
        let batches: Vec<Vec<Item>> =
            keys.chunks(READ_AT_ONCE).map(|keys| keys.iter().map(Key::item).collect()).collect();
        let reads = batches.into_iter().map(|keys| self.get_batch(keys, projection));
        let items: Vec<Vec<Item>> =
            futures_util::stream::iter(reads).buffered(PARALLEL).try_collect().await?;
        Ok(items.into_iter().flatten().collect())
    }

    async fn get_batch(&self, mut keys: Vec<Item>, projection: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let mut attempt = 0;
        while attempt < TRIES {
            let asked = keys.len();
            let of_table = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .set_projection_expression((!projection.is_empty()).then(|| projection.to_owned()))
                .set_expression_attribute_names((!projection.is_empty()).then(|| names_in(projection)))
                .build()?;
            let answer = self.client.batch_get_item().request_items(&self.table, of_table).send().await?;
            items.extend(answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default());
            // Beyond 16 MB or the partition's throughput the rest is left to be asked for again.
            let left = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            let left = left.map(|left| left.keys).unwrap_or_default();
            if left.is_empty() {
                return Ok(items);
            }
            attempt = if left.len() < asked { 0 } else { attempt + 1 };
            keys = left;
            wait(attempt).await;
        }
        Err(StoreError::Unavailable("keys were left unread".to_owned()))
    }

    /// Every item of a partition that the filter lets through.
    pub(super) async fn query(&self, asked: &Asked) -> Result<Vec<Item>, StoreError> {
        let mut condition = "#pk = :pk";
        // Else the service would stop at so many that it has read, not at so many that the filter lets through.
        let limit = asked.limit.filter(|_| asked.filter.condition().is_none());
        let mut filter = asked.filter.clone().value("pk", of_text(&asked.partition));
        if let Some((first, last)) = &asked.between {
            condition = "#pk = :pk AND #sk BETWEEN :first AND :last";
            filter = filter.value("first", of_text(first)).value("last", of_text(last));
        }
        let mut names = filter.names().unwrap_or_default();
        names.extend(names_in(&format!("{condition} {}", asked.projection)));
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(asked.consistent)
            .key_condition_expression(condition)
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .set_filter_expression(filter.condition())
            .set_projection_expression((!asked.projection.is_empty()).then(|| asked.projection.to_owned()))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(filter.values())
            .into_paginator()
            .items()
            .send();
        let mut answer = Vec::new();
        while answer.len() < asked.limit.unwrap_or(usize::MAX) {
            let Some(item) = items.next().await else { break };
            answer.push(item?);
        }
        Ok(answer)
    }

    /// One write of one item.
    pub(super) async fn update(&self, key: &Key, change: &Change) -> Result<Written, StoreError> {
        let mut attempt = 0;
        loop {
            let answer = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(key.item()))
                .set_update_expression(change.update_expression())
                .set_condition_expression(change.condition())
                .set_expression_attribute_names(change.names())
                .set_expression_attribute_values(change.values())
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let error = match answer {
                Ok(answer) => return Ok(Written::Done(answer.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    return Ok(Written::Refused(refused.item.clone()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) if attempt < TRIES => {}
                _ => return Err(error.into()),
            }
            wait(attempt).await;
            attempt += 1;
        }
    }

    /// All of `writes` or none; `false` when a condition does not hold. DynamoDB remembers the request for
    /// ten minutes: repeated after a lost answer, it is done once.
    pub(super) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
        let token = nonce();
        let mut attempt = 0;
        loop {
            let call = self.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = call.client_request_token(&token).send().await else { return Ok(true) };
            match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    let any =
                        |codes: &[&str]| reasons.iter().any(|r| codes.contains(&r.code().unwrap_or("")));
                    if any(&["ConditionalCheckFailed"]) {
                        return Ok(false);
                    }
                    if !any(&PASSING) || attempt >= TRIES {
                        let codes: Vec<_> = reasons.iter().filter_map(|reason| reason.code()).collect();
                        return Err(StoreError::Unavailable(format!("cancelled: {}", codes.join(" "))));
                    }
                }
                Some(error) if error.code() == Some("TransactionInProgressException") && attempt < TRIES => {}
                _ => return Err(error.into()),
            }
            wait(attempt).await;
            attempt += 1;
        }
    }

    /// Deletes items by their keys, whatever is in them.
    pub(super) async fn delete_all(&self, keys: &[Item]) -> Result<(), StoreError> {
        let batches: Vec<Vec<Item>> = keys.chunks(DELETED_AT_ONCE).map(<[Item]>::to_vec).collect();
        let deletions = batches.into_iter().map(|keys| self.delete_batch(keys));
        futures_util::stream::iter(deletions).buffer_unordered(PARALLEL).try_collect().await
    }

    async fn delete_batch(&self, keys: Vec<Item>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(keys.len());
        for item in &keys {
            let key = Key { pk: text(item, PK)?.to_owned(), sk: text(item, SK)?.to_owned() };
            let delete = DeleteRequest::builder().set_key(Some(key.item())).build()?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        let mut attempt = 0;
        while attempt < TRIES {
            let asked = requests.len();
            let of_table = HashMap::from([(self.table.clone(), requests)]);
            let answer = self.client.batch_write_item().set_request_items(Some(of_table)).send().await?;
            requests = answer.unprocessed_items.unwrap_or_default().remove(&self.table).unwrap_or_default();
            if requests.is_empty() {
                return Ok(());
            }
            attempt = if requests.len() < asked { 0 } else { attempt + 1 };
            wait(attempt).await;
        }
        Err(StoreError::Unavailable("items were left undeleted".to_owned()))
    }
}

/// Why a transaction is cancelled that may pass when it is repeated.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
const PASSING: [&str; 3] = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/// What nobody else writes: 32 digits at random.
pub(super) fn nonce() -> String {
    format!("{:032x}", fastrand::u128(..))
}

async fn wait(attempt: u32) {
    let whole = FIRST_WAIT * 2_u32.pow(attempt.min(TRIES - 2));
    tokio::time::sleep(whole.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
}
