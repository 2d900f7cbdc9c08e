//! A preview: what the first hop would make of a sample under a registration that nobody saved yet.
//!
//! Architecture invariant: the rows go the same way as in a run (decode, layout, partition rule),
//! and nothing is written anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::arrival::{Arrival, ObjectVersion, Sequencer};
use domain::partition::Partition;
use domain::rejected::{RejectReason, RejectedRow};
use domain::source::{Breach, DriftPolicy, Source};
use domain::{Error, Result};
use jiff::Timestamp;

use super::bounded::BoundedBlocks;
use super::decode::{Block, DecodeOptions, RawBytes, open};
use super::infer::counted;
use super::partition_rule::{self, DayOf};
use super::prepare::columns_to_read;
use super::{SampleBounds, compare};

/// Conformed rows, and rejected ones, that a preview shows.
pub const SHOWN: usize = 100;

/// Most characters of a value that a preview shows.
const SHOWN_CHARACTERS: usize = 200;

/// What to look at, and how much of it.
#[derive(Debug, Clone)]
pub struct PreviewOptions {
    /// Key of the raw object that the sample is, or would be.
    pub key: String,
    /// When it landed, for rules by ingest date.
    pub landed_at: Timestamp,
    /// How much of it is read.
    pub bounds: SampleBounds,
    /// How it is read.
    pub decode: DecodeOptions,
}

/// What a run of the sample would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The first rows that fit: one text for each pinned column, `None` where there is no value.
    pub rows: Vec<Vec<Option<String>>>,
    /// The first rows that do not.
    pub rejected: Vec<RejectedRow>,
    /// Why rows were rejected: reason, column, how many.
    pub reasons: Vec<(RejectReason, Option<String>, u64)>,
    /// Rows read, rejected ones included.
    pub rows_read: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Whether the whole sample was read.
    pub is_whole: bool,
    /// Rows for each day, in the order of days; empty when the rule finds none.
    pub partitions: BTreeMap<Partition, u64>,
    /// Columns of the file that no pinned one reads.
    pub extra: Vec<String>,
    /// Why a run of the sample would fail, as far as what was read tells.
    pub would_fail: Option<String>,
}

/// Decodes a sample under `source`. [`domain::ErrorKind::Invalid`] when the registration contradicts
/// itself, or the file lacks a pinned column or cannot be read.
pub async fn preview(
    bytes: RawBytes,
    source: &Source,
    options: &PreviewOptions,
) -> Result<Preview> {
    source.validate()?;
    let opened = open(bytes, &source.format, options.decode).await?;
    let difference = compare(opened.names(), &source.columns)?;
    let columns = columns_to_read(source);
    let mut seen = Seen::new(source, options, difference.extra);
    let blocks = opened.decode(Arc::from(columns), difference.layout);
    let mut blocks = BoundedBlocks::new(blocks, options.bounds);
    while let Some(block) = blocks.next().await? {
        seen.take(block)?;
    }
    Ok(seen.finish(source, blocks.is_whole))
}

struct Seen {
    preview: Preview,
    reasons: BTreeMap<(RejectReason, Option<String>), u64>,
    unknown_keys: BTreeSet<String>,
    day_of: Option<DayOf>,
}

impl Seen {
    fn new(source: &Source, options: &PreviewOptions, extra: Vec<String>) -> Self {
        let day_of =
            partition_rule::resolve(&source.partition, &arrival(options), &source.columns, None);
        let preview = Preview {
            rows: Vec::new(),
            rejected: Vec::new(),
            reasons: Vec::new(),
            rows_read: 0,
            rows_rejected: 0,
            is_whole: true,
            partitions: BTreeMap::new(),
            extra,
            would_fail: day_of.as_ref().err().map(|error| error.message().to_owned()),
        };
        let (reasons, unknown_keys) = (BTreeMap::new(), BTreeSet::new());
        Self { preview, reasons, unknown_keys, day_of: day_of.ok() }
    }

    fn take(&mut self, block: Block) -> Result<()> {
        let preview = &mut self.preview;
        preview.rows_read += block.rows_read;
        preview.rows_rejected += block.rejected.len() as u64;
        self.unknown_keys.extend(block.unknown_keys);
        for row in &block.rejected {
            *self.reasons.entry((row.reason, row.column.clone())).or_default() += 1;
        }
        let room = SHOWN - preview.rejected.len();
        preview.rejected.extend(block.rejected.into_iter().take(room));
        show(&block.batch, &mut preview.rows)?;
        let Some(day_of) = self.day_of else { return Ok(()) };
        for (partition, rows) in partition_rule::split(day_of, block.batch)? {
            let count = rows.num_rows() as u64;
            if count > 0 {
                *preview.partitions.entry(partition).or_default() += count;
            }
        }
        Ok(())
    }

    fn finish(mut self, source: &Source, is_whole: bool) -> Preview {
        self.preview.is_whole = is_whole;
        self.preview.extra.extend(self.unknown_keys);
        let reasons = self.reasons.into_iter();
        self.preview.reasons = reasons.map(|((why, column), count)| (why, column, count)).collect();
        self.preview.reasons.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
        let failure = self.preview.would_fail.take();
        self.preview.would_fail = failure.or_else(|| would_fail(source, &self.preview));
        self.preview
    }
}

