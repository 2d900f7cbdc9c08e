//! JSON lines: one object a line, keys matched by the names that the columns have in the file.

mod decode;
mod object;

use std::sync::Arc;

use domain::Result;
use domain::column::Column;
use domain::source::Encoding;
use futures::{Stream, StreamExt};

use super::compression::decompressed;
use super::csv::scan::Scanner;
use super::cut::Cutter;
use super::input::RawBytes;
use super::text::TextSource;
use super::{Block, DecodeOptions, pipeline};

pub(super) use self::decode::JsonPlan;
pub(crate) use self::object::read_object;

/// A longer line is rejected, in bytes.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// A file of JSON lines, of which nothing is read yet.
pub(super) struct OpenedJsonLines {
    cutter: Cutter,
    parallelism: usize,
}

/// Recognises the compression. Blocks.
pub(super) fn open(bytes: RawBytes, options: DecodeOptions) -> Result<OpenedJsonLines> {
    let reader = decompressed(bytes.into_reader(), &options)?;
    let source = TextSource::new(reader, Encoding::Utf8);
    let cutter = Cutter::new(source, Scanner::lines(MAX_LINE), options.block_bytes);
    Ok(OpenedJsonLines { cutter, parallelism: options.parallelism })
}

impl OpenedJsonLines {
    /// Decodes all lines.
    pub(super) fn decode(
        mut self,
        columns: Arc<[Column]>,
    ) -> impl Stream<Item = Result<Block>> + Send + 'static {
        let plan = Arc::new(JsonPlan::new(columns));
        let produce = move || self.cutter.next_block();
        let blocks = pipeline::ordered(self.parallelism, produce, move |block| plan.decode(&block));
        let mut lines = 0;
        blocks.map(move |numbered| numbered.map(|numbered| numbered.after(&mut lines)))
    }
}
