//! The rows of a query in a file: an Arrow stream, written while rows come, read in pieces.
//!
//! Each piece holds few rows and stands at a known place, so that a page anywhere in the result is
//! read without what lies before it, also while more is being written.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use domain::query::QueryId;
use domain::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Rows of one piece.
const ROWS_OF_PIECE: usize = 1_024;

/// Where the pieces of a result stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pieces {
    /// Bytes of the head, which holds the columns.
    head: u64,
    /// For each piece, where it ends and how many rows there are up to then.
    ends: Vec<(u64, u64)>,
}

impl Pieces {
    /// Rows in all of them.
    pub(super) fn rows(&self) -> u64 {
        self.ends.last().map_or(0, |(_, rows)| *rows)
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> u64 {
        self.ends.last().map_or(self.head, |(end, _)| *end)
    }

    /// Whether the columns are known.
    pub(super) fn has_head(&self) -> bool {
        self.head > 0
    }
}

/// Writes one result.
pub(super) struct ResultWriter {
    paths: ResultPaths,
    stream: Option<StreamWriter<Counted>>,
    pieces: Pieces,
}

/// The files of one result.
#[derive(Debug, Clone)]
pub(super) struct ResultPaths {
    rows: PathBuf,
    index: PathBuf,
}

impl ResultPaths {
    /// In a folder. The id is a UUID and nothing else, so that none leads out of it.
    pub(super) fn of(folder: &Path, id: QueryId) -> Self {
        Self { rows: folder.join(format!("{id}.arrows")), index: folder.join(format!("{id}.json")) }
    }

    /// Removes them; absent is fine.
    pub(super) fn remove(&self) -> Result<()> {
        for path in [&self.index, &self.rows] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(&error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Where the pieces of a finished result stand. [`ErrorKind::NotFound`] when it is not kept.
    pub(super) fn pieces(&self) -> Result<Pieces> {
        let text = std::fs::read(&self.index).map_err(|error| read_error(&error))?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::internal("the index of a result is damaged").with_source(error))
    }

    /// Opens the rows as far as `pieces` go.
    pub(super) fn open(&self, pieces: Pieces) -> Result<ResultReader> {
        let mut file = File::open(&self.rows).map_err(|error| read_error(&error))?;
        let head = read_range(&mut file, 0, pieces.head)?;
        let schema = StreamReader::try_new(head.as_slice(), None).map_err(damaged)?.schema();
        Ok(ResultReader { file, pieces, head, schema })
    }
}

impl ResultWriter {
    /// Nothing is written before the first rows.
    pub(super) fn new(paths: ResultPaths) -> Self {
        Self { paths, stream: None, pieces: Pieces::default() }
    }

    /// Begins again from nothing.
    pub(super) fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        let file = File::create(&self.paths.rows).map_err(|error| failed(&error))?;
        let schema = Arc::new(plain_schema(schema));
        let stream =
            StreamWriter::try_new(Counted { file, bytes: 0 }, &schema).map_err(unwritten)?;
        self.pieces = Pieces { head: stream.get_ref().bytes, ends: Vec::new() };
        self.stream = Some(stream);
        Ok(())
    }

    /// Adds rows and tells where the pieces stand.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<Pieces> {
        if self.stream.is_none() {
            self.begin(&batch.schema())?;
        }
        let Some(stream) = &mut self.stream else { return Ok(self.pieces.clone()) };
        let batch = plain(batch)?;
        let mut at = 0;
        while at < batch.num_rows() {
            let piece = batch.slice(at, ROWS_OF_PIECE.min(batch.num_rows() - at));
            stream.write(&piece).map_err(unwritten)?;
            at += piece.num_rows();
            let rows = self.pieces.rows() + piece.num_rows() as u64;
            self.pieces.ends.push((stream.get_ref().bytes, rows));
        }
        Ok(self.pieces.clone())
    }

    /// Ends the file and keeps where its pieces stand beside it.
    pub(super) fn finish(mut self) -> Result<Pieces> {
        if let Some(stream) = &mut self.stream {
            stream.finish().map_err(unwritten)?;
        }
        let text =
            serde_json::to_vec(&self.pieces).map_err(|error| Error::internal(error.to_string()))?;
        let partial = self.paths.index.with_extension("partial");
        std::fs::write(&partial, text).map_err(|error| failed(&error))?;
        std::fs::rename(&partial, &self.paths.index).map_err(|error| failed(&error))?;
        Ok(self.pieces)
    }
}

/// Reads a result.
pub(super) struct ResultReader {
    file: File,
    pieces: Pieces,
    head: Vec<u8>,
    /// Its columns.
    pub(super) schema: SchemaRef,
}

impl ResultReader {
    /// Rows of the whole result.
    pub(super) fn rows(&self) -> u64 {
        self.pieces.rows()
    }

