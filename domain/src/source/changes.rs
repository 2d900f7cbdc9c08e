//! What differs between two versions of a source.

use std::fmt::Write;

use super::{Format, MalformedPolicy, PartitionRule, Source};
use crate::column::Column;

/// One difference between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What differs: `owner`, `column fare_amount`.
    pub what: String,
    /// How it was; `None` when it was added.
    pub before: Option<String>,
    /// How it is; `None` when it was removed.
    pub after: Option<String>,
}

impl Source {
    /// What differs from an earlier version, in the order of the registration.
    pub fn changes_since(&self, earlier: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut compare = |what: &str, before: String, after: String| {
            if before != after {
                let part = |text: String| (!text.is_empty()).then_some(text);
                changes.push(Change {
                    what: what.to_owned(),
                    before: part(before),
                    after: part(after),
                });
            }
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        compare("owner", earlier.owner.clone(), self.owner.clone());
        compare("description", text(&earlier.description), text(&self.description));
        compare(
            "conformed database",
            earlier.conformed_database().to_owned(),
            self.conformed_database().to_owned(),
        );
        compare(
            "purpose-built database",
            earlier.purpose_built_database(),
            self.purpose_built_database(),
        );
        compare("format", earlier.format.in_words(), self.format.in_words());
        compare("partition", earlier.partition.in_words(), self.partition.in_words());
        compare("malformed rows", earlier.malformed.in_words(), self.malformed.in_words());
        compare("drift", earlier.drift.as_str().to_owned(), self.drift.as_str().to_owned());
        changes.extend(column_changes(&earlier.columns, &self.columns));
        changes
    }
}

fn column_changes(before: &[Column], after: &[Column]) -> Vec<Change> {
    let what = |column: &Column| format!("column {}", column.name);
    let twin = |among: &[Column], name: &str| among.iter().find(|c| c.name == name).cloned();
    let changed = after.iter().filter_map(|column| {
        let old = twin(before, &column.name);
        let (old, new) = (old.as_ref().map(in_words), in_words(column));
        let differs = old.as_ref() != Some(&new);
        differs.then(|| Change { what: what(column), before: old, after: Some(new) })
    });
    let removed = before.iter().filter(|column| twin(after, &column.name).is_none());
    let removed = removed.map(|column| Change {
        what: what(column),
        before: Some(in_words(column)),
        after: None,
    });
    let changes: Vec<_> = changed.chain(removed).collect();
    let order = |columns: &[Column]| columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    if changes.is_empty() && order(before) != order(after) {
        let names = |columns| Some(order(columns).join(", "));
        let what = "order of columns".to_owned();
        return vec![Change { what, before: names(before), after: names(after) }];
    }
    changes
}

fn in_words(column: &Column) -> String {
    let mut words = column.column_type.to_string();
    if let Some(format) = &column.format {
        let _ = write!(words, " written {format}");
    }
    if !column.nullable {
        words.push_str(", never empty");
    }
    let _ = write!(words, ", from {:?}", column.source_name);
    if let Some(description) = &column.description {
        let _ = write!(words, " ({description})");
    }
    words
}

impl Format {
    /// The format and what its dialect sets, in words.
    pub fn in_words(&self) -> String {
        let dialect = match self {
            Self::JsonLines => return "JSON lines".to_owned(),
            Self::Parquet => return "Parquet".to_owned(),
            Self::Csv(dialect) => dialect,
        };
        let encoding = match dialect.encoding {
            super::Encoding::Utf8 => "UTF-8",
            super::Encoding::Windows1252 => "Windows-1252",
        };
        let mut words = format!("CSV in {encoding}, delimited by {:?}", dialect.delimiter);
        for (name, value) in [
            ("quoted by", dialect.quote),
            ("escaped by", dialect.escape),
            ("comments after", dialect.comment),
        ] {
            if let Some(value) = value {
                let _ = write!(words, ", {name} {value:?}");
            }
        }
        if dialect.skip_lines > 0 {
            let _ = write!(words, ", {} lines skipped", dialect.skip_lines);
        }
        match dialect.header_rows {
            0 => words.push_str(", no header"),
            1 => {}
            rows => drop(write!(words, ", {rows} header rows")),
        }
        if !dialect.null_strings.is_empty() {
            let _ = write!(words, ", empty also as {}", dialect.null_strings.join(" "));
        }
        if dialect.line_ending == super::LineEnding::Cr {
            words.push_str(", lines end with CR");
        }
        if dialect.decimal_comma {
            words.push_str(", decimal comma");
        }
        if dialect.max_record_bytes != super::CsvDialect::default().max_record_bytes {
            let _ = write!(words, ", records up to {} bytes", dialect.max_record_bytes);
        }
        words
    }
}

impl PartitionRule {
    /// The rule in words.
    pub fn in_words(&self) -> String {
        match self {
            Self::IngestDate { time_zone } => {
                format!("the day the file first arrived ({time_zone})")
            }
            Self::DateColumn { column } => format!("the day in column {column}"),
            Self::KeyPattern { pattern } => format!("the date in the key, {pattern}"),
        }
    }
}

impl MalformedPolicy {
    /// The policy in words.
    pub fn in_words(&self) -> String {
        match self {
            Self::Fail => "fail on the first".to_owned(),
            Self::Skip => "count and drop".to_owned(),
            Self::Quarantine { max_rows, max_rate } => {
                format!("quarantine up to {max_rows} rows and a share of {max_rate}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::column::ColumnType;
    use crate::source::{CsvDialect, DriftPolicy};

    use super::*;

    #[test]
    fn each_difference_is_named_with_before_and_after() {
        let columns = ["a", "b"].map(|name| Column::new(name, ColumnType::Int)).into();
        let format = Format::Csv(CsvDialect::default());
        let before = Source::new("tlc/yellow".parse().unwrap(), "data", format, columns);
        assert_eq!(before.changes_since(&before), []);
        let mut after = before.clone();
        after.drift = DriftPolicy::AddColumns;
        after.description = Some("trips".into());
        after.columns[0].column_type = ColumnType::BigInt;
        after.columns[1] = Column::new("c", ColumnType::Date);
        let changes = after.changes_since(&before);
        let named: Vec<_> = changes.iter().map(|change| change.what.as_str()).collect();
        assert_eq!(named, ["description", "drift", "column a", "column c", "column b"]);
        assert_eq!(changes[0].before, None);
        assert_eq!(changes[2].before.as_deref(), Some("int, from \"a\""));
        assert_eq!((changes[3].before.is_none(), changes[4].after.is_none()), (true, true));
        let mut swapped = before.clone();
        swapped.columns.reverse();
        assert_eq!(swapped.changes_since(&before)[0].what, "order of columns");
    }
}
