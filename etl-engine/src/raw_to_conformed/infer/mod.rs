//! Proposals: format, columns and types of a sample file, judged by every one of its values, for a
//! person to pin.
//!
//! Architecture invariant: nothing here decides anything about later files; what is pinned is what
//! a person registers.

mod csv;
mod date_forms;
mod evidence;
mod json_lines;
mod names;
mod null_words;
mod parquet;
mod sniff;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(crate) use self::words::counted;

use self::evidence::{Evidence, Habits};
use super::bounded::{BoundedBlocks, SampleBounds};
use super::decode::{DecodeOptions, Layout, Opened, RawBytes, Spooled, blocking};
use domain::Result;
use domain::column::{Column, ColumnType};
use domain::rejected::RejectedRow;
use domain::source::Format;

/// Rejected rows that a proposal shows.
const SHOWN_REJECTED: usize = 100;

/// What is known before a file is looked at.
#[derive(Debug, Clone, Default)]
pub struct ProposeOptions {
    /// How the file is written; guessed when absent.
    pub format: Option<Format>,
    /// How much of the file is read; all of it by default.
    pub bounds: SampleBounds,
    /// How it is read.
    pub decode: DecodeOptions,
}

/// What a file looks like.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Proposal {
    /// How it is written.
    pub format: Format,
    /// Its columns, in its order (JSON lines: in the order in which keys first appear).
    pub columns: Vec<ProposedColumn>,
    /// Rows read, rejected ones included.
    pub rows: u64,
    /// Rows that are malformed under the format, whatever their types.
    pub rows_rejected: u64,
    /// The first of them.
    pub rejected: Vec<RejectedRow>,
    /// Decompressed bytes.
    pub bytes: u64,
    /// Whether the whole file was read; what is proposed holds for the rows read.
    pub is_whole: bool,
}

/// A column as proposed.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ProposedColumn {
    /// Name, type and format; nullable.
    pub column: Column,
    /// Up to five distinct values, in the order of the file.
    pub examples: Vec<String>,
    /// Rows without a value.
    pub nulls: u64,
    /// Distinct values, counted up to 1,000; `None` where the format names the types.
    pub distinct: Option<u64>,
    /// Why this type, in words.
    pub why: String,
}

/// Reads the whole file and proposes how to register it. `file_name` only decides where the bytes
/// leave a doubt. [`domain::ErrorKind::Invalid`] when the file is empty, damaged or of no known
/// format; errors of the stream as they come.
pub async fn propose(
    bytes: RawBytes,
    file_name: &str,
    options: &ProposeOptions,
) -> Result<Proposal> {
    let (given, name) = (options.format.clone(), file_name.to_owned());
    let (spooled, guess) = blocking(move || {
        let spooled = Spooled::new(bytes)?;
        let guess = sniff::guess(&spooled, &name, given)?;
        Ok((spooled, guess))
    })
    .await?;
    match guess.format {
        Format::Csv(dialect) => csv::propose(&spooled, dialect, guess.sure, options).await,
        Format::JsonLines => json_lines::propose(&spooled, &guess.head, options).await,
        Format::Parquet => parquet::propose(&spooled, options).await,
    }
}

/// Everything that one pass over a file shows, its columns read as text.
struct Observed {
    evidence: Vec<Evidence>,
    rows: u64,
    rows_rejected: u64,
    rejected: Vec<RejectedRow>,
    unknown_keys: std::collections::BTreeSet<String>,
    bytes: u64,
    is_whole: bool,
}

/// Reads the rows of `opened` with columns of the given names as text, all fields in order.
async fn observe(
    opened: Opened,
    names: &[String],
    habits: Habits,
    bounds: SampleBounds,
) -> Result<Observed> {
    let text = |name: &String| Column::new(name.clone(), ColumnType::String);
    let columns: Arc<[Column]> = names.iter().map(text).collect();
    let layout = Layout((0..columns.len()).map(Some).collect());
    let mut observed = Observed {
        evidence: vec![Evidence::default(); names.len()],
        rows: 0,
        rows_rejected: 0,
        rejected: Vec::new(),
        unknown_keys: std::collections::BTreeSet::new(),
        bytes: 0,
        is_whole: true,
    };
    let mut blocks = BoundedBlocks::new(opened.decode(columns, layout), bounds);
    while let Some(block) = blocks.next().await? {
        observed.rows += block.rows_read;
        observed.rows_rejected += block.rejected.len() as u64;
        observed.bytes += block.bytes;
        observed.unknown_keys.extend(block.unknown_keys);
        let room = SHOWN_REJECTED - observed.rejected.len();
        observed.rejected.extend(block.rejected.into_iter().take(room));
        for (evidence, array) in observed.evidence.iter_mut().zip(block.batch.columns()) {
            evidence.add(array, habits);
        }
    }
    observed.is_whole = blocks.is_whole;
    Ok(observed)
}

impl Observed {
    /// The proposal for columns whose types follow from their values. Words that were found to mean
    /// "no value" become part of the format.
    fn into_proposal(self, mut format: Format, source_names: &[String]) -> Proposal {
        let accepted = null_words::accepted(&self.evidence);
        if let Format::Csv(dialect) = &mut format {
            let words = null_words::NULL_WORDS.iter().zip(accepted);
            let words = words.filter(|(_, accepted)| *accepted).map(|(word, _)| (*word).to_owned());
            dialect.null_strings.extend(words);
        }
        let names = names::column_names(source_names);
        let columns = source_names.iter().zip(names).zip(self.evidence);
        let columns = columns.map(|((source_name, name), evidence)| {
            let verdict = evidence.verdict(&accepted);
            let column = Column::new(source_name.clone(), verdict.column_type);
            ProposedColumn {
                column: Column { name, format: verdict.format, ..column },
                nulls: evidence.nulls(&accepted),
                distinct: Some(evidence.distinct()),
                examples: evidence.examples,
                why: verdict.why,
            }
        });
        Proposal {
            format,
            columns: columns.collect(),
            rows: self.rows,
            rows_rejected: self.rows_rejected,
            rejected: self.rejected,
            bytes: self.bytes,
            is_whole: self.is_whole,
        }
    }
}
