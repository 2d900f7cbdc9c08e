//! All that is known about one run.

use app::api::runs::{RunDetail, RunFailure, RunStep, RunSummary, VersionUsed};
use domain::Result;
use domain::run::{Failure, Run, RunId, Step, StepStatus};
use domain::zone::Hop;
use etl_engine::lake::Lake;
use etl_engine::run::RunFilter;

use super::{find, summary};

/// Most other runs of the same file.
const SAME_FILE: usize = 20;
/// Days of a step that are named.
const DAYS: usize = 10;

/// A run with its steps, its failure, the versions it used and other runs of its file.
pub async fn detail(lake: &Lake, id: RunId) -> Result<RunDetail> {
    let run = find(lake, id).await?;
    let (source, transformation, same_file) = tokio::try_join!(
        source_used(lake, &run),
        transformation_used(lake, &run),
        same_file(lake, &run),
    )?;
    Ok(RunDetail {
        run: summary(&run),
        object_version: run.arrival.version.to_string(),
        landed_at: run.arrival.landed_at,
        engine: run.engine.clone(),
        failure: run.failure.as_ref().map(failure),
        steps: run.steps.iter().map(|step| shown(step, run.arrival.size)).collect(),
        source,
        transformation,
        original: run.original,
        same_file,
    })
}

async fn source_used(lake: &Lake, run: &Run) -> Result<Option<VersionUsed>> {
    let Some(version) = version_of(run, Hop::RawToConformed) else { return Ok(None) };
    let history = lake.sources.history(&run.dataset).await?;
    let saved = history.into_iter().find(|saved| saved.version == version);
    Ok(Some(VersionUsed {
        version,
        author: saved.as_ref().map(|saved| saved.author.clone()).unwrap_or_default(),
        saved_at: saved.map(|saved| saved.saved_at),
        sql: None,
    }))
}

async fn transformation_used(lake: &Lake, run: &Run) -> Result<Option<VersionUsed>> {
    let Some(version) = version_of(run, Hop::ConformedToPurposeBuilt) else { return Ok(None) };
    let saved = lake.transformations.version(&run.dataset, version).await?;
    Ok(Some(VersionUsed {
        version,
        author: saved.as_ref().map(|saved| saved.author.clone()).unwrap_or_default(),
        saved_at: saved.as_ref().map(|saved| saved.saved_at),
        sql: saved.map(|saved| saved.sql),
    }))
}

async fn same_file(lake: &Lake, run: &Run) -> Result<Vec<RunSummary>> {
    let filter = RunFilter {
        key: Some(run.arrival.key.clone()),
        limit: SAME_FILE + 1,
        ..RunFilter::default()
    };
    let runs = lake.ledger.list(&filter).await?;
    let others = runs.iter().filter(|other| other.id != run.id);
    Ok(others.take(SAME_FILE).map(summary).collect())
}

fn version_of(run: &Run, hop: Hop) -> Option<u64> {
    run.step(hop).and_then(|step| step.definition_version)
}

fn failure(failure: &Failure) -> RunFailure {
    RunFailure {
        hop: failure.hop,
        kind: failure.kind,
        message: failure.message.clone(),
        line: line_in(&failure.message),
    }
}

/// The line of the file that a message is about: messages write it as `…, line 12: …`.
fn line_in(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once(", line ")?;
    let digits = rest.find(|ch: char| !ch.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

fn shown(step: &Step, file_size: u64) -> RunStep {
    let read_by_bytes = step.hop == Hop::RawToConformed && step.status == StepStatus::Running;
    RunStep {
        hop: step.hop,
        status: step.status,
        counts: step.counts,
        bytes_total: read_by_bytes.then_some(file_size),
        partitions: step.partitions.len() as u64,
        days: step.partitions.iter().take(DAYS).map(ToString::to_string).collect(),
        note: step.note.clone(),
        started_at: step.started_at,
        finished_at: step.finished_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found_in_the_message() {
        let message =
            "3 rows of tlc/a.csv were rejected, more than allowed; tlc/a.csv, line 4711: x";
        assert_eq!(line_in(message), Some(4711));
        assert_eq!(line_in("the disk is full"), None);
    }
}
