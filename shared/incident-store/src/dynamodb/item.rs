//! An item's attributes, read and written by kind.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::stored::unreadable;
use crate::{StoreError, ticks};

/// An item, whole or in part.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn of_text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn of_number(number: impl Copy + ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn of_instant(instant: Timestamp) -> AttributeValue {
    of_number(ticks::from_instant(instant))
}

pub(super) fn of_bytes(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes.into()))
}

pub(super) fn optional_text<'a>(item: &'a Item, name: &str) -> Result<Option<&'a str>, StoreError> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::S(text)) => Ok(Some(text)),
        Some(_) => Err(unreadable(name)),
    }
}

pub(super) fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    optional_text(item, name)?.ok_or_else(|| unreadable(name))
}

/// A text of its own kind: an id, a day.
pub(super) fn parsed<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, StoreError> {
    text(item, name)?.parse().map_err(|_| unreadable(name))
}

pub(super) fn optional_number<T: std::str::FromStr>(
    item: &Item,
    name: &str,
) -> Result<Option<T>, StoreError> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::N(text)) => text.parse().map(Some).map_err(|_| unreadable(name)),
        Some(_) => Err(unreadable(name)),
    }
}

pub(super) fn number<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, StoreError> {
    optional_number(item, name)?.ok_or_else(|| unreadable(name))
}

pub(super) fn optional_instant(item: &Item, name: &str) -> Result<Option<Timestamp>, StoreError> {
    match optional_number(item, name)? {
        Some(ticks) => ticks::to_instant(ticks).map(Some).ok_or_else(|| unreadable(name)),
        None => Ok(None),
    }
}

pub(super) fn instant(item: &Item, name: &str) -> Result<Timestamp, StoreError> {
    optional_instant(item, name)?.ok_or_else(|| unreadable(name))
}

pub(super) fn optional_flag(item: &Item, name: &str) -> Result<Option<bool>, StoreError> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(unreadable(name)),
    }
}

pub(super) fn bytes<'a>(item: &'a Item, name: &str) -> Result<&'a [u8], StoreError> {
    match item.get(name) {
        Some(AttributeValue::B(blob)) => Ok(blob.as_ref()),
        _ => Err(unreadable(name)),
    }
}

pub(super) fn digest(item: &Item, name: &str) -> Result<u128, StoreError> {
    bytes(item, name)?.try_into().map(u128::from_be_bytes).map_err(|_| unreadable(name))
}

/// About as many bytes as DynamoDB counts: names and values, numbers rounded up.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
pub(super) fn size(item: &Item) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(_) => 21,
        AttributeValue::B(blob) => blob.as_ref().len(),
        _ => 1,
    };
    item.iter().map(|(name, of)| name.len() + value(of)).sum()
}
