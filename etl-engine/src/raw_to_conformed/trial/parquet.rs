//! Trying rows of Parquet files, which have no text of their own: the file is read again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use domain::Result;
use domain::column::Column;
use domain::rejected::RejectedRow;
use futures::TryStreamExt;

use super::super::quarantine::{self, from_batch, unreadable};
use super::Trial;
use super::outcome::Outcome;

impl Trial<'_> {
    /// Decodes the file by the edited source and looks for the rows that were rejected. Raw text is
    /// not needed for it, so that cut text is no obstacle.
    pub(super) async fn read_file_again(
        &self,
        kept: quarantine::Opened,
        columns: Arc<[Column]>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let mut waiting = self.rows_of(kept).await?;
        let opened = self.open_file().await?;
        let layout = self.layout_of(opened.names())?;
        let mut blocks = opened.decode(columns, layout);
        let (mut read, run) = (0, self.run.id);
        while let Some(block) = blocks.try_next().await? {
            for found in block.rejected {
                if let Some(row) = waiting.remove(&found.line) {
                    outcome.fail(run, row, found);
                }
            }
            read += block.rows_read;
            let after = waiting.split_off(&(read + 1));
            for row in std::mem::replace(&mut waiting, after).into_values() {
                outcome.pass(run, &row, Vec::new);
            }
            if waiting.is_empty() || Instant::now() >= self.until {
                break;
            }
        }
        Ok(())
    }

    /// The rows to try, by their number in the file.
    async fn rows_of(&self, kept: quarantine::Opened) -> Result<BTreeMap<u64, RejectedRow>> {
        let mut rows = BTreeMap::new();
        let mut batches = kept.build().map_err(unreadable)?;
        while let Some(batch) = batches.try_next().await.map_err(unreadable)? {
            for row in from_batch(&batch)? {
                if rows.len() as u64 == self.max_rows {
                    return Ok(rows);
                }
                if self.filter.allows(row.reason, row.column.as_deref()) {
                    rows.insert(row.line, RejectedRow { raw: shown(row.raw), ..row });
                }
            }
        }
        Ok(rows)
    }
}

/// So much of a text that examples can show it.
fn shown(mut raw: Vec<u8>) -> Vec<u8> {
    raw.truncate(1024);
    raw
}
