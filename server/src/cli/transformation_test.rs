//! `sluice transformations test`: fixture tests.

use std::path::PathBuf;
use std::process::ExitCode;

use app::api::transformations::{FixtureCase, FixtureReport, FixtureRow};
use clap::Args;
use domain::dataset::DatasetId;
use domain::{Error, Result};
use serde::Serialize;

use super::output::{Output, print_json, remark, say};
use crate::open_lake::OpenLake;
use crate::transformations::fixtures::{folder, report};

/// Run fixture tests.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Only the tests of this dataset.
    dataset: Option<DatasetId>,
    /// Test the SQL in this file instead of the current version.
    #[arg(long, value_name = "FILE.sql", requires = "dataset")]
    sql: Option<PathBuf>,
}

/// What the tests of one dataset said.
#[derive(Debug, Serialize)]
struct Tested {
    dataset: DatasetId,
    #[serde(flatten)]
    report: FixtureReport,
}

impl Test {
    pub(super) async fn run(self, lake: &OpenLake, output: Output) -> Result<ExitCode> {
        let mut tested = Vec::new();
        for (dataset, sql) in self.subjects(lake).await? {
            let report = report(&lake.lake, &lake.data_dir, &dataset, &sql).await?;
            tested.push(Tested { dataset, report });
        }
        match output {
            Output::Json => print_json(&tested)?,
            _ => print(lake, &tested)?,
        }
        let failures: usize = tested.iter().map(|tested| tested.report.failures()).sum();
        Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The datasets and the SQL that is tested.
    async fn subjects(&self, lake: &OpenLake) -> Result<Vec<(DatasetId, String)>> {
        let store = &lake.lake.transformations;
        let Some(dataset) = &self.dataset else {
            let all = store.list().await?.into_iter();
            return Ok(all.map(|saved| (saved.dataset, saved.sql)).collect());
        };
        let sql = match &self.sql {
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                Error::invalid(format!("{} cannot be read: {error}", path.display()))
            })?,
            None => {
                let current = store.current(dataset).await?;
                current.map(|saved| saved.sql).ok_or_else(|| {
                    Error::not_found(format!("{dataset} has no transformation to test"))
                })?
            }
        };
        Ok(vec![(dataset.clone(), sql)])
    }
}

fn print(lake: &OpenLake, tested: &[Tested]) -> Result<()> {
    let (mut passed, mut failed) = (0, 0);
    for Tested { dataset, report } in tested {
        for case in &report.cases {
            say(&format!(
                "{} {dataset} {}\n",
                if case.passed { "ok  " } else { "FAIL" },
                case.name
            ))?;
            differences(case)?;
            if case.passed { passed += 1 } else { failed += 1 }
        }
        if report.cases.is_empty() && tested.len() == 1 {
            let folder = folder(&lake.data_dir, dataset);
            remark(&format!("{dataset} has no tests: put cases into {}", folder.display()));
        }
    }
    remark(&format!("{passed} passed, {failed} failed"));
    Ok(())
}

fn differences(case: &FixtureCase) -> Result<()> {
    if let Some(problem) = &case.problem {
        say(&format!("     {problem}\n"))?;
    }
    let row = |row: &FixtureRow| {
        let cells = case.columns.iter().zip(row);
        cells.map(|(name, value)| format!("{name}={}", shown(value))).collect::<Vec<_>>().join("  ")
    };
    for missing in &case.missing {
        say(&format!("     missing     {}\n", row(missing)))?;
    }
    for unexpected in &case.unexpected {
        say(&format!("     unexpected  {}\n", row(unexpected)))?;
    }
    for cell in &case.changed {
        let key = cell.key.iter().map(|(name, value)| format!("{name}={}", shown(value)));
        let (expected, actual) = (shown(&cell.expected), shown(&cell.actual));
        let key = key.collect::<Vec<_>>().join("  ");
        say(&format!("     {key}: {} is {actual}, expected {expected}\n", cell.column))?;
    }
    Ok(())
}

fn shown(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("NULL")
}