    /// How many pieces there are.
    pub(super) fn pieces(&self) -> usize {
        self.pieces.ends.len()
    }

    /// The rows of a piece.
    pub(super) fn piece(&mut self, index: usize) -> Result<RecordBatch> {
        let begin = match index {
            0 => self.pieces.head,
            index => self.pieces.ends.get(index - 1).map_or(self.pieces.head, |end| end.0),
        };
        let end = self.pieces.ends.get(index).map_or(begin, |end| end.0);
        let body = read_range(&mut self.file, begin, end)?;
        let stream = self.head.as_slice().chain(body.as_slice());
        let mut stream = StreamReader::try_new(stream, None).map_err(damaged)?;
        let whole =
            stream.next().ok_or_else(|| Error::internal("a piece of a result is not whole"));
        whole?.map_err(damaged)
    }

    /// The piece that holds a row, and the row's number in it.
    pub(super) fn place_of(&self, row: u64) -> (usize, usize) {
        let index = self.pieces.ends.partition_point(|(_, rows)| *rows <= row);
        let before = index.checked_sub(1).and_then(|at| self.pieces.ends.get(at));
        let within = row - before.map_or(0, |(_, rows)| *rows);
        (index, usize::try_from(within).unwrap_or(usize::MAX))
    }
}

/// Counts what goes through.
struct Counted {
    file: File,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn read_range(file: &mut File, begin: u64, end: u64) -> Result<Vec<u8>> {
    let length = usize::try_from(end.saturating_sub(begin)).unwrap_or_default();
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(begin)).map_err(|error| read_error(&error))?;
    file.read_exact(&mut bytes).map_err(|error| read_error(&error))?;
    Ok(bytes)
}

/// Dictionaries would tie pieces to each other.
fn plain_schema(schema: &Schema) -> Schema {
    let plain = |field: &Arc<Field>| match field.data_type() {
        DataType::Dictionary(_, values) => {
            Field::new(field.name(), values.as_ref().clone(), field.is_nullable())
        }
        _ => field.as_ref().clone(),
    };
    Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>())
}

fn plain(batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = Arc::new(plain_schema(&batch.schema()));
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        match column.data_type() == field.data_type() {
            true => Ok(Arc::clone(column)),
            false => cast(column.as_ref(), field.data_type()),
        }
    });
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>().map_err(unwritten)?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(unwritten)
}

fn failed(error: &std::io::Error) -> Error {
    let message = format!("the result cannot be kept: {error}; free some space in the data folder");
    Error::new(ErrorKind::Unavailable, message)
}

fn read_error(error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => gone(),
        _ => Error::new(ErrorKind::Unavailable, format!("the result cannot be read: {error}")),
    }
}

/// The rows are not kept any more.
pub(super) fn gone() -> Error {
    Error::not_found("the rows of this query are no longer kept: run it again")
}

fn unwritten(error: arrow::error::ArrowError) -> Error {
    Error::new(ErrorKind::Unavailable, "the result cannot be kept").with_source(error)
}

fn damaged(error: arrow::error::ArrowError) -> Error {
    Error::internal("the kept result is damaged").with_source(error)
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn batch(from: i64, rows: i64) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + rows));
        let texts: ArrayRef =
            Arc::new(StringArray::from_iter_values((from..from + rows).map(|n| format!("n{n}"))));
        RecordBatch::try_from_iter([("n", numbers), ("t", texts)]).unwrap()
    }

    #[test]
    fn columns_are_known_before_the_first_row() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ResultPaths::of(folder.path(), QueryId::generate());
        let mut writer = ResultWriter::new(paths.clone());
        let pieces = writer.add(&batch(0, 0)).unwrap();
        let reader = paths.open(pieces).unwrap();
        assert_eq!((reader.rows(), reader.schema.fields().len()), (0, 2));
    }

    #[test]
    fn any_piece_reads_back_also_while_more_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ResultPaths::of(folder.path(), QueryId::generate());
        let mut writer = ResultWriter::new(paths.clone());
        let so_far = writer.add(&batch(0, 3_000)).unwrap();
        assert_eq!((so_far.rows(), paths.pieces().is_err()), (3_000, true));
        let mut early = paths.open(so_far).unwrap();
        writer.add(&batch(3_000, 500)).unwrap();
        assert_eq!(early.place_of(1_024), (1, 0));
        assert_eq!(early.piece(1).unwrap(), batch(1_024, 1_024));
        let pieces = writer.finish().unwrap();
        assert_eq!(pieces, paths.pieces().unwrap());
        let mut whole = paths.open(pieces).unwrap();
        let last = whole.pieces() - 1;
        assert_eq!(whole.piece(last).unwrap(), batch(3_000, 500));
        paths.remove().unwrap();
        assert_eq!(paths.pieces().unwrap_err().kind(), ErrorKind::NotFound);
    }
}
