//! Values in columns: the subset that SQLite and PostgreSQL share.

use std::str::FromStr;

use domain::{Error, Result};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{damaged, failed};

/// A column that is never null.
pub fn text(row: &AnyRow, column: &str) -> Result<String> {
    row.try_get(column).map_err(failed("read a text"))
}

/// A column that may be null.
pub fn optional_text(row: &AnyRow, column: &str) -> Result<Option<String>> {
    row.try_get(column).map_err(failed("read a text"))
}

/// A column that is never null.
pub fn integer(row: &AnyRow, column: &str) -> Result<i64> {
    row.try_get(column).map_err(failed("read a number"))
}

/// A point in time that may be null.
pub fn optional_time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>> {
    let time: Option<i64> = row.try_get(column).map_err(failed("read a time"))?;
    time.map(from_micros).transpose()
}

/// A value that is stored as its text; the column is named for the error.
pub fn parsed<T: FromStr<Err = Error>>((column, text): (&str, String)) -> Result<T> {
    text.parse().map_err(|error| damaged(column, error))
}

/// A unit variant by its serialised name.
pub fn word<T: DeserializeOwned>(column: &str, word: &str) -> Result<T> {
    serde_json::from_value(word.into()).map_err(|error| damaged(column, error))
}

/// The serialised name of a unit variant.
pub fn to_word(value: &impl Serialize) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(Error::internal(format!("{other:?} is no single word"))),
    }
}

/// A document from a column.
pub fn from_json<T: DeserializeOwned>(column: &str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| damaged(column, error))
}

/// A document for a column.
pub fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal(format!("cannot be written as JSON: {error}")))
}

/// Microseconds since 1970.
pub fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A point in time from its microseconds.
pub fn from_micros(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| damaged("a time", error))
}

/// An unsigned number for a column.
pub fn number(what: &str, value: u64) -> Result<i64> {
    i64::try_from(value)
        .map_err(|_| Error::invalid(format!("{what} {value} is too large for the database")))
}

/// An unsigned number from a column.
pub fn count<T: TryFrom<i64>>(column: &str, value: i64) -> Result<T> {
    T::try_from(value).map_err(|_| damaged(column, format!("{value} is out of range")))
}

/// A point in time as the database will return it.
pub fn whole_micros(time: Timestamp) -> Result<Timestamp> {
    from_micros(micros(time))
}
