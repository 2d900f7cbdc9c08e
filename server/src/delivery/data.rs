//! The data side of a release: what of sources and SQL differs from an environment, and how it
//! comes there.
//!
//! Architecture invariant: what is registered in an environment and is not in the release stays:
//! a deployment never takes a source, SQL or rows away. Comparing environments shows what is left.

use std::collections::BTreeMap;

use domain::dataset::DatasetId;
use domain::plan::TextChange;
use domain::run::{RunId, RunStatus};
use domain::source::Source;
use domain::{Error, Result};
use etl_engine::lake::Lake;
use etl_engine::run::{RunFilter, replay};
use etl_engine::source::register;

/// Sources and SQL by dataset, as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DataSide {
    /// Registrations.
    pub sources: BTreeMap<DatasetId, Source>,
    /// SQL of purpose-built tables.
    pub transformations: BTreeMap<DatasetId, String>,
}

/// A source as its file has it.
pub fn to_toml(source: &Source) -> Result<String> {
    toml::to_string_pretty(source)
        .map_err(|error| Error::internal(format!("the source is no TOML: {error}")))
}

impl DataSide {
    /// What an environment has now.
    pub async fn of(lake: &Lake) -> Result<Self> {
        let sources = lake.sources.list().await?.into_iter().map(|saved| saved.source);
        let transformations = lake.transformations.list().await?.into_iter();
        Ok(Self {
            sources: sources.map(|source| (source.dataset.clone(), source)).collect(),
            transformations: transformations.map(|saved| (saved.dataset, saved.sql)).collect(),
        })
    }
}

/// Sources that a release would change, by dataset.
pub async fn source_changes(lake: &Lake, release: &DataSide) -> Result<Vec<TextChange>> {
    let mut changes = Vec::new();
    for (dataset, source) in &release.sources {
        let current = lake.sources.current(dataset).await?;
        if current.as_ref().is_some_and(|current| current.source == *source) {
            continue;
        }
        changes.push(TextChange {
            dataset: dataset.clone(),
            version: current.as_ref().map(|current| current.version),
            before: current.as_ref().map(|current| to_toml(&current.source)).transpose()?,
            after: Some(to_toml(source)?),
        });
    }
    Ok(changes)
}

/// Transformations that a release would change, by dataset.
pub async fn sql_changes(lake: &Lake, release: &DataSide) -> Result<Vec<TextChange>> {
    let mut changes = Vec::new();
    for (dataset, sql) in &release.transformations {
        let current = lake.transformations.current(dataset).await?;
        if current.as_ref().is_some_and(|current| same_sql(&current.sql, sql)) {
            continue;
        }
        changes.push(TextChange {
            dataset: dataset.clone(),
            version: current.as_ref().map(|current| current.version),
            before: current.map(|current| current.sql),
            after: Some(sql.clone()),
        });
    }
    Ok(changes)
}

/// A file ends with a line break, what is typed in the console need not.
pub fn same_sql(one: &str, other: &str) -> bool {
    one.trim_end() == other.trim_end()
}

/// Registers a source as planned. Done already: nothing happens. [`domain::ErrorKind::Conflict`] when
/// somebody changed it since the plan was made.
pub async fn apply_source(lake: &Lake, change: &TextChange, author: &str) -> Result<Applied> {
    let after = change.after.as_deref().unwrap_or_default();
    let source: Source = toml::from_str(after)
        .map_err(|error| Error::invalid(format!("the source of {}: {error}", change.dataset)))?;
    let current = lake.sources.current(&change.dataset).await?;
    if current.as_ref().is_some_and(|current| current.source == source) {
        return Ok(Applied::Before);
    }
    check_version(change, current.map(|current| current.version))?;
    let done = register(lake, &source, author, change.version.unwrap_or(0)).await?;
    Ok(Applied::Now(done.saved.version))
}

/// Saves SQL as planned, under the same conditions.
pub async fn apply_sql(
    lake: &Lake,
    change: &TextChange,
    author: &str,
    message: &str,
) -> Result<Applied> {
    let sql = change.after.as_deref().unwrap_or_default();
    let current = lake.transformations.current(&change.dataset).await?;
    if current.as_ref().is_some_and(|current| same_sql(&current.sql, sql)) {
        return Ok(Applied::Before);
    }
    check_version(change, current.map(|current| current.version))?;
    let base = change.version.unwrap_or(0);
    let saved = lake.transformations.save(&change.dataset, sql, author, message, base).await?;
    Ok(Applied::Now(saved.version))
}

/// Whether something had to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// An earlier attempt did it.
    Before,
    /// It was saved as this version.
    Now(u64),
}

/// Whether a dataset is still as it was planned with. [`domain::ErrorKind::Conflict`] when somebody
/// changed it since.
pub fn check_version(change: &TextChange, now: Option<u64>) -> Result<()> {
    if now == change.version {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "{} was changed since the plan was made: it stood at version {}, now at {}. Plan anew",
        change.dataset,
        change.version.unwrap_or(0),
        now.unwrap_or(0)
    )))
}

/// Runs the newest file of a dataset again, so that its table is built by the SQL that holds now.
/// `None` when no file was carried out yet: the first one will be.
pub async fn rebuild(lake: &Lake, dataset: &DatasetId, actor: &str) -> Result<Option<RunId>> {
    let filter = RunFilter {
        dataset: Some(dataset.clone()),
        statuses: vec![RunStatus::Succeeded],
        limit: 1,
        ..RunFilter::default()
    };
    let newest = lake.ledger.list(&filter).await?.pop();
    let Some(newest) = newest else { return Ok(None) };
    Ok(Some(replay(lake, newest.id, actor).await?.id))
}
