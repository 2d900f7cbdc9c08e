//! How files are written: CSV with its dialect, JSON lines, Parquet.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A file format. Compression (gzip, zstd or none) is recognised from the first bytes of a file,
/// never from its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Format {
    /// Delimited text.
    Csv(CsvDialect),
    /// One JSON object a line; nested values become JSON text in string columns.
    JsonLines,
    /// Parquet.
    Parquet,
}

impl Format {
    /// Checks that the dialect does not contradict itself.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Csv(dialect) => dialect.validate(),
            Self::JsonLines | Self::Parquet => Ok(()),
        }
    }
}

/// A dialect of delimited text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CsvDialect {
    /// Between fields; one ASCII character.
    pub delimiter: char,
    /// Around fields that hold delimiters, quotes or newlines; a doubled quote is a quote. None: no
    /// character quotes.
    pub quote: Option<char>,
    /// Inside quoted fields, makes the next character literal, beside doubled quotes.
    pub escape: Option<char>,
    /// Lines starting with it are no rows.
    pub comment: Option<char>,
    /// Physical lines before the header that are no rows.
    pub skip_lines: u32,
    /// Header rows; the first one names the columns. 0: columns are matched by position.
    pub header_rows: u32,
    /// Unquoted fields that mean "no value". The empty field always does.
    pub null_strings: Vec<String>,
    /// The character encoding.
    pub encoding: Encoding,
    /// What ends a record.
    pub line_ending: LineEnding,
    /// Numbers are written `1.234,5` or `1234,5` instead of `1234.5`.
    pub decimal_comma: bool,
    /// A longer record is rejected, in bytes.
    pub max_record_bytes: u32,
}

impl Default for CsvDialect {
    fn default() -> Self {
        Self {
            delimiter: ',',
            quote: Some('"'),
            escape: None,
            comment: None,
            skip_lines: 0,
            header_rows: 1,
            null_strings: Vec::new(),
            encoding: Encoding::Utf8,
            line_ending: LineEnding::Lf,
            decimal_comma: false,
            max_record_bytes: 1024 * 1024,
        }
    }
}

/// The character encoding of a file. A byte order mark is skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Encoding {
    /// UTF-8; a row with other bytes in a text column is rejected.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Windows-1252, a superset of Latin-1.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// What ends a record outside quotes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum LineEnding {
    /// LF or CRLF.
    #[default]
    Lf,
    /// A lone CR, as old Macintosh programs write.
    Cr,
}

impl CsvDialect {
    fn validate(&self) -> Result<()> {
        let specials = [
            ("delimiter", Some(self.delimiter)),
            ("quote", self.quote),
            ("escape", self.escape),
            ("comment", self.comment),
        ];
        for (index, (name, value)) in specials.iter().enumerate() {
            let Some(value) = value else { continue };
            if !value.is_ascii() || matches!(value, '\n' | '\r' | '\0') {
                return Err(Error::invalid(format!(
                    "{name} {value:?} is not possible: use one ASCII character that is no line end"
                )));
            }
            let twin = specials[..index].iter().find(|(_, other)| *other == Some(*value));
            if let Some((other, _)) =
                twin.filter(|(other, _)| (*other, *name) != ("quote", "escape"))
            {
                return Err(Error::invalid(format!("{name} and {other} are both {value:?}")));
            }
        }
        if self.decimal_comma && self.delimiter == ',' {
            return Err(Error::invalid(
                "decimal_comma needs another delimiter than the comma, for example ';'",
            ));
        }
        if !(16..=64 * 1024 * 1024).contains(&self.max_record_bytes) {
            return Err(Error::invalid("max_record_bytes must lie between 16 bytes and 64 MiB"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_named() {
        let check = |dialect: CsvDialect| dialect.validate().unwrap_err().to_string();
        let base = CsvDialect::default;
        assert!(check(CsvDialect { quote: Some(','), ..base() }).contains("both ','"));
        assert!(check(CsvDialect { delimiter: '\n', ..base() }).contains("delimiter"));
        assert!(check(CsvDialect { delimiter: '→', ..base() }).contains("ASCII"));
        assert!(check(CsvDialect { decimal_comma: true, ..base() }).contains("delimiter"));
        base().validate().unwrap();
        CsvDialect { escape: Some('"'), ..base() }.validate().unwrap();
    }
}
