//! From a file that has just landed in the raw zone to its run.

use std::sync::Arc;
use std::time::Duration;

use domain::arrival::Arrival;
use domain::run::{Run, RunStatus, Trigger};
use domain::{Error, ErrorKind, Result};
use etl_engine::lake::Lake;
use etl_engine::run::{ArrivalQueue, Recorded, RunFilter, record_arrival, take_in};
use tokio_util::sync::CancellationToken;

use crate::open_lake::OpenLake;

/// How long an event may take from the store through the queue into the ledger.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(250);
/// Runs of one key that are looked through.
const LOOKED_THROUGH: usize = 100;

/// The run of a file that has just landed. A raw zone that tells of landings by events has the arrival
/// recorded by its event, because that alone knows its order among the versions of its key; `queue` is
/// where this process hears of events, if no worker does.
pub async fn record(
    lake: &OpenLake,
    arrival: Arrival,
    actor: &str,
    queue: Option<Arc<dyn ArrivalQueue>>,
) -> Result<Run> {
    if lake.raw_zone.tells_of_landings() {
        let listening = CancellationToken::new();
        let until_told = listening.clone().drop_guard();
        let listen = |queue| listen(lake.lake.clone(), queue, listening.clone());
        let listener = queue.map(|queue| tokio::spawn(listen(queue)));
        let run = told(lake, &arrival).await;
        drop(until_told);
        if let Some(listener) = listener {
            // Its last look ends: what it is handed would be hidden from everybody for a while.
            drop(listener.await);
        }
        return run;
    }
    match record_arrival(&lake.lake, arrival, Trigger::Landing, actor).await? {
        Recorded::New(run) => Ok(run),
        // The watch of the raw zone was faster, or an attempt before a crash: theirs is the run.
        Recorded::Duplicate(duplicate) => first_record(lake, duplicate).await,
    }
}

/// The run that a duplicate repeats.
async fn first_record(lake: &OpenLake, duplicate: Run) -> Result<Run> {
    match duplicate.original {
        Some(original) => Ok(lake.lake.ledger.run(original).await?.unwrap_or(duplicate)),
        None => Ok(duplicate),
    }
}

/// Records what arrives until nobody waits any more. A look at the queue is never given up half-way.
async fn listen(lake: Lake, queue: Arc<dyn ArrivalQueue>, until: CancellationToken) {
    while !until.is_cancelled() {
        if let Err(error) = take_in(&lake, queue.as_ref()).await {
            tracing::warn!(%error, "arrivals cannot be recorded now");
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn told(lake: &OpenLake, arrival: &Arrival) -> Result<Run> {
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(run) = of_arrival(lake, arrival).await? {
                return Ok(run);
            }
            tokio::time::sleep(POLL).await;
        }
    });
    found.await.unwrap_or_else(|_| {
        let message = format!(
            "{} has landed in {}, but its event was not recorded within {} s: is a worker running \
             (`sluice worker`)? Its run appears by itself, nothing is lost",
            arrival.key,
            lake.raw_zone.name(),
            PATIENCE.as_secs()
        );
        Err(Error::new(ErrorKind::Unavailable, message))
    })
}

async fn of_arrival(lake: &OpenLake, arrival: &Arrival) -> Result<Option<Run>> {
    let filter =
        RunFilter { key: Some(arrival.key.clone()), limit: LOOKED_THROUGH, ..RunFilter::default() };
    let mut runs = lake.lake.ledger.list(&filter).await?.into_iter();
    Ok(runs.find(|run| {
        run.arrival.version == arrival.version
            && run.status != RunStatus::Duplicate
            && run.trigger != Trigger::Replay
    }))
}
