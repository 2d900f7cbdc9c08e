//! Decoding: from the bytes of a raw object to Arrow batches and rejected rows.
//!
//! A blocking reader cuts decompressed text into blocks that end where a record ends; workers turn
//! blocks into batches in parallel; the stream hands them out in file order. Every row of the file
//! is either in a batch or among the rejected ones.
//!
//! Architecture invariant: malformed input is an error or a rejected row, never a panic, and an
//! error says that nothing of the file may be trusted (a cut-short gzip has whole records before
//! the cut, and still fails).

mod block;
mod columns;
mod compression;
mod csv;
mod cut;
mod input;
mod json_lines;
mod names;
mod parquet;
mod pipeline;
mod records;
mod schema;
mod text;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use domain::Result;
use domain::column::Column;
use domain::source::Format;
use futures::StreamExt;
use futures::stream::BoxStream;

pub use block::Block;
pub use input::RawBytes;
pub use schema::arrow_schema;

use self::csv::OpenedCsv;
use self::json_lines::OpenedJsonLines;
use self::parquet::OpenedParquet;

pub(super) use self::compression::head;
pub(super) use self::csv::{Sample, field_places, sample};
pub(super) use self::input::Spooled;
pub(super) use self::json_lines::read_object;
pub(super) use self::names::distinct_names;
pub(super) use self::pipeline::blocking;
pub(super) use self::records::RecordDecoder;
pub(super) use self::values::reads_as;
pub(super) use self::values::written;

/// How much work and memory decoding may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeOptions {
    /// Decompressed text in one block, in bytes. A record that is longer gets a block of its own.
    pub block_bytes: usize,
    /// Blocks decoded at the same time.
    pub parallelism: usize,
    /// Most decompressed bytes for one compressed byte, once a file is past its first megabytes.
    pub max_compression_ratio: u64,
    /// Most decompressed bytes of a compressed file.
    pub max_decompressed_bytes: u64,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            block_bytes: 4 * 1024 * 1024,
            parallelism: std::thread::available_parallelism().map_or(1, usize::from),
            max_compression_ratio: 1000,
            max_decompressed_bytes: 1 << 40,
        }
    }
}

/// For each field of the file (by position), the index of the pinned column it fills; `None` reads
/// past it. JSON lines ignore it: their keys are matched by [`Column::source_name`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout(pub Vec<Option<usize>>);

/// A raw object that is read up to its header.
pub struct Opened(Kind);

enum Kind {
    Csv(OpenedCsv),
    JsonLines(OpenedJsonLines),
    Parquet(OpenedParquet),
}

/// Opens a raw object: recognises gzip, zstd or plain bytes by their first bytes and reads up to the
/// header. [`domain::ErrorKind::Invalid`] when the header cannot be read, the format contradicts
/// itself or the file is not what `format` says; errors of the stream as they come.
pub async fn open(bytes: RawBytes, format: &Format, options: DecodeOptions) -> Result<Opened> {
    format.validate()?;
    let format = format.clone();
    let opened = pipeline::blocking(move || match format {
        Format::Csv(dialect) => csv::open(bytes, &dialect, options).map(Kind::Csv),
        Format::JsonLines => json_lines::open(bytes, options).map(Kind::JsonLines),
        Format::Parquet => parquet::open(bytes, options).map(Kind::Parquet),
    });
    opened.await.map(Opened)
}

impl Opened {
    /// The names that the file gives its columns: the CSV header, the Parquet schema. `None` for
    /// JSON lines and for CSV without header. Each name stands once: a blank one is `column_` and
    /// its place from 1, a repeated one gets `_2`, `_3` and so on, here as in proposals.
    pub fn names(&self) -> Option<&[String]> {
        match &self.0 {
            Kind::Csv(csv) => csv.names(),
            Kind::JsonLines(_) => None,
            Kind::Parquet(parquet) => Some(parquet.names()),
        }
    }

    /// Decodes the rows, in file order. Each batch has one field per pinned column, in order. After
    /// an error the stream ends, and nothing that came before may be committed. Dropping the stream
    /// stops the reader. Must be polled inside a tokio runtime.
    pub fn decode(
        self,
        columns: Arc<[Column]>,
        layout: Layout,
    ) -> BoxStream<'static, Result<Block>> {
        match self.0 {
            Kind::Csv(csv) => csv.decode(columns, layout).boxed(),
            Kind::JsonLines(lines) => lines.decode(columns).boxed(),
            Kind::Parquet(parquet) => parquet.decode(columns, layout).boxed(),
        }
    }
}

impl Opened {
    /// The Arrow schema of a Parquet file.
    pub(super) fn arrow_schema(&self) -> Option<&SchemaRef> {
        match &self.0 {
            Kind::Parquet(parquet) => Some(parquet.schema()),
            Kind::Csv(_) | Kind::JsonLines(_) => None,
        }
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("names", &self.names()).finish_non_exhaustive()
    }
}
