//! `sluice demo`: a lake with both taxi datasets, files through it, a query over the result.

mod accounts;
mod set_up;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::query::QueryLimits;
use domain::{Error, Result};
use etl_engine::raw_to_conformed::decode::{DecodeOptions, RawBytes, open};
use tokio_util::sync::CancellationToken;

use super::ingest::ingest;
use super::output::{Output, remark};
use super::query;
use super::serve::Serve;
use super::wait::RunSummary;
use crate::compose;
use crate::config::{Config, Given, LakeConfig};
use crate::demo::{DemoDataset, TripFile, datasets, source_for_header};
use crate::open_lake::OpenLake;

/// Make a lake with both taxi datasets, run files through it and query the result.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// A yellow or green trip file, recognised by its header; generated trips when absent.
    #[arg(long, value_name = "FILE")]
    input: Vec<PathBuf>,

    /// Rows of each generated file.
    #[arg(long, default_value_t = 50_000, value_name = "N")]
    rows: u64,

    /// Stop after the runs instead of serving the console.
    #[arg(long)]
    no_serve: bool,

    #[command(flatten)]
    serve: Serve,
}

impl Demo {
    /// The flags as settings. Whoever starts the demo signs in by a link, unless they say otherwise.
    pub(super) fn settings(&self) -> Vec<Given> {
        let mut settings = vec![Given::preset("demo", "sign_in.mode", "link")];
        settings.extend(self.serve.settings());
        settings
    }

    pub(super) async fn run(
        self,
        config: &Config,
        at: LakeConfig,
        output: Output,
    ) -> Result<ExitCode> {
        let lakes: Vec<_> = compose::open_all(config).await?.into_iter().map(Arc::new).collect();
        let found = lakes.iter().find(|lake| lake.lake.environment == at.environment);
        let lake = Arc::clone(found.ok_or_else(|| Error::invalid("--env names no environment"))?);
        set_up::set_up(config, &lakes).await?;
        let inputs = match self.input.is_empty() {
            true if self.rows == 0 => Vec::new(),
            true => generate(&lake, self.rows)?,
            false => recognise(&self.input).await?,
        };
        let mut summaries = Vec::with_capacity(inputs.len());
        for (file, dataset) in &inputs {
            summaries.push(ingest(&lake, file, dataset, true, output).await?);
        }
        for other in lakes.iter().filter(|other| other.lake.environment != at.environment) {
            for (file, dataset) in &inputs {
                ingest(other, file, dataset, true, Output::Json).await?;
            }
        }
        RunSummary::print(&summaries, output)?;
        if output == Output::Table {
            show_result(&lake).await?;
        }
        if !self.no_serve {
            drop((lake, lakes));
            self.serve.run(config).await?;
        }
        let all_well = summaries.iter().all(RunSummary::succeeded);
        Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Writes a file of trips for each dataset into the data folder.
fn generate(lake: &OpenLake, rows: u64) -> Result<Vec<(PathBuf, DatasetId)>> {
    let folder = lake.data_dir.join("generated");
    let failed = |error: std::io::Error| {
        Error::invalid(format!("{} cannot be written: {error}", folder.display()))
    };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let mut files = Vec::new();
    for (seed, DemoDataset { kind, source, .. }) in (1..).zip(datasets()?) {
        let path = folder.join(format!("{}_2020-08.csv", source.dataset.table()));
        let first_day = Partition::from_values("2020", "08", "01")?;
        let trips = TripFile { kind, rows, seed, first_day, days: 31, faults: true };
        let mut out = BufWriter::new(File::create(&path).map_err(failed)?);
        let written = trips.write(&mut out).map_err(failed)?;
        remark(&format!(
            "generated {}: {} rows, {} of them with faults that must be rejected",
            path.display(),
            written.rows,
            written.rejected
        ));
        files.push((path, source.dataset));
    }
    Ok(files)
}

/// Finds the dataset of each file by its header, before anything runs.
async fn recognise(files: &[PathBuf]) -> Result<Vec<(PathBuf, DatasetId)>> {
    let mut recognised = Vec::with_capacity(files.len());
    for file in files {
        let names = header_of(file).await?;
        let dataset = source_for_header(names.iter().map(String::as_str)).ok_or_else(|| {
            Error::invalid(format!(
                "{} has the header of neither demo dataset: register its own source with `sluice \
                 sources propose`, then use `sluice ingest`",
                file.display()
            ))
        })?;
        recognised.push((file.clone(), dataset));
    }
    Ok(recognised)
}

async fn header_of(file: &Path) -> Result<Vec<String>> {
    let opened = File::open(file)
        .map_err(|error| Error::invalid(format!("{} cannot be read: {error}", file.display())))?;
    let format = domain::source::Format::Csv(domain::source::CsvDialect::default());
    let opened = open(RawBytes::File(opened), &format, DecodeOptions::default())
        .await
        .map_err(|error| error.context(file.display()))?;
    Ok(opened.names().unwrap_or_default().to_vec())
}

async fn show_result(lake: &OpenLake) -> Result<()> {
    let sql = "SELECT year, month, day, count(*) AS groups, sum(count) AS trips, \
               round(sum(total_amount), 2) AS total_amount \
               FROM datablog_arg.yellow_taxi_trip_record \
               GROUP BY year, month, day ORDER BY year, month, day";
    if lake.lake.catalog.databases().await?.iter().any(|name| name == "datablog_arg") {
        remark(&format!("\nsluice query '{sql}'"));
        let limits = QueryLimits::default();
        match lake.query()?.run(sql, &limits, &CancellationToken::new()).await {
            Ok(result) => query::print(&result, Output::Table)?,
            // Only the green dataset was run.
            Err(error) if error.kind() == domain::ErrorKind::Invalid => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
