//! `sluice ingest`: land a file and run it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use domain::arrival::Arrival;
use domain::dataset::DatasetId;
use domain::run::RunStatus;
use domain::{Error, Result};

use super::actor::actor;
use super::output::Output;
use super::wait::{RunSummary, wait_for};
use crate::compose;
use crate::config::LakeConfig;
use crate::landing;
use crate::open_lake::{Listening, OpenLake};

/// Land a file in the raw zone and run it through both hops.
#[derive(Debug, Args)]
pub(super) struct Ingest {
    /// The file. A file of the same name replaces the rows of the earlier one. A file that already
    /// lies in the raw zone is run where it is.
    file: PathBuf,

    /// The dataset it belongs to.
    #[arg(long, value_name = "SYSTEM/TABLE")]
    dataset: DatasetId,

    /// Return when the file has landed and is recorded; a worker runs it.
    #[arg(long)]
    no_wait: bool,
}

impl Ingest {
    pub(super) async fn run(self, config: &LakeConfig, output: Output) -> Result<ExitCode> {
        let lake = compose::open(config).await?;
        let summary = ingest(&lake, &self.file, &self.dataset, !self.no_wait, output).await?;
        let waiting = self.no_wait && summary.is_waiting();
        RunSummary::print(std::slice::from_ref(&summary), output)?;
        Ok(if summary.succeeded() || waiting { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Lands `file` as `<dataset>/<its name>`, records the arrival and, if asked, waits for the run.
pub(super) async fn ingest(
    lake: &OpenLake,
    file: &Path,
    dataset: &DatasetId,
    wait: bool,
    output: Output,
) -> Result<RunSummary> {
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Error::invalid(format!("{} is not the name of a file", file.display())))?;
    let arrival = match lake.raw_zone.landed(file) {
        Some(arrival) => of_dataset(arrival, dataset)?,
        None => lake.land(&format!("{dataset}/{name}"), file, |_| {}).await?,
    };
    let queue =
        lake.raw_zone.tells_of_landings().then(|| lake.arrivals(Listening::Once)).transpose()?;
    let mut run = landing::record(lake, arrival, &actor(), queue).await?;
    if wait && run.status != RunStatus::Held {
        run = wait_for(lake, run.id, output).await?;
    }
    Ok(RunSummary::new(&run, file.display().to_string()))
}

fn of_dataset(arrival: Arrival, dataset: &DatasetId) -> Result<Arrival> {
    if DatasetId::of_key(&arrival.key)? == *dataset {
        return Ok(arrival);
    }
    Err(Error::invalid(format!(
        "{} lies in the raw zone below another dataset than {dataset}: name that one, or move the file",
        arrival.key
    )))
}
