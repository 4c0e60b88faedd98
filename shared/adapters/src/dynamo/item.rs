//! Items: the attribute maps that DynamoDB keeps, and the way to rows and back.

use std::collections::HashMap;

use aiva_core::error::{Error, Result};
use aiva_core::page::json_bytes;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{Key, PARTITION, SORT};

/// The attributes of one row.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A text attribute.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(super) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// A moment, in milliseconds since the epoch.
pub(super) fn moment(at: Timestamp) -> AttributeValue {
    number(at.as_millisecond())
}

/// The moment at which an item made at `from` expires: so many days later, in seconds.
pub(super) fn expiry(from: Timestamp, days: i64) -> AttributeValue {
    number(from.as_second() + days * 86_400)
}

/// About the bytes that a row's texts take in an answer, and no fewer.
pub(super) fn weight(item: &Item) -> usize {
    item.values().map(weight_of).sum()
}

fn weight_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => json_bytes(text),
        AttributeValue::L(values) => values.iter().map(weight_of).sum(),
        AttributeValue::M(values) => {
            values.iter().map(|(name, value)| name.len() + 8 + weight_of(value)).sum()
        }
        AttributeValue::Ss(texts) => texts.iter().map(|text| json_bytes(text)).sum(),
        // Numbers and the like are within what every row is given.
        _ => 0,
    }
}

/// The attributes of a key alone.
pub(super) fn key_item(key: Key) -> Item {
    HashMap::from([(PARTITION.to_owned(), text(key.partition)), (SORT.to_owned(), text(key.sort))])
}

/// A whole row under its key.
pub(super) fn to_item(key: Key, row: &impl Serialize) -> Result<Item> {
    let mut item: Item = serde_dynamo::aws_sdk_dynamodb_1::to_item(row).map_err(Error::internal)?;
    item.extend(key_item(key));
    Ok(item)
}

/// One value of a row.
pub(super) fn to_value(value: &impl Serialize) -> Result<AttributeValue> {
    serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value).map_err(Error::internal)
}

/// Reads a row; one that does not parse is a fault of ours.
pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(Error::internal)
}

/// The key of a row.
pub(super) fn key_of(item: &Item) -> Result<Key> {
    match (text_of(item, PARTITION), text_of(item, SORT)) {
        (Some(partition), Some(sort)) => {
            Ok(Key { partition: partition.to_owned(), sort: sort.to_owned() })
        }
        _ => Err(Error::internal("a row without a key")),
    }
}

/// A text attribute, if the row has it.
pub(super) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// A number attribute, if the row has it.
pub(super) fn number_of(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// A moment, if the row has it.
pub(super) fn moment_of(item: &Item, name: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(number_of(item, name)?).ok()
}
