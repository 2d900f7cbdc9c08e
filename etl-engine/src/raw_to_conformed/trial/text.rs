//! Trying kept texts: those that can stand among others at once, the rest one by one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use domain::rejected::RejectedRow;
use domain::run::RunId;
use domain::source::Encoding;
use domain::{Error, Result};
use encoding_rs::WINDOWS_1252;
use futures::TryStreamExt;

use super::super::decode::{RecordDecoder, blocking};
use super::super::quarantine::{self, from_batch, unreadable};
use super::Trial;
use super::outcome::{Outcome, values_of};

/// Rows tried at once. Their raw text is at most 64 KiB each.
const BATCH_ROWS: usize = 256;

/// How kept texts are read.
pub(super) struct Texts {
    pub(super) decoder: RecordDecoder,
    /// The encoding that they were decoded from, and the one that they are to be read in.
    pub(super) encodings: (Encoding, Encoding),
}

impl Trial<'_> {
    /// Tries the rows of the quarantine file that the filter allows, batch by batch.
    pub(super) async fn try_texts(
        &self,
        opened: quarantine::Opened,
        texts: Arc<Texts>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let begun = outcome.tried;
        let mut batches = opened.with_batch_size(BATCH_ROWS).build().map_err(unreadable)?;
        while let Some(batch) = batches.try_next().await.map_err(unreadable)? {
            let mut rows = from_batch(&batch)?;
            rows.retain(|row| self.filter.allows(row.reason, row.column.as_deref()));
            let room = self.max_rows.saturating_sub(outcome.tried - begun);
            rows.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            if room == 0 || Instant::now() >= self.until {
                break;
            }
            let (texts, run, so_far) = (Arc::clone(&texts), self.run.id, std::mem::take(outcome));
            *outcome = blocking(move || texts.try_rows(run, rows, so_far)).await?;
        }
        Ok(())
    }
}

impl Texts {
    fn try_rows(
        &self,
        run: RunId,
        rows: Vec<RejectedRow>,
        mut outcome: Outcome,
    ) -> Result<Outcome> {
        let (mut text, mut lines, mut records) = (Vec::new(), 0, Vec::new());
        for row in rows {
            // Longer text was cut, and this may be all of it or not.
            if row.raw.len() >= RejectedRow::MAX_RAW {
                outcome.cut += 1;
                continue;
            }
            let mut record = self.in_new_encoding(&row.raw).into_owned();
            let plain = self.decoder.is_plain(&record);
            record.push(self.decoder.newline());
            if plain {
                text.append(&mut record);
                lines += 1;
            }
            records.push((row, (!plain).then_some(record)));
        }
        let together = self.decoder.decode(&text)?;
        if together.rows_read != lines {
            return Err(Error::internal("kept rows were not read one by one"));
        }
        let rejected = together.rejected.into_iter().map(|found| (found.line, found));
        let mut rejected: BTreeMap<_, _> = rejected.collect();
        let (mut line, mut written) = (0, 0);
        for (row, alone) in records {
            if let Some(record) = alone {
                self.try_alone(run, row, &record, &mut outcome)?;
                continue;
            }
            line += 1;
            match rejected.remove(&line) {
                Some(found) => outcome.fail(run, row, found),
                None => {
                    outcome.pass(run, &row, || values_of(&together.batch, written));
                    written += 1;
                }
            }
        }
        Ok(outcome)
    }

    fn try_alone(
        &self,
        run: RunId,
        row: RejectedRow,
        record: &[u8],
        outcome: &mut Outcome,
    ) -> Result<()> {
        let mut block = self.decoder.decode(record)?;
        match block.rejected.drain(..).next() {
            Some(found) => outcome.fail(run, row, found),
            None if block.batch.num_rows() > 0 => {
                outcome.pass(run, &row, || values_of(&block.batch, 0));
            }
            None => {
                outcome.tried += 1;
                outcome.no_rows += 1;
            }
        }
        Ok(())
    }

    /// The bytes of the file, read in the new encoding.
    fn in_new_encoding<'a>(&self, kept: &'a [u8]) -> Cow<'a, [u8]> {
        match self.encodings {
            (Encoding::Utf8, Encoding::Windows1252) => {
                let (text, _) = WINDOWS_1252.decode_without_bom_handling(kept);
                Cow::Owned(text.into_owned().into_bytes())
            }
            (Encoding::Windows1252, Encoding::Utf8) => {
                let text = String::from_utf8_lossy(kept);
                Cow::Owned(WINDOWS_1252.encode(&text).0.into_owned())
            }
            _ => Cow::Borrowed(kept),
        }
    }
}
