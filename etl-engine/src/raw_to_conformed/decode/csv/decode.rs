//! Decoding a block of CSV: index a tile, read it column by column, repeat.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use domain::Result;
use domain::column::{Column, ColumnType};
use domain::rejected::RejectReason;
use domain::source::CsvDialect;

use super::super::block::{NumberedBlock, assemble};
use super::super::columns::{ColumnBuilder, Fault, Faults, Tile, builder};
use super::super::cut::TextBlock;
use super::super::schema::arrow_schema;
use super::super::values::field::Reading;
use super::super::{Block, Layout};
use super::index::Indexer;
use super::reject::Rejects;
use super::scan::Scanner;

/// Everything that decoding the blocks of one file needs.
pub(in super::super) struct CsvPlan {
    scanner: Scanner,
    reading: Reading,
    columns: Arc<[Column]>,
    /// For each column the field that it reads.
    sources: Vec<Option<usize>>,
    /// Fields of a record.
    fields: usize,
    schema: SchemaRef,
    reads_text: bool,
}

impl CsvPlan {
    pub(in super::super) fn new(
        scanner: Scanner,
        dialect: &CsvDialect,
        columns: Arc<[Column]>,
        layout: &Layout,
    ) -> Self {
        let source = |column| layout.0.iter().position(|target| *target == Some(column));
        let text = |column: &Column| column.column_type == ColumnType::String;
        Self {
            scanner,
            reading: Reading::new(dialect),
            sources: (0..columns.len()).map(source).collect(),
            fields: layout.0.len(),
            schema: arrow_schema(&columns),
            reads_text: columns.iter().any(text),
            columns,
        }
    }

    /// Decodes one block; lines are counted from its start.
    pub(in super::super) fn decode(&self, block: &TextBlock) -> Result<NumberedBlock> {
        let text = block.text();
        let utf8 = self.reads_text && simdutf8::basic::from_utf8(text).is_ok();
        let mut index = Indexer::new(&self.scanner, &block.padded, text.len(), self.fields);
        let mut columns = self.builders();
        let mut rejects = Rejects::new(text, self.fields, &self.columns);
        let mut rows = 0;
        while index.next_tile() {
            let tile = Tile {
                padded: &block.padded,
                places: &index.places,
                fields: self.fields,
                sources: &self.sources,
                utf8,
                reading: &self.reading,
            };
            let faults = self.read_tile(&tile, &mut columns);
            rejects.add_records(&index.bad);
            rejects.add_values(rows, &tile, faults);
            if rows == 0 {
                reserve_rest(&mut columns, tile.rows(), index.bytes_read(), text.len());
            }
            rows += tile.rows();
        }
        let arrays: Result<Vec<ArrayRef>> =
            columns.into_iter().map(|column| column.finish()).collect();
        let batch = assemble(&self.schema, arrays?, rows, rejects.bad_rows())?;
        let rejected = rejects.finish(self.scanner.newline);
        Ok(NumberedBlock {
            lines: memchr::memchr_iter(self.scanner.newline, text).count() as u64,
            block: Block {
                rows_read: (batch.num_rows() + rejected.len()) as u64,
                batch,
                rejected,
                unknown_keys: BTreeSet::new(),
                bytes: text.len() as u64 + block.dropped,
            },
        })
    }

    fn builders(&self) -> Vec<Box<dyn ColumnBuilder>> {
        let build = |(index, column)| builder(column, index, &self.reading);
        self.columns.iter().enumerate().map(build).collect()
    }

    /// Appends a tile to all columns; returns the first fault of each row, by row.
    fn read_tile(&self, tile: &Tile<'_>, columns: &mut [Box<dyn ColumnBuilder>]) -> Vec<Fault> {
        let mut faults = Faults::default();
        for (index, (column, source)) in columns.iter_mut().zip(&self.sources).enumerate() {
            match source {
                Some(field) => column.append_tile(tile, *field, &mut faults),
                None => {
                    column.append_nulls(tile.rows());
                    if !self.columns[index].nullable {
                        let reason = RejectReason::MissingValue;
                        let missing = |row| Fault { row, column: index, reason };
                        faults.0.extend((0..tile.rows()).map(missing));
                    }
                }
            }
        }
        faults.0.sort_unstable();
        faults.0.dedup_by_key(|fault| fault.row);
        faults.0
    }
}

/// Prepares the columns for the rows that the rest of the block will have, judging by its start.
fn reserve_rest(columns: &mut [Box<dyn ColumnBuilder>], rows: usize, read: usize, all: usize) {
    let rest = all.saturating_sub(read);
    let expected = rest.saturating_mul(rows) / read.max(1);
    for column in columns {
        column.reserve(expected + expected / 16);
    }
}
