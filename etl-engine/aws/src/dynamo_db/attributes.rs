//! Attributes of an item as values of ours, and back.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Error, Result};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An item, or a key of one.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A text.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number.
pub(crate) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A moment, as microseconds.
pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.as_microsecond())
}

/// The text of an attribute.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    optional_text_of(item, name).ok_or_else(|| damaged(name, "it is missing or no text"))
}

/// The text of an attribute that may be missing.
pub(crate) fn optional_text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// What a text stands for: an id, a dataset, a status.
pub(crate) fn parsed_of<T: FromStr<Err = Error>>(item: &Item, name: &str) -> Result<T> {
    text_of(item, name)?.parse().map_err(|error| damaged(name, error))
}

/// As [`parsed_of`], of an attribute that may be missing.
pub(crate) fn optional_parsed_of<T>(item: &Item, name: &str) -> Result<Option<T>>
where
    T: FromStr<Err = Error>,
{
    optional_text_of(item, name).map(|_| parsed_of(item, name)).transpose()
}

/// The number of an attribute.
pub(crate) fn number_of<T: FromStr>(item: &Item, name: &str) -> Result<T> {
    optional_number_of(item, name)?.ok_or_else(|| damaged(name, "it is missing or no number"))
}

/// The number of an attribute that may be missing.
pub(crate) fn optional_number_of<T: FromStr>(item: &Item, name: &str) -> Result<Option<T>> {
    let Some(value) = item.get(name).and_then(|value| value.as_n().ok()) else { return Ok(None) };
    value.parse().map(Some).map_err(|_| damaged(name, format!("{value} is out of range")))
}

/// The moment of an attribute.
pub(crate) fn time_of(item: &Item, name: &str) -> Result<Timestamp> {
    optional_time_of(item, name)?.ok_or_else(|| damaged(name, "it is missing or no number"))
}

/// The moment of an attribute that may be missing.
pub(crate) fn optional_time_of(item: &Item, name: &str) -> Result<Option<Timestamp>> {
    let micros: Option<i64> = optional_number_of(item, name)?;
    let time = micros.map(Timestamp::from_microsecond).transpose();
    time.map_err(|error| damaged(name, error))
}

/// A value as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("cannot write JSON").with_source(error))
}

/// The value that a JSON text stands for.
pub(crate) fn from_json<T: DeserializeOwned>(name: &str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| damaged(name, error))
}

/// An item that nobody but Sluice writes does not say what it should.
pub(crate) fn damaged(name: &str, why: impl Display) -> Error {
    Error::internal(format!(
        "attribute {name} cannot be read: {why}; was the item changed by hand? restore the table \
         to the moment before"
    ))
}
