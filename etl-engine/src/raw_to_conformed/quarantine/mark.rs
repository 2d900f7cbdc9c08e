//! Where in a rejected row's raw text the value stands that did not fit.

use std::collections::HashMap;
use std::ops::Range;

use domain::Result;
use domain::rejected::{RejectReason, RejectedRow};
use domain::run::Run;
use domain::source::{CsvDialect, Format, Source};
use domain::zone::Hop;

use super::super::decode::{self, DecodeOptions, field_places, read_object};
use super::super::{compare, fetch};
use crate::lake::Lake;
use crate::run::Stop;
use crate::source::SourceVersion;

/// Enough of the file for its header.
const HEADER_BYTES: usize = 64 * 1024;

/// Finds the values of one run's rejected rows.
#[derive(Debug)]
pub struct Marker(Kind);

#[derive(Debug)]
enum Kind {
    /// The field that each column was read from, and how many a record should have.
    Csv { dialect: CsvDialect, fields: HashMap<String, usize>, expected: usize },
    /// The key that each column was read from.
    JsonLines(HashMap<String, String>),
    /// The text of a Parquet row was made by Sluice, or the file's header is not there any more.
    Unknown,
}

/// The version of the source by which a run read its file; `None` when it was never registered.
pub async fn source_used(lake: &Lake, run: &Run) -> Result<Option<SourceVersion>> {
    let step = run.step(Hop::RawToConformed);
    let history = lake.sources.history(&run.dataset).await?;
    Ok(history.into_iter().find(|saved| match step {
        Some(step) if step.definition_version.is_some() => {
            step.definition_version == Some(saved.version)
        }
        Some(step) => saved.saved_at <= step.started_at,
        None => true,
    }))
}

impl Marker {
    /// For the rows that `run` rejected. The file's header is read for it, where it has one.
    pub async fn of(lake: &Lake, run: &Run) -> Result<Self> {
        let Some(used) = source_used(lake, run).await? else { return Ok(Self(Kind::Unknown)) };
        let source = used.source;
        let kind = match &source.format {
            Format::Csv(dialect) => match names(lake, run, &source, dialect).await {
                Ok(names) => csv(&source, dialect, names.as_deref()),
                // Rows can be read without a mark.
                Err(_) => Kind::Unknown,
            },
            Format::JsonLines => {
                let names = source.columns.into_iter();
                Kind::JsonLines(names.map(|column| (column.name, column.source_name)).collect())
            }
            Format::Parquet => Kind::Unknown,
        };
        Ok(Self(kind))
    }

    /// The place of the value that did not fit, in bytes of the raw text. Empty where a value is
    /// missing.
    pub fn place(&self, row: &RejectedRow) -> Option<Range<usize>> {
        match &self.0 {
            Kind::Csv { dialect, fields, expected } => {
                let places = field_places(&row.raw, dialect);
                match (row.reason, &row.column) {
                    (RejectReason::TooManyFields, _) => {
                        Some(places.get(*expected)?.start..row.raw.len())
                    }
                    (_, Some(column)) => places.get(*fields.get(column)?).cloned(),
                    (_, None) => None,
                }
            }
            Kind::JsonLines(keys) => value_place(&row.raw, keys.get(row.column.as_ref()?)?),
            Kind::Unknown => None,
        }
    }
}

async fn names(
    lake: &Lake,
    run: &Run,
    source: &Source,
    dialect: &CsvDialect,
) -> Result<Option<Vec<String>>, Stop> {
    if dialect.header_rows == 0 {
        return Ok(None);
    }
    let bytes = fetch::open(lake.raw.as_ref(), &run.arrival).await?;
    let options = DecodeOptions { block_bytes: HEADER_BYTES, ..DecodeOptions::default() };
    let opened = decode::open(bytes, &source.format, options).await?;
    Ok(opened.names().map(<[String]>::to_vec))
}

fn csv(source: &Source, dialect: &CsvDialect, names: Option<&[String]>) -> Kind {
    let Ok(difference) = compare(names, &source.columns) else { return Kind::Unknown };
    let layout = difference.layout.0;
    let fields = layout.iter().enumerate();
    let fields = fields.filter_map(|(field, column)| {
        let column = source.columns.get((*column)?)?;
        Some((column.name.clone(), field))
    });
    Kind::Csv { dialect: dialect.clone(), fields: fields.collect(), expected: layout.len() }
}

/// The place of a key's value in a JSON object.
fn value_place(line: &[u8], wanted: &str) -> Option<Range<usize>> {
    let mut place = None;
    let read = read_object(
        line,
        |key| (key == wanted).then_some(()),
        |(), value| {
            // The value is borrowed from the line.
            let start = (value.get().as_ptr() as usize).checked_sub(line.as_ptr() as usize);
            place = start.map(|start| start..start + value.get().len());
        },
    );
    read.ok().and(place)
}

#[cfg(test)]
mod tests {
    use domain::column::{Column, ColumnType};

    use super::*;

    fn row(raw: &str, column: Option<&str>, reason: RejectReason) -> RejectedRow {
        let column = column.map(str::to_owned);
        RejectedRow { line: 2, column, reason, detail: String::new(), raw: raw.into() }
    }

    fn marked(kind: Kind, raw: &str, column: Option<&str>, reason: RejectReason) -> Option<String> {
        Marker(kind).place(&row(raw, column, reason)).map(|place| raw[place].to_owned())
    }

    fn orders(format: Format) -> Source {
        let columns = ["id", "note", "amount"].map(|name| Column::new(name, ColumnType::Int));
        Source::new("shop/orders".parse().unwrap(), "", format, columns.into())
    }

    #[test]
    fn a_field_is_found_by_the_header_of_its_file() {
        let dialect = CsvDialect::default();
        let source = orders(Format::Csv(dialect.clone()));
        let names = ["extra", "Amount", "id", "note"].map(str::to_owned);
        let csv = || csv(&source, &dialect, Some(&names));
        let mismatch = RejectReason::TypeMismatch;
        let raw = "\"a,b\",12x,3,ok";
        assert_eq!(marked(csv(), raw, Some("amount"), mismatch).as_deref(), Some("12x"));
        assert_eq!(marked(csv(), raw, Some("id"), mismatch).as_deref(), Some("3"));
        let missing = RejectReason::MissingValue;
        assert_eq!(marked(csv(), "a,,3,ok", Some("amount"), missing).as_deref(), Some(""));
        let more = RejectReason::TooManyFields;
        assert_eq!(marked(csv(), "a,1,2,3,4,5", None, more).as_deref(), Some("4,5"));
        assert_eq!(marked(csv(), "\"a", None, RejectReason::BadQuoting), None);
    }

    #[test]
    fn a_value_is_found_by_its_key() {
        let keys = || Kind::JsonLines(HashMap::from([("amount".to_owned(), "Amount".to_owned())]));
        let raw = r#"{"id":1, "Amount" : "much" }"#;
        let mismatch = RejectReason::TypeMismatch;
        assert_eq!(marked(keys(), raw, Some("amount"), mismatch).as_deref(), Some("\"much\""));
        assert_eq!(marked(keys(), "no json", Some("amount"), mismatch), None);
    }
}
