//! Reading a sample within bounds: of rows, bytes and time.

use std::time::{Duration, Instant};

use domain::Result;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::decode::Block;

/// How much of a sample is read. Whatever is reached first ends the reading; a block that was begun
/// is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleBounds {
    /// Rows, rejected ones included.
    pub max_rows: u64,
    /// Decompressed bytes.
    pub max_bytes: u64,
    /// Time for one pass over the sample.
    pub max_time: Duration,
    /// The sample is the beginning of a larger file, so that it may end in the middle of a
    /// compressed stream.
    pub is_cut: bool,
}

impl Default for SampleBounds {
    /// The whole file, however long it takes.
    fn default() -> Self {
        Self { max_rows: u64::MAX, max_bytes: u64::MAX, max_time: Duration::MAX, is_cut: false }
    }
}

/// The blocks of a sample within its bounds.
pub(super) struct BoundedBlocks {
    blocks: BoxStream<'static, Result<Block>>,
    bounds: SampleBounds,
    began: Instant,
    rows: u64,
    bytes: u64,
    ended: bool,
    /// Whether all of the file was read. Known once there are no more blocks.
    pub(super) is_whole: bool,
}

impl BoundedBlocks {
    pub(super) fn new(blocks: BoxStream<'static, Result<Block>>, bounds: SampleBounds) -> Self {
        let began = Instant::now();
        Self { blocks, bounds, began, rows: 0, bytes: 0, ended: false, is_whole: !bounds.is_cut }
    }

    /// The next block, until a bound is reached.
    pub(super) async fn next(&mut self) -> Result<Option<Block>> {
        if self.ended {
            return Ok(None);
        }
        let is_full = self.rows >= self.bounds.max_rows || self.bytes >= self.bounds.max_bytes;
        let left = self.bounds.max_time.saturating_sub(self.began.elapsed());
        let block = match tokio::time::timeout(left, self.blocks.next()).await {
            Ok(None) => None,
            Ok(Some(block)) if !is_full => self.taken(block)?,
            // More follows, or there was no time to see whether it does.
            Ok(Some(_)) | Err(_) => {
                self.is_whole = false;
                None
            }
        };
        self.ended = block.is_none();
        Ok(block)
    }

    fn taken(&mut self, block: Result<Block>) -> Result<Option<Block>> {
        match block {
            // Where the file was cut, its compressed stream breaks off.
            Err(_) if self.bounds.is_cut && self.rows > 0 => Ok(None),
            Err(error) => Err(error),
            Ok(block) => {
                self.rows += block.rows_read;
                self.bytes += block.bytes;
                Ok(Some(block))
            }
        }
    }
}
