//! What a trial found.

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::rejected::RejectedRow;
use domain::run::RunId;

use super::super::quarantine::Facets;

/// Examples of each kind that are kept.
const EXAMPLES: usize = 20;

/// What became of the tried rows. `tried` is the sum of `passing`, `no_rows` and those failing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Rows that were decoded by the edited source.
    pub tried: u64,
    /// Those that would be written now.
    pub passing: u64,
    /// Those that would be no row any more: a comment now, or blank.
    pub no_rows: u64,
    /// Those that would still be rejected, by kind.
    pub failing: Facets,
    /// Rows that cannot be tried: only the beginning of their raw text was kept.
    pub cut: u64,
    /// Rows that were not tried: past the limits of a trial, or of a run with a problem.
    pub left_out: u64,
    /// The first rows that would still be rejected, with what is wrong now.
    pub still_rejected: Vec<StillRejected>,
    /// The first rows that would pass.
    pub now_passing: Vec<NowPassing>,
    /// What is wrong with the file of a run as a whole.
    pub problems: Vec<Problem>,
    /// Whether a replay of a run would be committed, where that is known.
    pub verdicts: Vec<Verdict>,
}

/// A row that would still be rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StillRejected {
    /// The run that rejected it first.
    pub run: RunId,
    /// The row, with column, reason and detail of the trial.
    pub row: RejectedRow,
}

/// A row that would pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NowPassing {
    /// The run that rejected it.
    pub run: RunId,
    /// Its line in the file.
    pub line: u64,
    /// The record as it stands in the file.
    pub raw: Vec<u8>,
    /// Its values as text, one for each pinned column; empty for Parquet files.
    pub values: Vec<Option<String>>,
}

/// A file of which no row can be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The run of the file.
    pub run: RunId,
    /// What is wrong.
    pub message: String,
}

/// What a replay of one run would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The run.
    pub run: RunId,
    /// Rows that it would read.
    pub rows_read: u64,
    /// Rows that it would reject.
    pub rejected: u64,
    /// Whether the source's policy lets it be committed with so many.
    pub commits: bool,
}

impl Outcome {
    pub(super) fn pass(
        &mut self,
        run: RunId,
        row: &RejectedRow,
        values: impl FnOnce() -> Vec<Option<String>>,
    ) {
        self.tried += 1;
        self.passing += 1;
        if self.now_passing.len() < EXAMPLES {
            let (line, raw) = (row.line, row.raw.clone());
            self.now_passing.push(NowPassing { run, line, raw, values: values() });
        }
    }

    /// `found` says what is wrong now; place and raw text are those of `row`.
    pub(super) fn fail(&mut self, run: RunId, row: RejectedRow, found: RejectedRow) {
        self.tried += 1;
        self.failing.add(found.reason, found.column.as_deref(), 1);
        if self.still_rejected.len() < EXAMPLES {
            let row = RejectedRow { line: row.line, raw: row.raw, ..found };
            self.still_rejected.push(StillRejected { run, row });
        }
    }
}

/// The values of a row as text.
pub(super) fn values_of(batch: &RecordBatch, row: usize) -> Vec<Option<String>> {
    let options = FormatOptions::default();
    let value = |column: &arrow::array::ArrayRef| {
        let formatter = ArrayFormatter::try_new(column, &options).ok()?;
        column.is_valid(row).then(|| formatter.value(row).try_to_string().ok())?
    };
    batch.columns().iter().map(value).collect()
}
