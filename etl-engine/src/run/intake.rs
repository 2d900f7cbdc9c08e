//! From an arrival to a run: recorded before any work, held when nobody registered its dataset.

use domain::arrival::{Arrival, is_data_key};
use domain::dataset::DatasetId;
use domain::run::{Run, RunId, Trigger};
use domain::run_log::LogLevel;
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;

use super::log::remark;
use super::{ArrivalQueue, Message, NewRun, Recorded, RunCommand};
use crate::lake::Lake;

/// Records an arrival as a run: QUEUED, HELD when its dataset is not registered, or DUPLICATE.
pub async fn record_arrival(
    lake: &Lake,
    arrival: Arrival,
    trigger: Trigger,
    actor: &str,
) -> Result<Recorded> {
    let dataset = DatasetId::of_key(&arrival.key)?;
    let registered = lake.sources.current(&dataset).await?.is_some();
    let held = (!registered).then(|| {
        format!(
            "dataset {dataset} is not registered: propose a source from the file with `sluice \
             sources propose`, then `sluice sources register`"
        )
    });
    let new = NewRun { arrival, dataset, trigger, actor: actor.to_owned(), held, original: None };
    let recorded = lake.ledger.record(&new, Timestamp::now()).await?;
    // Whoever registers a source releases what is held at that moment; an arrival that was looked
    // up before and recorded after it would wait for ever.
    if new.held.is_some() && lake.sources.current(&new.dataset).await?.is_some() {
        lake.ledger.release_held(&new.dataset, Timestamp::now()).await?;
    }
    Ok(recorded)
}

/// Refuses to replay a run that has not ended: two runs of one arrival would follow each other.
pub fn check_replay(run: &Run) -> Result<()> {
    match run.status.is_terminal() {
        true => Ok(()),
        false => Err(Error::conflict(format!(
            "run {} is {}: it goes on by itself, there is nothing to replay",
            run.id, run.status
        ))),
    }
}

/// Records a new run of the arrival of an earlier one, by the current source and transformation.
/// [`ErrorKind::Conflict`] when the earlier one has not ended.
pub async fn replay(lake: &Lake, id: RunId, actor: &str) -> Result<Run> {
    let original = lake.ledger.run(id).await?.ok_or_else(|| {
        Error::not_found(format!("run {id} is not in the ledger of {}", lake.environment))
    })?;
    check_replay(&original)?;
    let new = NewRun {
        arrival: original.arrival,
        dataset: original.dataset,
        trigger: Trigger::Replay,
        actor: actor.to_owned(),
        held: None,
        original: Some(id),
    };
    Ok(lake.ledger.record(&new, Timestamp::now()).await?.run().clone())
}

/// Carries out what a person asks of a run and notes it in the run's log.
pub async fn command(lake: &Lake, id: RunId, command: RunCommand, actor: &str) -> Result<Run> {
    let run = lake.ledger.command(id, command, Timestamp::now()).await?;
    let what = match command {
        RunCommand::Retry => format!("{actor} asked to go on: queued again"),
        RunCommand::Cancel => format!("{actor} asked to cancel"),
    };
    let line = remark(LogLevel::Warning, run.attempt, &what);
    if let Err(error) = lake.log.append(id, &[line]).await {
        tracing::warn!(run = %id, %error, "a line of the run's log was not stored");
    }
    Ok(run)
}

/// Takes what the queue has and records it. A message that can never be handled is put aside; one
/// that cannot be recorded now comes again. Returns how many arrivals were recorded.
pub async fn take_in(lake: &Lake, queue: &dyn ArrivalQueue) -> Result<usize> {
    let (mut recorded, mut failed) = (0, None);
    for message in queue.receive().await? {
        match handle(lake, &message).await {
            Ok(true) => recorded += 1,
            Ok(false) => {}
            // Only what is wrong with the arrival itself makes it poison. Whatever is wrong with
            // the ledger will be mended, and the message comes again.
            Err(error) if error.kind() != ErrorKind::Invalid => {
                failed.get_or_insert(error);
                continue;
            }
            Err(error) => {
                tracing::warn!(key = message.arrival.key, %error, "arrival put aside");
                queue.dead_letter(&message, error.message()).await?;
                continue;
            }
        }
        queue.acknowledge(&message).await?;
    }
    failed.map_or(Ok(recorded), Err)
}

async fn handle(lake: &Lake, message: &Message) -> Result<bool> {
    if !is_data_key(&message.arrival.key) {
        return Ok(false);
    }
    let recorded = record_arrival(lake, message.arrival.clone(), message.trigger, "sluice").await?;
    let run = recorded.run();
    tracing::info!(run = %run.id, key = run.arrival.key, status = %run.status, "arrival recorded");
    Ok(true)
}
