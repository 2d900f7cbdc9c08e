//! `sluice generate-runs`: a run ledger with a long past, for benchmarks and tests of the console.

use std::process::ExitCode;

use clap::Args;
use domain::arrival::{Arrival, ObjectVersion, Sequencer};
use domain::column::{Column, ColumnType};
use domain::dataset::DatasetId;
use domain::notification::Notification;
use domain::partition::Partition;
use domain::run::{Counts, Failure, Run, RunStatus, Step, StepStatus, Trigger};
use domain::source::{CsvDialect, Format, Source};
use domain::table_history::TableAuthor;
use domain::zone::Hop;
use domain::{Error, ErrorKind, Result};
use etl_engine::catalog::ensure_table;
use etl_engine::raw_to_conformed::table_shape;
use etl_engine::run::{ClaimRequest, NewRun};
use jiff::{SignedDuration, Timestamp};

use super::output::print_json;
use crate::compose;
use crate::config::LakeConfig;
use crate::open_lake::OpenLake;

/// Of so many runs one fails.
const ONE_FAILS_OF: u64 = 25;

/// Record runs that look as if they had been carried out. No file is touched.
#[derive(Debug, Args)]
pub(super) struct GenerateRuns {
    /// How many.
    #[arg(long, default_value_t = 10_000)]
    runs: u64,
    /// Datasets that they spread over.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    tables: u64,
    /// Also register the datasets and put their conformed tables into the catalog.
    #[arg(long)]
    register: bool,
}

impl GenerateRuns {
    pub(super) async fn run(self, config: &LakeConfig) -> Result<ExitCode> {
        let lake = compose::open(config).await?;
        if !lake.lake.ledger.list(&one_waiting()).await?.is_empty() {
            return Err(Error::conflict("runs wait in this lake: generate into another one"));
        }
        for table in (0..self.tables).filter(|_| self.register) {
            register(&lake, table).await?;
        }
        for number in 0..self.runs {
            one(&lake, number, self.tables).await?;
        }
        print_json(&serde_json::json!({ "runs": self.runs, "tables": self.tables }))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Records a run, claims it as a worker would, and ends it.
async fn one(lake: &OpenLake, number: u64, tables: u64) -> Result<()> {
    let (ledger, now) = (&lake.lake.ledger, Timestamp::now());
    ledger.record(&new_run(number, tables, now)?, now).await?;
    let request = ClaimRequest {
        worker: "generate-runs".to_owned(),
        lease: SignedDuration::from_mins(1),
        max_attempts: 5,
    };
    let claim = ledger.claim(&request, now).await?;
    let claim = claim.ok_or_else(|| Error::conflict("a worker took the run: stop it first"))?;
    let mut run = claim.run.clone();
    end(&mut run, number, Timestamp::now())?;
    let notification = Notification::of_run(&run, Timestamp::now());
    ledger.finish(&claim, &run, &notification).await
}

fn dataset(table: u64) -> String {
    format!("system_{:02}/table_{table:04}", table % 20)
}

/// Registers a dataset with the types and as many columns as taxi trips have.
async fn register(lake: &OpenLake, table: u64) -> Result<()> {
    let types = [ColumnType::BigInt, ColumnType::Double, ColumnType::String, ColumnType::Timestamp];
    let columns = (0..18).zip(types.into_iter().cycle());
    let columns = columns.map(|(at, kind)| Column::new(format!("column_{at:02}"), kind)).collect();
    let dataset: DatasetId = dataset(table).parse()?;
    let owner = format!("team-{}", table % 7);
    let source = Source::new(dataset, owner, Format::Csv(CsvDialect::default()), columns);
    lake.lake.sources.save(&source, "generate-runs", 0).await?;
    let by = TableAuthor::Person { login: "generate-runs".to_owned() };
    ensure_table(lake.lake.catalog.as_ref(), &table_shape(&source), &by).await
}

fn new_run(number: u64, tables: u64, now: Timestamp) -> Result<NewRun> {
    let table = number % tables;
    let dataset = dataset(table);
    let key = format!("{dataset}/2020/08/part-{number:06}.csv.gz");
    Ok(NewRun {
        arrival: Arrival {
            bucket: "raw".to_owned(),
            version: ObjectVersion::ETag(format!("{number:032x}")),
            sequencer: Sequencer::at(now),
            size: 1_000_000 + number * 37 % 900_000,
            landed_at: now,
            key,
        },
        dataset: dataset.parse()?,
        trigger: if number.is_multiple_of(3) { Trigger::Landing } else { Trigger::Event },
        actor: format!("engineer-{}", number % 7),
        held: None,
        original: None,
    })
}

fn end(run: &mut Run, number: u64, now: Timestamp) -> Result<()> {
    let rows = 10_000 + number * 31 % 5_000;
    let rejected = if number.is_multiple_of(9) { number % 40 } else { 0 };
    let fails = number % ONE_FAILS_OF == ONE_FAILS_OF - 1;
    let day = Partition::from_values("2020", "08", "01")?;
    let step = |hop, status, counts| Step {
        hop,
        status,
        counts,
        partitions: vec![day],
        commit: None,
        definition_version: Some(1),
        note: None,
        started_at: now,
        finished_at: Some(now),
    };
    let first = Counts {
        rows_read: rows,
        rows_written: rows - rejected,
        rows_rejected: rejected,
        bytes_read: run.arrival.size,
        bytes_written: run.arrival.size / 2,
    };
    let second = Counts {
        rows_read: rows - rejected,
        rows_written: 31,
        rows_rejected: 0,
        bytes_read: first.bytes_written,
        bytes_written: 4_000,
    };
    run.steps = vec![step(Hop::RawToConformed, StepStatus::Succeeded, first)];
    run.status = RunStatus::Succeeded;
    if fails {
        run.status = RunStatus::Failed;
        run.failure = Some(Failure {
            hop: Some(Hop::ConformedToPurposeBuilt),
            kind: ErrorKind::Invalid,
            message: "the transformation divides by zero; correct it and retry".to_owned(),
        });
    } else {
        run.steps.push(step(Hop::ConformedToPurposeBuilt, StepStatus::Succeeded, second));
    }
    run.engine = etl_engine::run::ENGINE.to_owned();
    run.finished_at = Some(now);
    Ok(())
}

fn one_waiting() -> etl_engine::run::RunFilter {
    etl_engine::run::RunFilter {
        statuses: vec![RunStatus::Queued, RunStatus::Running],
        limit: 1,
        ..Default::default()
    }
}
