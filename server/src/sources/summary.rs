//! The list of sources, and what stands on a source's page.

use app::api::sources::{
    DatasetArrival, LastRun, SavedSource, SourceDetail, SourceSummary, TableSize,
};
use domain::dataset::DatasetId;
use domain::run::{Run, RunStatus, StepStatus};
use domain::source::{Format, Source};
use domain::table::{TableName, TableTotals};
use domain::zone::Hop;
use domain::{Error, Result};
use etl_engine::lake::Lake;
use etl_engine::run::RunFilter;
use etl_engine::source::SourceVersion;
use jiff::Timestamp;

/// A page of the sources that hold `search`, by dataset behind `after`, and the dataset to go on with.
/// Only sources of the page are looked up further.
pub async fn list(
    lake: &Lake,
    search: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<SourceSummary>, Option<String>)> {
    let mut sources = lake.sources.list().await?;
    sources.retain(|saved| {
        after.is_none_or(|after| saved.source.dataset.to_string().as_str() > after)
            && search.is_none_or(|search| holds(&saved.source, search))
    });
    sources.sort_by_cached_key(|saved| saved.source.dataset.to_string());
    let more = sources.len() > limit;
    sources.truncate(limit);
    let totals = lake.catalog.totals().await?;
    let mut page = Vec::with_capacity(sources.len());
    for saved in &sources {
        page.push(summary(lake, saved, &totals).await?);
    }
    let next = page.last().filter(|_| more).map(|last| last.dataset.to_string());
    Ok((page, next))
}

fn holds(source: &Source, search: &str) -> bool {
    let search = search.trim().to_lowercase();
    let description = source.description.as_deref().unwrap_or_default();
    [source.dataset.to_string().as_str(), &source.owner, description]
        .iter()
        .any(|text| text.to_lowercase().contains(&search))
}

async fn summary(
    lake: &Lake,
    saved: &SourceVersion,
    totals: &[TableTotals],
) -> Result<SourceSummary> {
    let source = &saved.source;
    let (last_run, fresh_at) = newest(lake, &source.dataset).await?;
    let format = match source.format {
        Format::Csv(_) => "csv",
        Format::JsonLines => "json_lines",
        Format::Parquet => "parquet",
    };
    Ok(SourceSummary {
        dataset: source.dataset.clone(),
        owner: source.owner.clone(),
        description: source.description.clone(),
        format: format.to_owned(),
        columns: source.columns.len() as u64,
        version: saved.version,
        size: size(totals, source),
        last_run,
        fresh_at,
    })
}

/// All versions of a source and how it stands. [`domain::ErrorKind::NotFound`] when the dataset is
/// not registered.
pub async fn detail(lake: &Lake, dataset: &DatasetId) -> Result<SourceDetail> {
    let history = lake.sources.history(dataset).await?;
    let current = &history.first().ok_or_else(|| not_registered(dataset))?.source;
    let table = dataset.table();
    let (last_run, fresh_at) = newest(lake, dataset).await?;
    Ok(SourceDetail {
        conformed_table: TableName::new(current.conformed_database(), table).to_string(),
        purpose_built_table: TableName::new(current.purpose_built_database(), table).to_string(),
        size: size(&lake.catalog.totals().await?, current),
        last_run,
        fresh_at,
        versions: history.into_iter().map(saved_source).collect(),
    })
}

/// The current registration. [`domain::ErrorKind::NotFound`] when there is none.
pub async fn current(lake: &Lake, dataset: &DatasetId) -> Result<Source> {
    let current = lake.sources.current(dataset).await?;
    current.map(|saved| saved.source).ok_or_else(|| not_registered(dataset))
}

fn not_registered(dataset: &DatasetId) -> Error {
    Error::not_found(format!("dataset {dataset} is not registered: register it from a sample file"))
}

fn saved_source(saved: SourceVersion) -> SavedSource {
    SavedSource {
        version: saved.version,
        author: saved.author,
        saved_at: saved.saved_at,
        source: saved.source,
    }
}

/// What the catalog says of the conformed table; nothing before the first commit.
fn size(totals: &[TableTotals], source: &Source) -> TableSize {
    let name = TableName::new(source.conformed_database(), source.dataset.table());
    let found = totals.iter().find(|table| table.name == name);
    found.map_or_else(TableSize::default, |table| TableSize {
        rows: table.rows,
        bytes: table.bytes,
        partitions: table.partitions,
    })
}

/// The newest run, and when one last succeeded.
async fn newest(lake: &Lake, dataset: &DatasetId) -> Result<(Option<LastRun>, Option<Timestamp>)> {
    let filter = RunFilter { dataset: Some(dataset.clone()), limit: 1, ..RunFilter::default() };
    let last = lake.ledger.list(&filter).await?.pop();
    let last = last.map(|run| LastRun {
        id: run.id,
        status: run.status,
        landed_at: run.arrival.landed_at,
    });
    let filter = RunFilter { statuses: vec![RunStatus::Succeeded], ..filter };
    let succeeded = lake.ledger.list(&filter).await?.pop();
    Ok((last, succeeded.and_then(|run| run.finished_at)))
}

/// An arrival and what became of it.
pub fn arrival(run: Run) -> DatasetArrival {
    let step = run.step(Hop::RawToConformed);
    let counts = step.filter(|step| step.status == StepStatus::Succeeded).map(|step| step.counts);
    DatasetArrival {
        run: run.id,
        rows_written: counts.map(|counts| counts.rows_written),
        rows_rejected: counts.map(|counts| counts.rows_rejected),
        dataset: run.dataset,
        key: run.arrival.key,
        size: run.arrival.size,
        landed_at: run.arrival.landed_at,
        status: run.status,
    }
}
