//! Results as files, written while they are sent, so that their length does not matter.

mod arranged;
mod csv;
mod json;
mod xlsx;

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;

use app::api::queries::ExportFormat;
use arrow::array::RecordBatch;
use bytes::Bytes;
use domain::{Error, Result};
use etl_engine::query::parquet_file::write_parquet;
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;

use super::result_file::ResultReader;

/// Bytes that are collected before they are sent.
const CHUNK: usize = 64 * 1024;

/// Chunks that wait for a slow reader.
const CHUNKS_AHEAD: usize = 4;

/// A result on its way into a file.
pub struct ResultExport {
    result: ResultReader,
    /// The numbers of the rows in the order that was asked; `None`: all as they are.
    order: Option<Arc<Vec<u32>>>,
    /// Where a workbook is put together.
    folder: PathBuf,
}

impl ResultExport {
    pub(super) fn new(result: ResultReader, order: Option<Arc<Vec<u32>>>, folder: PathBuf) -> Self {
        Self { result, order, folder }
    }

    /// Rows that will be written.
    pub fn rows(&self) -> u64 {
        self.order.as_ref().map_or_else(|| self.result.rows(), |order| order.len() as u64)
    }

    /// The file, piece by piece. Ends early when nobody reads it any more; an error breaks it off.
    pub fn send(self, format: ExportFormat) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        let (to, from) = mpsc::channel(CHUNKS_AHEAD);
        tokio::task::spawn_blocking(move || {
            let mut out = Chunks { to: to.clone(), waiting: Vec::with_capacity(CHUNK) };
            let written = self.write(format, &mut out);
            let flushed = out.flush().map_err(|error| Error::internal(error.to_string()));
            if let Err(error) = written.and(flushed) {
                drop(to.blocking_send(Err(error)));
            }
        });
        let chunks = futures::stream::unfold(from, |mut from| async move {
            from.recv().await.map(|chunk| (chunk, from))
        });
        // Layers above, such as compression, ask once more after the end.
        chunks.fuse()
    }

    fn write(mut self, format: ExportFormat, out: &mut Chunks) -> Result<()> {
        let schema = self.result.schema.clone();
        match format {
            ExportFormat::Csv => csv::write(&schema, self.batches(), out),
            ExportFormat::Json => json::write(&schema, self.batches(), out),
            ExportFormat::Parquet => write_parquet(&schema, self.batches(), out),
            ExportFormat::Xlsx => {
                let mut file = unnamed_file(&self.folder)?;
                xlsx::write(&schema, self.batches(), &mut file)?;
                file.seek(SeekFrom::Start(0)).map_err(broken)?;
                let mut part = vec![0; CHUNK];
                loop {
                    match file.read(&mut part).map_err(broken)? {
                        0 => return Ok(()),
                        read => out.write_all(&part[..read]).map_err(broken)?,
                    }
                }
            }
        }
    }

    fn batches(&mut self) -> Box<dyn Iterator<Item = Result<RecordBatch>> + '_> {
        match self.order.clone() {
            Some(order) => Box::new(arranged::batches(&mut self.result, order)),
            None => Box::new((0..self.result.pieces()).map(|piece| self.result.piece(piece))),
        }
    }
}

/// A file that is gone when it is closed.
fn unnamed_file(folder: &std::path::Path) -> Result<std::fs::File> {
    let path = folder.join(format!("{}.workbook", uuid::Uuid::now_v7()));
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).open(&path).map_err(broken)?;
    std::fs::remove_file(&path).map_err(broken)?;
    Ok(file)
}

/// What could not be written or sent.
fn broken(error: std::io::Error) -> Error {
    Error::internal("the export broke off").with_source(error)
}

/// Collects what is written and sends it in chunks.
struct Chunks {
    to: mpsc::Sender<Result<Bytes>>,
    waiting: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::take(&mut self.waiting));
        self.to
            .blocking_send(Ok(chunk))
            .map_err(|_| std::io::Error::new(std::io::ErrorKind::BrokenPipe, "nobody reads it"))
    }
}
