//! Rejected rows: what did not fit, where, why, and its raw text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A row that was read and not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Physical line of the file on which the record starts, from 1 (row number for Parquet).
    pub line: u64,
    /// Name of the conformed column that did not fit, where one can be named.
    pub column: Option<String>,
    /// Why, in a fixed set for filters.
    pub reason: RejectReason,
    /// Why, for people: what stood there and what was expected.
    pub detail: String,
    /// The record as it stands in the file (decoded to UTF-8, without its line end), cut after
    /// [`RejectedRow::MAX_RAW`] bytes.
    pub raw: Vec<u8>,
}

impl RejectedRow {
    /// Most bytes of raw text that are kept.
    pub const MAX_RAW: usize = 64 * 1024;
}

/// Why a row was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// Fewer fields than columns.
    TooFewFields,
    /// More fields than columns.
    TooManyFields,
    /// A value does not fit its column's type without loss.
    TypeMismatch,
    /// A column that may not be empty is.
    MissingValue,
    /// The bytes are not in the registered encoding.
    BadEncoding,
    /// The record is longer than the dialect allows.
    TooLong,
    /// Text after a closing quote, or a quote that never closes.
    BadQuoting,
    /// The line is not a JSON object.
    BadJson,
}

impl RejectReason {
    /// The name used in files and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooFewFields => "too_few_fields",
            Self::TooManyFields => "too_many_fields",
            Self::TypeMismatch => "type_mismatch",
            Self::MissingValue => "missing_value",
            Self::BadEncoding => "bad_encoding",
            Self::TooLong => "too_long",
            Self::BadQuoting => "bad_quoting",
            Self::BadJson => "bad_json",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
