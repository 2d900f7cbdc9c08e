//! Who takes part: Sluice, and scripts that do the same two steps in other engines.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::lake::{Lake, checked_run, table_folder};
use super::stage::{Stage, clear, remove};

/// One of the engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contestant {
    /// Both hops with quarantine, run ledger and catalog.
    Sluice,
    /// A DuckDB script.
    DuckDb,
    /// A Polars script.
    Polars,
    /// A local PySpark script.
    Spark,
}

/// A command that is ready to be measured.
#[derive(Debug)]
pub(super) struct Entry {
    /// What to run.
    pub(super) command: Command,
    /// The folder that holds both zones afterwards.
    output: PathBuf,
    /// What to remove afterwards.
    folder: PathBuf,
}

impl Contestant {
    /// Sluice first; the others are compared with it.
    pub(super) fn all(spark: bool) -> Vec<Self> {
        let mut all = vec![Self::Sluice, Self::DuckDb, Self::Polars];
        if spark {
            all.push(Self::Spark);
        }
        all
    }

    /// Its name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sluice => "Sluice",
            Self::DuckDb => "DuckDB",
            Self::Polars => "Polars",
            Self::Spark => "PySpark",
        }
    }

    /// Makes everything ready that is not measured: an empty output, for Sluice a lake with the source
    /// registered and its transformation set.
    pub(super) fn prepare(self, stage: &Stage, input: &Path, date: &str) -> Result<Entry> {
        let Some(script) = self.script() else {
            let lake = Lake::prepare(stage, "sluice")?;
            return Ok(Entry {
                command: lake.ingest(stage, input),
                output: lake.zones(),
                folder: lake.folder().to_path_buf(),
            });
        };
        let folder = stage.path(script);
        clear(&folder)?;
        let mut command = stage.script(&format!("{script}_job.py"));
        command.arg(input).arg(&folder).arg(stage.reference_sql()).arg(date);
        Ok(Entry { command, output: folder.clone(), folder })
    }

    /// The argument of `compare.py` that names its output.
    pub(super) fn output_argument(self, entry: &Entry) -> String {
        let table = if self == Self::Sluice { table_folder() } else { "" };
        format!("{}={}={table}", self.name(), entry.output.display())
    }

    /// Checks what it wrote to standard output.
    pub(super) fn check(self, stdout: &str, rows: u64) -> Result<()> {
        match self {
            Self::Sluice => checked_run(stdout, rows).map(drop),
            Self::DuckDb | Self::Polars | Self::Spark => Ok(()),
        }
        .with_context(|| format!("{} did not do the job", self.name()))
    }

    fn script(self) -> Option<&'static str> {
        match self {
            Self::Sluice => None,
            Self::DuckDb => Some("duckdb"),
            Self::Polars => Some("polars"),
            Self::Spark => Some("spark"),
        }
    }
}

impl Entry {
    /// Removes the output.
    pub(super) fn clean_up(&self) -> Result<()> {
        remove(&self.folder)
    }
}
