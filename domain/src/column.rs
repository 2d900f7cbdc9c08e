//! Columns and their types, in the terms of the catalog (Hive and Athena).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A column type that Athena reads from Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ColumnType {
    /// `true` or `false`.
    Boolean,
    /// 32-bit signed integer.
    Int,
    /// 64-bit signed integer.
    BigInt,
    /// 64-bit floating point.
    Double,
    /// Exact decimal with `precision` digits, `scale` of them after the point.
    Decimal {
        /// All digits, 1 to 38.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// A day without time or zone.
    Date,
    /// A point in time in microseconds, without zone.
    Timestamp,
    /// UTF-8 text.
    String,
}

impl ColumnType {
    /// Whether every value of `self` reads unchanged as `wider` in files already written, without
    /// rewriting them. Only such changes may happen to a table that holds data.
    pub fn widens_to(self, wider: Self) -> bool {
        match (self, wider) {
            (Self::Int, Self::BigInt) => true,
            (
                Self::Decimal { precision, scale },
                Self::Decimal { precision: wider_precision, scale: wider_scale },
            ) => scale == wider_scale && precision <= wider_precision,
            (a, b) => a == b,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Int => f.write_str("int"),
            Self::BigInt => f.write_str("bigint"),
            Self::Double => f.write_str("double"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::String => f.write_str("string"),
        }
    }
}

impl FromStr for ColumnType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.trim() {
            "boolean" => Ok(Self::Boolean),
            "int" => Ok(Self::Int),
            "bigint" => Ok(Self::BigInt),
            "double" => Ok(Self::Double),
            "date" => Ok(Self::Date),
            "timestamp" => Ok(Self::Timestamp),
            "string" => Ok(Self::String),
            other => parse_decimal(other).ok_or_else(|| {
                Error::invalid(format!(
                    "column type {text:?} is not known: use boolean, int, bigint, double, \
                     decimal(p,s) with p up to 38, date, timestamp or string"
                ))
            }),
        }
    }
}

impl TryFrom<String> for ColumnType {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ColumnType> for String {
    fn from(column_type: ColumnType) -> Self {
        column_type.to_string()
    }
}

/// A pinned column of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in the conformed table: lower snake case, see [`normalised_name`].
    pub name: String,
    /// Name in the file's header (CSV), object key (JSON lines) or schema (Parquet).
    pub source_name: String,
    /// The pinned type.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub column_type: ColumnType,
    /// Whether a row may lack a value.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub nullable: bool,
    /// How dates or timestamps are written, in strftime terms; ISO 8601 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Column {
    /// A nullable column whose name in the file is `source_name`.
    pub fn new(source_name: impl Into<String>, column_type: ColumnType) -> Self {
        let source_name = source_name.into();
        Self {
            name: normalised_name(&source_name),
            source_name,
            column_type,
            nullable: true,
            format: None,
            description: None,
        }
    }
}

/// A header as a lower snake case column name: letters lowered, every run of other characters one
/// underscore. `VendorID` is `vendorid`, as the reference's SQL expects, never `vendor_id`.
pub fn normalised_name(source_name: &str) -> String {
    let mut name = String::with_capacity(source_name.len());
    for ch in source_name.trim().chars().flat_map(char::to_lowercase) {
        if ch.is_alphanumeric() {
            name.push(ch);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    let trimmed = name.trim_matches('_');
    match trimmed.chars().next() {
        None => "column".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("c_{trimmed}"),
        Some(_) => trimmed.to_owned(),
    }
}

fn parse_decimal(text: &str) -> Option<ColumnType> {
    let inner = text.strip_prefix("decimal(")?.strip_suffix(')')?;
    let (precision, scale) = inner.split_once(',')?;
    let precision = precision.trim().parse().ok()?;
    let scale = scale.trim().parse().ok()?;
    ((1..=38).contains(&precision) && scale <= precision)
        .then_some(ColumnType::Decimal { precision, scale })
}

fn yes() -> bool {
    true
}

// serde's `skip_serializing_if` passes a reference.
fn is_true(value: &bool) -> bool {
    *value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back_as_they_are_written() {
        for text in ["boolean", "int", "bigint", "double", "decimal(10,2)", "date", "string"] {
            assert_eq!(text.parse::<ColumnType>().unwrap().to_string(), text);
        }
        for bad in ["decimal(39,2)", "decimal(2,3)", "integer", "decimal"] {
            assert!(bad.parse::<ColumnType>().is_err(), "{bad} was accepted");
        }
    }

    #[test]
    fn names_become_lower_snake_case() {
        let cases = [
            ("VendorID", "vendorid"),
            (" Trip  Distance ", "trip_distance"),
            ("total-amount ($)", "total_amount"),
            ("1st", "c_1st"),
            ("", "column"),
            ("__x__", "x"),
        ];
        for (source, name) in cases {
            assert_eq!(normalised_name(source), name, "{source:?}");
        }
    }
}
