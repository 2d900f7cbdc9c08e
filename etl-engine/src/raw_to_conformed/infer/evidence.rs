//! What the values of a column say about its type.

use arrow::array::{ArrayRef, AsArray};
use domain::column::ColumnType;

use super::super::decode::written::{Written, written};
use super::words::{counted, shown};

const EXAMPLES: usize = 5;

/// Counts of the ways in which a column's values are written, with an example where it matters.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// Rows without a value.
    pub(super) nulls: u64,
    /// Distinct values.
    pub(super) examples: Vec<String>,
    /// Rows with an empty text, which is a value only in a text column.
    blanks: u64,
    booleans: u64,
    integers: u64,
    doubles: u64,
    dates: u64,
    timestamps: u64,
    range: Option<(i64, i64)>,
    double: Option<String>,
    padded: Option<String>,
    long: Option<String>,
    text: Option<String>,
}

impl Evidence {
    /// Adds the values of a text column.
    pub(super) fn add(&mut self, array: &ArrayRef, decimal_comma: bool) {
        let Some(texts) = array.as_string_opt::<i32>() else { return };
        for text in texts {
            match text {
                None => self.nulls += 1,
                Some(text) => self.add_text(text, decimal_comma),
            }
        }
    }

    fn add_text(&mut self, text: &str, decimal_comma: bool) {
        if self.examples.len() < EXAMPLES && !self.examples.iter().any(|known| known == text) {
            self.examples.push(text.to_owned());
        }
        let example = |kept: &mut Option<String>| {
            if kept.is_none() {
                *kept = Some(text.to_owned());
            }
        };
        match written(text.as_bytes(), decimal_comma) {
            Written::Nothing => self.blanks += 1,
            Written::Boolean => self.booleans += 1,
            Written::Integer(value) => {
                self.integers += 1;
                let (least, greatest) = self.range.unwrap_or((value, value));
                self.range = Some((least.min(value), greatest.max(value)));
            }
            Written::Double => {
                self.doubles += 1;
                example(&mut self.double);
            }
            Written::Date => self.dates += 1,
            Written::Timestamp => self.timestamps += 1,
            Written::LongInteger => example(&mut self.long),
            Written::Padded => example(&mut self.padded),
            Written::Text => example(&mut self.text),
        }
    }

    /// The narrowest type that fits every value, and why.
    pub(super) fn verdict(&self) -> (ColumnType, String) {
        let Self { booleans, integers, doubles, dates, timestamps, .. } = *self;
        let kinds = [booleans, integers + doubles, dates + timestamps];
        let values: u64 = kinds.iter().sum();
        if let Some(why) = self.text_because() {
            return (ColumnType::String, why);
        }
        if values == 0 {
            return (
                ColumnType::String,
                "no row has a value, so that text fits any to come".into(),
            );
        }
        if kinds.iter().filter(|count| **count > 0).count() > 1 {
            let why = "the values are of several kinds: numbers, dates or true and false".into();
            return (ColumnType::String, why);
        }
        let all = if values == 1 {
            "the only value".into()
        } else {
            format!("all {} values", counted(values))
        };
        let are = if values == 1 { "is" } else { "are" };
        if booleans > 0 {
            return (ColumnType::Boolean, format!("{all} {are} true or false"));
        }
        if doubles > 0 {
            let example = shown(self.double.as_deref().unwrap_or_default());
            let why = format!("{all} {are} numbers, not all of them whole, for example {example}");
            return (ColumnType::Double, why);
        }
        if timestamps > 0 {
            return (ColumnType::Timestamp, format!("{all} {are} dates with a time"));
        }
        if dates > 0 {
            return (ColumnType::Date, format!("{all} {are} dates"));
        }
        let (least, greatest) = self.range.unwrap_or_default();
        let why =
            format!("{all} {are} whole numbers from {} to {}", words_of(least), words_of(greatest));
        (ColumnType::BigInt, why)
    }

    /// Why the column can only be text, if so.
    fn text_because(&self) -> Option<String> {
        if let Some(text) = &self.text {
            return Some(format!("text, for example {}", shown(text)));
        }
        if let Some(padded) = &self.padded {
            let what =
                if padded.trim_start().starts_with('+') { "a plus" } else { "leading zeros" };
            return Some(format!(
                "{what}, for example {}, would be lost as a number",
                shown(padded)
            ));
        }
        let long = self.long.as_ref()?;
        Some(format!(
            "whole numbers beyond 64 bits, for example {}, would lose digits",
            shown(long)
        ))
    }
}

fn words_of(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", counted(number.unsigned_abs()))
}