/// The policy that the sample breaks, if one.
fn would_fail(source: &Source, preview: &Preview) -> Option<String> {
    if source.drift == DriftPolicy::Fail && !preview.extra.is_empty() {
        return Some(format!(
            "the file has columns that are not pinned ({}), and the drift policy is to fail",
            preview.extra.join(", ")
        ));
    }
    let (rejected, read) = (preview.rows_rejected, preview.rows_read);
    let breach = source.malformed.breach(rejected, read)?;
    let (rejected, read) = (counted(rejected), counted(read));
    Some(match breach {
        Breach::AnyRow => "rows do not fit, and the policy is to fail on the first".to_owned(),
        Breach::TooMany { most } => {
            format!("{rejected} rows do not fit, more than the limit of {}", counted(most))
        }
        Breach::TooLargeShare { most } => format!(
            "{rejected} of {read} rows do not fit, more than the share that the policy allows ({most})"
        ),
    })
}

fn show(batch: &RecordBatch, rows: &mut Vec<Vec<Option<String>>>) -> Result<()> {
    let fault = |error| Error::internal(format!("cannot show a value: {error}"));
    let options = FormatOptions::default();
    let columns = batch.columns().iter();
    let formatters = columns
        .map(|column| ArrayFormatter::try_new(column, &options).map_err(fault))
        .collect::<Result<Vec<_>>>()?;
    let room = (SHOWN - rows.len()).min(batch.num_rows());
    for row in 0..room {
        let cells = batch.columns().iter().zip(&formatters).map(|(column, formatter)| {
            let text = || formatter.value(row).try_to_string().map_err(fault).map(shortened);
            column.is_valid(row).then(text).transpose()
        });
        rows.push(cells.collect::<Result<_>>()?);
    }
    Ok(())
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn arrival(options: &PreviewOptions) -> Arrival {
    Arrival {
        bucket: "raw".to_owned(),
        key: options.key.clone(),
        version: ObjectVersion::ETag(String::new()),
        sequencer: Sequencer::at(options.landed_at),
        size: 0,
        landed_at: options.landed_at,
    }
}

#[cfg(test)]
mod tests {
    use domain::ErrorKind;
    use domain::column::{Column, ColumnType};
    use domain::source::{CsvDialect, Format, MalformedPolicy, PartitionRule};

    use super::*;

    fn source() -> Source {
        let columns =
            vec![Column::new("id", ColumnType::BigInt), Column::new("on_date", ColumnType::Date)];
        let format = Format::Csv(CsvDialect::default());
        Source {
            partition: PartitionRule::DateColumn { column: "on_date".into() },
            malformed: MalformedPolicy::Quarantine { max_rows: 10, max_rate: 0.5 },
            ..Source::new("shop/orders".parse().unwrap(), "test", format, columns)
        }
    }

    async fn look(source: &Source, text: &str, max_rows: u64) -> Result<Preview> {
        let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
        let bytes = RawBytes::Stream(Box::pin(futures::stream::iter([Ok(bytes)])));
        let options = PreviewOptions {
            key: "shop/orders/2020/orders.csv".into(),
            landed_at: "2020-08-05T12:00:00Z".parse().unwrap(),
            bounds: SampleBounds { max_rows, ..SampleBounds::default() },
            decode: DecodeOptions { block_bytes: 4096, ..DecodeOptions::default() },
        };
        preview(bytes, source, &options).await
    }

    #[tokio::test]
    async fn rows_and_what_does_not_fit_are_shown_as_a_run_would_make_them() {
        let text = "id,on_date\n1,2020-08-01\nx,2020-08-01\n3,\n,2020-08-02\n";
        let found = look(&source(), text, u64::MAX).await.unwrap();
        let row = |id: Option<&str>, day: &str| vec![id.map(str::to_owned), Some(day.to_owned())];
        assert_eq!(found.rows, [row(Some("1"), "2020-08-01"), row(None, "2020-08-02")]);
        assert_eq!((found.rows_read, found.rows_rejected, found.is_whole), (4, 2, true));
        let lines: Vec<_> = found.rejected.iter().map(|row| (row.line, row.reason)).collect();
        let expected = [(3, RejectReason::TypeMismatch), (4, RejectReason::MissingValue)];
        assert_eq!(lines, expected);
        assert_eq!(found.reasons[0].1.as_deref(), Some("id"));
        assert_eq!(found.partitions.len(), 2);
        assert_eq!(found.would_fail, None);
    }

    #[tokio::test]
    async fn a_broken_policy_is_named_before_anybody_registers_it() {
        let check = async |source: Source, text: &str, expected: &str| {
            let found = look(&source, text, u64::MAX).await.unwrap().would_fail.unwrap();
            assert!(found.contains(expected), "{found}");
        };
        check(source(), "id,on_date\nx,2020-08-01\n", "1 of 1 rows").await;
        let strict = Source { malformed: MalformedPolicy::Fail, ..source() };
        check(strict, "id,on_date\n1,2020-08-01\nx,2020-08-01\n", "fail on the first").await;
        check(source(), "id,on_date,new\n1,2020-08-01,2\n", "(new)").await;
        let pattern = PartitionRule::KeyPattern { pattern: "{year}-{month}".into() };
        let by_key = Source { partition: pattern, ..source() };
        check(by_key, "id,on_date\n1,2020-08-01\n", "has no date").await;
    }

    #[tokio::test]
    async fn a_missing_column_is_an_error_that_names_it() {
        let error = look(&source(), "id\n1\n", u64::MAX).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains("on_date"), "{error}");
    }

    #[tokio::test]
    async fn d18_a_preview_is_bounded_and_says_so() {
        let text = format!("id,on_date\n{}", "1,2020-08-01\n".repeat(20_000));
        let found = look(&source(), &text, 500).await.unwrap();
        assert_eq!(found.rows.len(), SHOWN);
        assert!(!found.is_whole && (500..5_000).contains(&found.rows_read));
    }
}
