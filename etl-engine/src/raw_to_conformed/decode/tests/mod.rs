//! Tests of decoding as a whole, and what they share.

mod csv_files;
mod csv_properties;
mod csv_values;
mod json_lines;
mod parquet;
mod real_files;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::Result;
use domain::column::{Column, ColumnType};
use domain::rejected::RejectedRow;
use domain::source::{CsvDialect, Format};
use futures::{StreamExt, TryStreamExt, stream};

use super::{Block, DecodeOptions, Layout, RawBytes, arrow_schema, open};

/// A whole file, decoded.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) batch: RecordBatch,
    pub(super) rejected: Vec<RejectedRow>,
    pub(super) rows_read: u64,
    pub(super) bytes: u64,
    pub(super) unknown_keys: BTreeSet<String>,
    pub(super) blocks: usize,
}

impl Decoded {
    /// Rows as text, null as `~`.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let options = FormatOptions::default().with_null("~");
        let cells = |array: &ArrayRef| -> Vec<String> {
            let formatter = ArrayFormatter::try_new(array, &options).unwrap();
            (0..array.len()).map(|row| formatter.value(row).to_string()).collect()
        };
        let columns: Vec<_> = self.batch.columns().iter().map(cells).collect();
        let row = |row: usize| columns.iter().map(|column| column[row].clone()).collect();
        (0..self.batch.num_rows()).map(row).collect()
    }

    /// Rejected rows as `line reason raw`.
    pub(super) fn faults(&self) -> Vec<String> {
        let fault = |row: &RejectedRow| {
            format!("{} {} {}", row.line, row.reason, String::from_utf8_lossy(&row.raw))
        };
        self.rejected.iter().map(fault).collect()
    }
}

/// Columns `a:bigint b:string!` (an exclamation mark: may not be empty).
pub(super) fn columns(text: &str) -> Vec<Column> {
    let column = |part: &str| {
        let (name, kind) = part.split_once(':').unwrap();
        let column_type: ColumnType = kind.trim_end_matches('!').parse().unwrap();
        Column { nullable: !kind.ends_with('!'), ..Column::new(name, column_type) }
    };
    text.split_whitespace().map(column).collect()
}

pub(super) fn options(block_bytes: usize) -> DecodeOptions {
    DecodeOptions { block_bytes, parallelism: 2, ..DecodeOptions::default() }
}

/// Bytes as a stream of small chunks.
pub(super) fn chunks(bytes: &[u8], size: usize) -> RawBytes {
    let chunks: Vec<_> =
        bytes.chunks(size).map(|chunk| Ok(bytes::Bytes::copy_from_slice(chunk))).collect();
    RawBytes::Stream(stream::iter(chunks).boxed())
}

/// Bytes as a local file.
pub(super) fn file(bytes: &[u8]) -> RawBytes {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    RawBytes::File(file)
}

/// Decodes a whole file with one field per column, in order.
pub(super) async fn decode(
    bytes: RawBytes,
    format: &Format,
    columns: &[Column],
    options: DecodeOptions,
) -> Result<Decoded> {
    let layout = Layout((0..columns.len()).map(Some).collect());
    decode_with(bytes, format, columns, layout, options).await
}

pub(super) async fn decode_with(
    bytes: RawBytes,
    format: &Format,
    columns: &[Column],
    layout: Layout,
    options: DecodeOptions,
) -> Result<Decoded> {
    let opened = open(bytes, format, options).await?;
    let columns: Arc<[Column]> = columns.to_vec().into();
    let blocks: Vec<Block> = opened.decode(columns.clone(), layout).try_collect().await?;
    for block in &blocks {
        assert_eq!(block.rows_read, (block.batch.num_rows() + block.rejected.len()) as u64);
    }
    let batches: Vec<_> = blocks.iter().map(|block| &block.batch).collect();
    Ok(Decoded {
        batch: concat_batches(&arrow_schema(&columns), batches).unwrap(),
        rows_read: blocks.iter().map(|block| block.rows_read).sum(),
        bytes: blocks.iter().map(|block| block.bytes).sum(),
        unknown_keys: blocks.iter().flat_map(|block| block.unknown_keys.clone()).collect(),
        blocks: blocks.len(),
        rejected: blocks.into_iter().flat_map(|block| block.rejected).collect(),
    })
}

/// Decodes CSV text, and checks that neither the size of blocks nor that of chunks matters.
pub(super) async fn csv(text: &[u8], dialect: &CsvDialect, columns: &[Column]) -> Decoded {
    let format = Format::Csv(dialect.clone());
    let whole = decode(file(text), &format, columns, options(1 << 22)).await.unwrap();
    for block_bytes in [16, 23, 64, 200] {
        let source = chunks(text, block_bytes / 3);
        let parts = decode(source, &format, columns, options(block_bytes)).await.unwrap();
        assert_eq!(parts.rows(), whole.rows(), "blocks of {block_bytes} bytes");
        assert_eq!(parts.rejected, whole.rejected, "blocks of {block_bytes} bytes");
        assert_eq!(parts.bytes, whole.bytes, "blocks of {block_bytes} bytes");
    }
    whole
}
