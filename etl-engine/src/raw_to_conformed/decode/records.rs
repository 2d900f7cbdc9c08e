//! Decoding records that stand in no file any more: the kept text of rejected rows.

use std::sync::Arc;

use domain::Result;
use domain::column::Column;
use domain::source::Format;
use memchr::memchr;

use super::csv::CsvPlan;
use super::csv::scan::Scanner;
use super::cut::TextBlock;
use super::json_lines::JsonPlan;
use super::{Block, Layout};

/// Decodes texts of records by the same code that decodes the blocks of a file.
pub(crate) struct RecordDecoder {
    plan: Plan,
    scanner: Scanner,
}

enum Plan {
    Csv(Box<CsvPlan>),
    JsonLines(JsonPlan),
}

impl RecordDecoder {
    /// A decoder for a text format; `None` for Parquet, whose rows have no text of their own.
    pub(crate) fn new(format: &Format, columns: Arc<[Column]>, layout: &Layout) -> Option<Self> {
        match format {
            Format::Csv(dialect) => {
                let scanner = Scanner::new(dialect);
                let plan = CsvPlan::new(scanner.clone(), dialect, columns, layout);
                Some(Self { plan: Plan::Csv(Box::new(plan)), scanner })
            }
            Format::JsonLines => {
                let plan = Plan::JsonLines(JsonPlan::new(columns));
                Some(Self { plan, scanner: Scanner::lines(usize::MAX) })
            }
            Format::Parquet => None,
        }
    }

    /// What ends a record.
    pub(crate) fn newline(&self) -> u8 {
        self.scanner.newline
    }

    /// Whether a record is one line that can stand among others without changing how they are read:
    /// nothing in it opens a quote, ends a line or makes it a comment.
    pub(crate) fn is_plain(&self, record: &[u8]) -> bool {
        let holds = |byte: u8| memchr(byte, record).is_some();
        let comment =
            self.scanner.comment.is_some() && record.first() == self.scanner.comment.as_ref();
        let blank = record.trim_ascii().is_empty();
        !blank && !comment && !holds(self.scanner.newline) && !self.scanner.quote.is_some_and(holds)
    }

    /// Decodes a text of whole records; lines are counted from its start, from 1.
    pub(crate) fn decode(&self, text: &[u8]) -> Result<Block> {
        let block = TextBlock::of(text);
        let numbered = match &self.plan {
            Plan::Csv(plan) => plan.decode(&block),
            Plan::JsonLines(plan) => plan.decode(&block),
        };
        numbered.map(|numbered| numbered.block)
    }
}
