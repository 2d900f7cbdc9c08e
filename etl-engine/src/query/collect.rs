//! Collecting a query's rows up to its caps (promise E6).

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, GenericStringArray, LargeBinaryArray, OffsetSizeTrait,
    RecordBatch, StringViewArray,
};
use arrow::datatypes::DataType;
use datafusion::common::DataFusionError;
use domain::query::QueryLimits;
use futures::{Stream, StreamExt};

use super::failure::failure;

/// Put at the end of a text that was cut.
const CUT: &str = "…";

/// Lets rows through up to the caps.
#[derive(Debug, Default)]
pub struct Caps {
    /// How many it let through.
    pub rows: usize,
    bytes: usize,
    cut_cells: usize,
    stopped: Option<String>,
}

impl Caps {
    /// Whether there are more rows than it lets through.
    pub fn is_full(&self) -> bool {
        self.stopped.is_some()
    }

    /// What is missing, in words.
    pub fn truncated(&self, limits: &QueryLimits) -> Option<String> {
        let cells = (self.cut_cells > 0).then(|| {
            format!(
                "{} cells were cut to {} bytes and end with {CUT}",
                self.cut_cells, limits.max_cell_bytes
            )
        });
        match (&self.stopped, cells) {
            (Some(rows), Some(cells)) => Some(format!("{rows}; {cells}")),
            (rows, cells) => rows.clone().or(cells),
        }
    }

    /// What fits of a batch that another engine handed out.
    pub fn take(
        &mut self,
        batch: &RecordBatch,
        limits: &QueryLimits,
    ) -> domain::Result<RecordBatch> {
        self.admit(batch, limits).map_err(failure)
    }

    /// What fits of a batch.
    fn admit(
        &mut self,
        batch: &RecordBatch,
        limits: &QueryLimits,
    ) -> Result<RecordBatch, DataFusionError> {
        let rows = batch.num_rows().min(limits.max_rows - self.rows);
        if rows < batch.num_rows() {
            self.stopped =
                Some(format!("only the first {} rows are shown, there are more", limits.max_rows));
        }
        let batch = self.with_short_cells(&batch.slice(0, rows), limits.max_cell_bytes)?;
        let room = limits.max_bytes.saturating_sub(self.bytes);
        let fitting = rows_within(&batch, room)?;
        if fitting < rows {
            let shown = self.rows + fitting;
            self.stopped = Some(format!(
                "only the first {shown} rows are shown: more would pass {} bytes",
                limits.max_bytes
            ));
        }
        let batch = batch.slice(0, fitting);
        self.bytes += size(&batch)?;
        self.rows += fitting;
        Ok(batch)
    }

    fn with_short_cells(
        &mut self,
        batch: &RecordBatch,
        most: usize,
    ) -> Result<RecordBatch, DataFusionError> {
        let columns = batch.columns().iter().map(|column| self.short(column, most)).collect();
        Ok(RecordBatch::try_new(batch.schema(), columns)?)
    }

    fn short(&mut self, column: &ArrayRef, most: usize) -> ArrayRef {
        match column.data_type() {
            DataType::Utf8 => self.short_strings(column.as_string::<i32>(), most, column),
            DataType::LargeUtf8 => self.short_strings(column.as_string::<i64>(), most, column),
            DataType::Utf8View => {
                let texts = column.as_string_view();
                let long = texts.iter().flatten().filter(|text| text.len() > most).count();
                if long == 0 {
                    return Arc::clone(column);
                }
                self.cut_cells += long;
                Arc::new(
                    texts.iter().map(|text| Some(cut(text?, most))).collect::<StringViewArray>(),
                )
            }
            DataType::Binary => {
                let cells = column.as_binary::<i32>();
                self.cut_cells += cells.iter().flatten().filter(|cell| cell.len() > most).count();
                let short = cells.iter().map(|cell| cell.map(|cell| &cell[..cell.len().min(most)]));
                Arc::new(short.collect::<BinaryArray>())
            }
            DataType::LargeBinary => {
                let cells = column.as_binary::<i64>();
                self.cut_cells += cells.iter().flatten().filter(|cell| cell.len() > most).count();
                let short = cells.iter().map(|cell| cell.map(|cell| &cell[..cell.len().min(most)]));
                Arc::new(short.collect::<LargeBinaryArray>())
            }
            _ => Arc::clone(column),
        }
    }

    fn short_strings<O: OffsetSizeTrait>(
        &mut self,
        texts: &GenericStringArray<O>,
        most: usize,
        column: &ArrayRef,
    ) -> ArrayRef {
        let long = texts.iter().flatten().filter(|text| text.len() > most).count();
        if long == 0 {
            return Arc::clone(column);
        }
        self.cut_cells += long;
        Arc::new(texts.iter().map(|text| Some(cut(text?, most))).collect::<GenericStringArray<O>>())
    }
}

/// The rows of `stream` one batch after the other, until a cap is reached; what is left of the
/// stream is never computed.
#[derive(Debug)]
pub struct Capped<'a, S> {
    /// What it has let through.
    pub caps: Caps,
    stream: S,
    limits: &'a QueryLimits,
}

impl<'a, S> Capped<'a, S>
where
    S: Stream<Item = Result<RecordBatch, DataFusionError>> + Unpin,
{
    /// Over a stream, with nothing let through yet.
    pub fn new(stream: S, limits: &'a QueryLimits) -> Self {
        Self { caps: Caps::default(), stream, limits }
    }

    /// The next rows; `None` at the end or when a cap is reached.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        if self.caps.is_full() {
            return Ok(None);
        }
        match self.stream.next().await {
            Some(batch) => Ok(Some(self.caps.admit(&batch?, self.limits)?)),
            None => Ok(None),
        }
    }
}

/// The text up to `most` bytes, at a character's border, marked.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{}{CUT}", &text[..text.floor_char_boundary(most)])
}

/// How many of the first rows have at most `room` bytes.
fn rows_within(batch: &RecordBatch, room: usize) -> Result<usize, DataFusionError> {
    if size(batch)? <= room {
        return Ok(batch.num_rows());
    }
    let (mut fits, mut too_many) = (0, batch.num_rows());
    while fits + 1 < too_many {
        let middle = usize::midpoint(fits, too_many);
        if size(&batch.slice(0, middle))? <= room {
            fits = middle;
        } else {
            too_many = middle;
        }
    }
    Ok(fits)
}

fn size(batch: &RecordBatch) -> Result<usize, DataFusionError> {
    let mut bytes = 0;
    for column in batch.columns() {
        bytes += column.to_data().get_slice_memory_size()?;
    }
    Ok(bytes)
}
