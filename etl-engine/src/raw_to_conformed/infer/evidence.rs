//! What the values of a column say about its type.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use arrow::array::{ArrayRef, AsArray};
use domain::column::ColumnType;

use super::super::decode::written::{Written, written};
use super::date_forms::{DateForms, Dates};
use super::null_words::{AcceptedWords, NULL_WORDS, WordCounts, null_word};
use super::words::{counted, shown};

const EXAMPLES: usize = 5;

/// Distinct values are counted up to so many.
pub(super) const MOST_DISTINCT: usize = 1000;

/// How values are to be read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Habits {
    /// Numbers have a comma.
    pub(super) decimal_comma: bool,
    /// Words such as `NULL` may mean that there is no value.
    pub(super) null_words: bool,
}

/// Counts of the ways in which a column's values are written, with an example where it matters.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// Rows without a value.
    nulls: u64,
    /// Rows with each of [`NULL_WORDS`].
    pub(super) words: WordCounts,
    /// Distinct values.
    pub(super) examples: Vec<String>,
    distinct: HashSet<u64>,
    /// Rows with an empty text, which is a value only in a text column.
    blanks: u64,
    booleans: u64,
    integers: u64,
    doubles: u64,
    dates: u64,
    timestamps: u64,
    texts: u64,
    range: Option<(i64, i64)>,
    double: Option<String>,
    padded: Option<String>,
    long: Option<String>,
    text: Option<String>,
    forms: DateForms,
}

/// What a column is proposed to be.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) column_type: ColumnType,
    pub(super) format: Option<String>,
    pub(super) why: String,
}

impl Evidence {
    /// Adds the values of a text column.
    pub(super) fn add(&mut self, array: &ArrayRef, habits: Habits) {
        let Some(texts) = array.as_string_opt::<i32>() else { return };
        for text in texts {
            match text {
                None => self.nulls += 1,
                Some(text) => self.add_text(text, habits),
            }
        }
    }

    /// Rows without a value, when the accepted words mean that.
    pub(super) fn nulls(&self, accepted: &AcceptedWords) -> u64 {
        self.nulls + self.worded(accepted).map(|(_, count)| count).sum::<u64>()
    }

    /// Distinct values, [`MOST_DISTINCT`] meaning as many or more.
    pub(super) fn distinct(&self) -> u64 {
        self.distinct.len() as u64
    }

    fn add_text(&mut self, text: &str, habits: Habits) {
        if let Some(word) = null_word(text).filter(|_| habits.null_words) {
            self.words[word] += 1;
            return;
        }
        self.note(text);
        let example = |kept: &mut Option<String>| {
            if kept.is_none() {
                *kept = Some(text.to_owned());
            }
        };
        match written(text.as_bytes(), habits.decimal_comma) {
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
            Written::Text => {
                self.texts += 1;
                example(&mut self.text);
                self.forms.add(text);
            }
        }
    }

    fn note(&mut self, text: &str) {
        if self.examples.len() < EXAMPLES && !self.examples.iter().any(|known| known == text) {
            self.examples.push(text.to_owned());
        }
        if self.distinct.len() < MOST_DISTINCT {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            self.distinct.insert(hasher.finish());
        }
    }

    /// Whether all values but the words of [`NULL_WORDS`] are of one type other than text.
    pub(super) fn has_type_without_words(&self) -> bool {
        self.values() > 0 && self.bare_verdict().column_type != ColumnType::String
    }

    /// The narrowest type that fits every value, and why.
    pub(super) fn verdict(&self, accepted: &AcceptedWords) -> Verdict {
        let other = (0..NULL_WORDS.len()).find(|word| self.words[*word] > 0 && !accepted[*word]);
        let mut verdict = match other {
            Some(word) => text_like(NULL_WORDS[word]),
            None => self.bare_verdict(),
        };
        for (word, count) in self.worded(accepted) {
            verdict.why.push_str(&format!("; {} say {word}, which means empty", counted(count)));
        }
        verdict
    }

    fn worded(&self, accepted: &AcceptedWords) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = NULL_WORDS.into_iter().zip(self.words).zip(*accepted);
        counts.filter(|((_, count), accepted)| *count > 0 && *accepted).map(|(word, _)| word)
    }

    fn kinds(&self) -> [u64; 3] {
        [self.booleans, self.integers + self.doubles, self.dates + self.timestamps]
    }

    fn values(&self) -> u64 {
        self.kinds().iter().sum::<u64>() + self.texts
    }

    fn bare_verdict(&self) -> Verdict {
        let kinds = self.kinds();
        let values: u64 = kinds.iter().sum();
        if let Some(verdict) = self.text_because(values) {
            return verdict;
        }
        if values == 0 {
            return text_because("no row has a value, so that text fits any to come".into());
        }
        if kinds.iter().filter(|count| **count > 0).count() > 1 {
            let why = "the values are of several kinds: numbers, dates or true and false";
            return text_because(why.into());
        }
        let (column_type, what) = self.typed();
        Verdict { column_type, format: None, why: format!("{} {what}", all_are(values)) }
    }

    /// The type of values of one kind, and what they are.
    fn typed(&self) -> (ColumnType, String) {
        if self.booleans > 0 {
            return (ColumnType::Boolean, "true or false".into());
        }
        if self.doubles > 0 {
            let example = shown(self.double.as_deref().unwrap_or_default());
            let what = format!("numbers, not all of them whole, for example {example}");
            return (ColumnType::Double, what);
        }
        if self.timestamps > 0 {
            return (ColumnType::Timestamp, "dates with a time".into());
        }
        if self.dates > 0 {
            return (ColumnType::Date, "dates".into());
        }
        let (least, greatest) = self.range.unwrap_or_default();
        let what = format!("whole numbers from {} to {}", words_of(least), words_of(greatest));
        (ColumnType::BigInt, what)
    }

    /// Why the column can only be text, or dates in a format of their own, if so.
    fn text_because(&self, other_values: u64) -> Option<Verdict> {
        if let Some(text) = &self.text {
            let plain = other_values == 0 && self.padded.is_none() && self.long.is_none();
            let dates = if plain { self.forms.verdict(self.texts) } else { Dates::None };
            return Some(self.dates_or_text(dates, text));
        }
        if let Some(padded) = &self.padded {
            let what =
                if padded.trim_start().starts_with('+') { "a plus" } else { "leading zeros" };
            let why = format!("{what}, for example {}, would be lost as a number", shown(padded));
            return Some(text_because(why));
        }
        let long = shown(self.long.as_ref()?);
        let why = format!("whole numbers beyond 64 bits, for example {long}, would lose digits");
        Some(text_because(why))
    }

    fn dates_or_text(&self, dates: Dates, text: &str) -> Verdict {
        match dates {
            Dates::One(column_type, format) => Verdict {
                column_type,
                why: format!("{} dates written {format}", all_are(self.texts)),
                format: Some(format),
            },
            Dates::Either(one, other) => text_because(format!(
                "dates such as {} do not tell the day from the month: make it a date with the \
                 format {one} or {other}, if you know which",
                shown(text)
            )),
            Dates::None => text_like(text),
        }
    }
}

fn text_like(example: &str) -> Verdict {
    text_because(format!("text, for example {}", shown(example)))
}

fn text_because(why: String) -> Verdict {
    Verdict { column_type: ColumnType::String, format: None, why }
}

fn all_are(values: u64) -> String {
    match values {
        1 => "the only value is".into(),
        _ => format!("all {} values are", counted(values)),
    }
}

fn words_of(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", counted(number.unsigned_abs()))
}
