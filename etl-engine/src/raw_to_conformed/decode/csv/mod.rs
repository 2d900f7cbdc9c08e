//! CSV: opened up to the header, then decoded block by block.

mod decode;
mod header;
mod index;
mod places;
mod reject;
mod sample;
pub(super) mod scan;
mod specials;

use std::sync::Arc;

use domain::Result;
use domain::column::Column;
use domain::source::CsvDialect;
use futures::{Stream, StreamExt};

pub(super) use self::decode::CsvPlan;
pub(crate) use self::places::field_places;
pub(crate) use self::sample::{Sample, sample};

use self::scan::Scanner;
use super::compression::decompressed;
use super::cut::Cutter;
use super::input::RawBytes;
use super::text::TextSource;
use super::{Block, DecodeOptions, Layout, pipeline};

/// A CSV file read up to its header.
pub(super) struct OpenedCsv {
    cutter: Cutter,
    dialect: CsvDialect,
    names: Option<Vec<String>>,
    /// Physical lines before the first block.
    lines: u64,
    parallelism: usize,
}

/// Reads up to and including the header. Blocks.
pub(super) fn open(
    bytes: RawBytes,
    dialect: &CsvDialect,
    options: DecodeOptions,
) -> Result<OpenedCsv> {
    let reader = decompressed(bytes.into_reader(), &options)?;
    let source = TextSource::new(reader, dialect.encoding);
    let mut cutter = Cutter::new(source, Scanner::new(dialect), options.block_bytes);
    let header = header::take(&mut cutter, dialect)?;
    Ok(OpenedCsv {
        cutter,
        dialect: dialect.clone(),
        names: header.names,
        lines: header.lines,
        parallelism: options.parallelism,
    })
}

impl OpenedCsv {
    pub(super) fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Decodes the rows behind the header.
    pub(super) fn decode(
        mut self,
        columns: Arc<[Column]>,
        layout: Layout,
    ) -> impl Stream<Item = Result<Block>> + Send + 'static {
        let scanner = self.cutter.scanner().clone();
        let plan = Arc::new(CsvPlan::new(scanner, &self.dialect, columns, &layout));
        let produce = move || self.cutter.next_block();
        let blocks = pipeline::ordered(self.parallelism, produce, move |block| plan.decode(&block));
        let mut lines = self.lines;
        blocks.map(move |numbered| numbered.map(|numbered| numbered.after(&mut lines)))
    }
}
