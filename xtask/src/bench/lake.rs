//! An embedded lake as the benchmark uses it, through the command line alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::stage::{Stage, clear, succeed};

const DATASET: &str = "tlc_taxi_data/yellow_taxi_trip_record";

/// A data folder with the demo's sources and transformations and no rows.
#[derive(Debug)]
pub(super) struct Lake {
    folder: PathBuf,
}

impl Lake {
    /// Sets up a new lake in the working folder.
    pub(super) fn prepare(stage: &Stage, name: &str) -> Result<Self> {
        let folder = stage.path(name);
        clear(&folder)?;
        let lake = Self { folder };
        succeed(lake.sluice(stage, &["demo", "--rows", "0", "--no-serve"]))?;
        Ok(lake)
    }

    /// The command that runs a file through both hops and prints the run.
    pub(super) fn ingest(&self, stage: &Stage, file: &Path) -> Command {
        let mut command = self.sluice(stage, &["ingest", "--dataset", DATASET]);
        command.arg(file);
        command
    }

    /// Registers the yellow source anew so that rows find their partition by the day of the pickup.
    pub(super) fn partition_by_pickup(&self, stage: &Stage) -> Result<()> {
        let shown = succeed(self.sluice(stage, &["sources", "show", DATASET]))?;
        let mut saved: Value = serde_json::from_str(&shown).context("the source is not JSON")?;
        let mut source = saved["source"].take();
        source["partition"] = json!({"by": "date_column", "column": "tpep_pickup_datetime"});
        let file = self.folder.join("by_pickup.json");
        std::fs::write(&file, source.to_string()).context("cannot write the source")?;
        let mut register = self.sluice(stage, &["sources", "register"]);
        register.arg(&file);
        succeed(register).map(drop)
    }

    /// The folder that holds the zones of the dataset, laid out as the other contestants' output.
    pub(super) fn zones(&self) -> PathBuf {
        self.folder.join("dev")
    }

    /// The data folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn sluice(&self, stage: &Stage, args: &[&str]) -> Command {
        let mut command = stage.sluice(args);
        command.arg("--data-dir").arg(&self.folder).args(["--output", "json"]);
        command
    }
}

/// The folder of the yellow table below a zone.
pub(super) fn table_folder() -> &'static str {
    DATASET
}

/// The only run of `sluice ingest --output json`, after a check that it read `rows` rows and rejected
/// none.
pub(super) fn checked_run(output: &str, rows: u64) -> Result<Value> {
    let output: Value = serde_json::from_str(output).context("the run is not JSON")?;
    let run = output["runs"][0].clone();
    ensure!(run["status"] == "SUCCEEDED", "the run did not succeed: {run}");
    ensure!(run["rows_read"] == rows, "the run read other rows than the {rows} of the file: {run}");
    ensure!(run["rows_rejected"] == 0, "the run rejected rows of a file without faults: {run}");
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_lost_rows_is_refused() {
        let run = |rows_read: u64, rows_rejected: u64, status: &str| {
            let run =
                json!({"status": status, "rows_read": rows_read, "rows_rejected": rows_rejected});
            checked_run(&json!({"runs": [run]}).to_string(), 10)
        };
        assert!(run(10, 0, "SUCCEEDED").is_ok());
        assert!(run(9, 0, "SUCCEEDED").is_err());
        assert!(run(10, 1, "SUCCEEDED").is_err());
        assert!(run(10, 0, "FAILED").is_err());
        assert!(checked_run("{}", 10).is_err());
    }
}
