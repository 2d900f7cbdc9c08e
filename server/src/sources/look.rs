//! Looking at samples: proposals and previews, bounded in bytes, rows and time.

use std::time::Duration;

use app::api::samples::{
    MAX_SAMPLE_BYTES, PreviewReject, ProposedColumn, RejectCount, Sample, SourcePreview,
    SourceProposal,
};
use domain::dataset::DatasetId;
use domain::rejected::RejectedRow;
use domain::source::{Format, Source};
use domain::{Error, ErrorKind, Result};
use etl_engine::lake::Lake;
use etl_engine::raw_key;
use etl_engine::raw_to_conformed::SampleBounds;
use etl_engine::raw_to_conformed::decode::{DecodeOptions, RawBytes};
use etl_engine::raw_to_conformed::infer::{Proposal, ProposeOptions, propose};
use etl_engine::raw_to_conformed::preview::{Preview, PreviewOptions, preview};
use futures::StreamExt;
use jiff::Timestamp;
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::samples::Samples;

/// Decompressed bytes of a sample that are read.
const MAX_TEXT_BYTES: u64 = 512 * 1024 * 1024;
/// Of a sample that is cut, so much less than was kept that its last record is never read.
const MAX_CUT_BYTES: u64 = MAX_SAMPLE_BYTES - 8 * 1024 * 1024;
/// Rows that a preview reads.
const MAX_PREVIEW_ROWS: u64 = 200_000;
/// Time for one pass of a proposal, and for a preview.
const MAX_PROPOSAL_TIME: Duration = Duration::from_secs(10);
const MAX_PREVIEW_TIME: Duration = Duration::from_secs(8);
/// Days that a preview names.
const SHOWN_DAYS: usize = 12;
/// Most characters of an example and of a rejected record that are shown.
const EXAMPLE_CHARACTERS: usize = 80;
const RAW_CHARACTERS: usize = 500;

/// Each look reads with all cores; more at the same time would only take them from the runs.
static LOOKING: Semaphore = Semaphore::const_new(2);

/// How long a look waits for its turn: those that wait keep other requests from theirs.
const PATIENCE: Duration = Duration::from_secs(5);

async fn turn(patience: Duration) -> Result<SemaphorePermit<'static>> {
    match tokio::time::timeout(patience, LOOKING.acquire()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => {
            let message = "other samples are being looked at: try again in some seconds";
            Err(Error::new(ErrorKind::Throttled, message))
        }
    }
}

/// A sample that was opened.
struct Opened {
    bytes: RawBytes,
    is_cut: bool,
    landed_at: Timestamp,
}

/// Proposes how to register a sample.
pub async fn propose_from(
    lake: &Lake,
    samples: &Samples,
    sample: &Sample,
    format: Option<Format>,
) -> Result<SourceProposal> {
    let _turn = turn(PATIENCE).await?;
    let opened = open(lake, samples, sample).await?;
    let bounds = SampleBounds {
        max_time: MAX_PROPOSAL_TIME,
        max_bytes: if opened.is_cut { MAX_CUT_BYTES } else { MAX_TEXT_BYTES },
        is_cut: opened.is_cut,
        ..SampleBounds::default()
    };
    let options = ProposeOptions { format, bounds, decode: DecodeOptions::default() };
    let proposal = propose(opened.bytes, sample.name(), &options).await?;
    let dataset = match sample {
        Sample::Key(key) => DatasetId::of_key(key).ok(),
        Sample::Upload { .. } => None,
    };
    Ok(shown_proposal(proposal, dataset))
}

/// Shows what a run of a sample would do under a registration that need not be saved.
pub async fn preview_of(
    lake: &Lake,
    samples: &Samples,
    sample: &Sample,
    source: &Source,
) -> Result<SourcePreview> {
    etl_engine::source::check(source)?;
    let _turn = turn(PATIENCE).await?;
    let opened = open(lake, samples, sample).await?;
    let key = match sample {
        Sample::Key(key) => key.clone(),
        Sample::Upload { name, .. } => format!("{}/{name}", source.dataset),
    };
    let options = PreviewOptions {
        key,
        landed_at: opened.landed_at,
        bounds: SampleBounds {
            max_rows: MAX_PREVIEW_ROWS,
            max_bytes: if opened.is_cut { MAX_CUT_BYTES } else { MAX_TEXT_BYTES },
            max_time: MAX_PREVIEW_TIME,
            is_cut: opened.is_cut,
        },
        decode: DecodeOptions { block_bytes: 1024 * 1024, ..DecodeOptions::default() },
    };
    Ok(shown_preview(preview(opened.bytes, source, &options).await?))
}

