//! Trials: an edited source, held against the rows that runs rejected. Nothing is written.
//!
//! The kept raw text goes through the decoder of the first hop, record by record, so that a trial
//! says what a replay would. What it cannot know (raw text that was cut, a file that is gone) is
//! counted and said, never guessed.

mod outcome;
mod parquet;
mod text;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::run::{Run, RunStatus};
use domain::source::{DriftPolicy, Encoding, Format, Source};
use domain::zone::Hop;
use domain::{Error, ErrorKind, Result};

use super::decode::{self, DecodeOptions, Layout, Opened, RecordDecoder};
use super::prepare::columns_to_read;
use super::quarantine::{self, RowFilter};
use super::{compare, fetch};
use crate::lake::Lake;
use crate::run::Stop;

pub use outcome::{NowPassing, Outcome, Problem, StillRejected, Verdict};

/// How much a trial may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most rejected rows that are tried.
    pub max_rows: u64,
    /// How long it may go on; what was not tried by then is counted as left out.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_rows: 200_000, patience: Duration::from_secs(20) }
    }
}

/// The edited source and all that the trial of one run needs.
struct Trial<'a> {
    lake: &'a Lake,
    run: &'a Run,
    source: &'a Source,
    filter: &'a RowFilter,
    max_rows: u64,
    until: Instant,
}

/// Tries `source` against the rejected rows of `runs` that `filter` allows. Every run is one of the
/// source's dataset. [`ErrorKind::Invalid`] when the source contradicts itself.
pub async fn trial(
    lake: &Lake,
    runs: &[Run],
    source: &Source,
    filter: &RowFilter,
    limits: Limits,
) -> Result<Outcome> {
    source.validate()?;
    let until = Instant::now() + limits.patience;
    let mut outcome = Outcome::default();
    for run in runs {
        if run.dataset != source.dataset {
            return Err(Error::invalid(format!("run {} is of another dataset", run.id)));
        }
        let all = quarantine::facets(&lake.conformed, &run.dataset, run.id).await?;
        let matching = all.matching(filter);
        let max_rows = limits.max_rows.saturating_sub(outcome.tried);
        let before = outcome.clone();
        let trial = Trial { lake, run, source, filter, max_rows, until };
        match trial.carry_out(&mut outcome).await {
            Ok(()) => {}
            Err(error) if error.kind().is_transient() => return Err(error),
            Err(error) if error.kind() == ErrorKind::Internal => return Err(error),
            Err(error) => {
                // What is wrong with one file says nothing about the others.
                outcome = before.clone();
                let message = error.message().to_owned();
                outcome.problems.push(Problem { run: run.id, message });
            }
        }
        let seen = (outcome.tried + outcome.cut) - (before.tried + before.cut);
        outcome.left_out += matching.saturating_sub(seen);
        outcome.verdicts.extend(trial.verdict(&before, &outcome, all.rows(), matching));
    }
    Ok(outcome)
}

impl Trial<'_> {
    async fn carry_out(&self, outcome: &mut Outcome) -> Result<()> {
        let Some(opened) =
            quarantine::open(&self.lake.conformed, &self.run.dataset, self.run.id).await?
        else {
            return Ok(());
        };
        let columns = columns_to_read(self.source).into();
        if self.source.format == Format::Parquet {
            return self.read_file_again(opened, columns, outcome).await;
        }
        let layout = self.layout().await?;
        let decoder = RecordDecoder::new(&self.source.format, columns, &layout)
            .ok_or_else(|| Error::internal("a text format has no record decoder"))?;
        let encodings = (self.encoding_read_by().await?, encoding_of(self.source));
        self.try_texts(opened, Arc::new(text::Texts { decoder, encodings }), outcome).await
    }

    /// Which field fills which column. A file with a header is opened for it, as a run does.
    async fn layout(&self) -> Result<Layout> {
        let names = match &self.source.format {
            Format::Csv(dialect) if dialect.header_rows > 0 => {
                let opened = self.open_file().await?;
                opened.names().map(<[String]>::to_vec)
            }
            _ => None,
        };
        self.layout_of(names.as_deref())
    }

    fn layout_of(&self, names: Option<&[String]>) -> Result<Layout> {
        let difference = compare(names, &self.source.columns)?;
        if !difference.extra.is_empty() && self.source.drift == DriftPolicy::Fail {
            return Err(Error::invalid(format!(
                "a replay would fail: the file has columns that the source does not know: {}",
                difference.extra.join(", ")
            )));
        }
        Ok(difference.layout)
    }

    async fn open_file(&self) -> Result<Opened> {
        let opened = fetch::open(self.lake.raw.as_ref(), &self.run.arrival).await;
        let bytes = opened.map_err(|stop| match stop {
            Stop::Failed(error) => error,
            Stop::Superseded(message) => Error::conflict(message),
            Stop::Cancelled => Error::new(ErrorKind::Cancelled, "cancelled"),
        })?;
        decode::open(bytes, &self.source.format, DecodeOptions::default()).await
    }

    /// The encoding by which the run read the file, and so the one its kept text was decoded from.
    async fn encoding_read_by(&self) -> Result<Encoding> {
        let used = quarantine::source_used(self.lake, self.run).await?;
        Ok(used.map_or_else(Encoding::default, |used| encoding_of(&used.source)))
    }

    /// Whether a replay would be committed. Only when the run read its whole file and all of its
    /// rejected rows were tried.
    fn verdict(
        &self,
        before: &Outcome,
        after: &Outcome,
        rejected_then: u64,
        matching: u64,
    ) -> Option<Verdict> {
        let counts = self.run.step(Hop::RawToConformed)?.counts;
        let read_whole = self.run.status == RunStatus::Succeeded;
        let tried = after.tried - before.tried;
        if !read_whole || tried != rejected_then || matching != rejected_then || tried == 0 {
            return None;
        }
        let rejected = after.failing.rows() - before.failing.rows();
        let no_rows = after.no_rows - before.no_rows;
        let rows_read = counts.rows_read - no_rows;
        let commits = self.source.malformed.allows(rejected, rows_read);
        Some(Verdict { run: self.run.id, rows_read, rejected, commits })
    }
}

fn encoding_of(source: &Source) -> Encoding {
    match &source.format {
        Format::Csv(dialect) => dialect.encoding,
        Format::JsonLines | Format::Parquet => Encoding::Utf8,
    }
}