async fn open(lake: &Lake, samples: &Samples, sample: &Sample) -> Result<Opened> {
    match sample {
        Sample::Upload { id, .. } => {
            let (file, is_cut) = samples.open(id).await?;
            Ok(Opened { bytes: RawBytes::File(file), is_cut, landed_at: Timestamp::now() })
        }
        Sample::Key(key) => open_object(lake.raw.as_ref(), key).await,
    }
}

/// Opens a raw object, or its beginning when it is large.
async fn open_object(raw: &dyn ObjectStore, key: &str) -> Result<Opened> {
    DatasetId::of_key(key)?;
    let path = raw_key::path_of(key);
    let head = GetOptions { head: true, ..GetOptions::default() };
    let meta = raw.get_opts(&path, head).await.map_err(|error| refused(key, error))?.meta;
    let landed_at = Timestamp::from_microsecond(meta.last_modified.timestamp_micros());
    let landed_at = landed_at.unwrap_or_else(|_| Timestamp::now());
    let is_cut = meta.size > MAX_SAMPLE_BYTES;
    let range = is_cut.then_some(GetRange::Bounded(0..MAX_SAMPLE_BYTES));
    let options = GetOptions { range, ..GetOptions::default() };
    let found = raw.get_opts(&path, options).await.map_err(|error| refused(key, error))?;
    let bytes = match found {
        GetResult { payload: GetResultPayload::File(file, _), .. } if !is_cut => {
            RawBytes::File(file)
        }
        // A file would be read to its end; the stream keeps to the range.
        found => {
            let key = key.to_owned();
            let chunks = found.into_stream();
            RawBytes::Stream(chunks.map(move |chunk| chunk.map_err(|e| refused(&key, e))).boxed())
        }
    };
    Ok(Opened { bytes, is_cut, landed_at })
}

fn refused(key: &str, error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => {
            Error::not_found(format!("{key} is not in the raw zone: pick another file"))
        }
        other => {
            Error::new(ErrorKind::Unavailable, format!("{key} cannot be read")).with_source(other)
        }
    }
}

fn shown_proposal(proposal: Proposal, dataset: Option<DatasetId>) -> SourceProposal {
    let columns = proposal.columns.into_iter().map(|proposed| ProposedColumn {
        column: proposed.column,
        examples: proposed.examples.iter().map(|text| cut(text, EXAMPLE_CHARACTERS)).collect(),
        nulls: proposed.nulls,
        distinct: proposed.distinct,
        why: proposed.why,
    });
    SourceProposal {
        dataset,
        format: proposal.format,
        columns: columns.collect(),
        rows: proposal.rows,
        rows_rejected: proposal.rows_rejected,
        is_whole: proposal.is_whole,
    }
}

fn shown_preview(preview: Preview) -> SourcePreview {
    let reasons = preview.reasons.into_iter().map(|(reason, column, rows)| RejectCount {
        reason: reason.as_str().to_owned(),
        column,
        rows,
    });
    let days = preview.partitions.iter().take(SHOWN_DAYS);
    SourcePreview {
        rows: preview.rows,
        rejected: preview.rejected.iter().map(shown_reject).collect(),
        reasons: reasons.collect(),
        rows_read: preview.rows_read,
        rows_rejected: preview.rows_rejected,
        is_whole: preview.is_whole,
        partition_count: preview.partitions.len() as u64,
        partitions: days.map(|(day, rows)| (day.to_string(), *rows)).collect(),
        extra: preview.extra,
        would_fail: preview.would_fail,
    }
}

fn shown_reject(row: &RejectedRow) -> PreviewReject {
    PreviewReject {
        line: row.line,
        column: row.column.clone(),
        reason: row.reason.as_str().to_owned(),
        detail: row.detail.clone(),
        raw: cut(&String::from_utf8_lossy(&row.raw), RAW_CHARACTERS),
    }
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn d19_who_looks_at_samples_does_not_wait_for_ever() {
        let _looking = (turn(PATIENCE).await.unwrap(), turn(PATIENCE).await.unwrap());
        let refused = turn(Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Throttled);
    }
}
