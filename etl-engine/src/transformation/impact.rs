//! Impact: old and new SQL over the same sample of real rows, compared.

use std::time::Duration;

use arrow::array::RecordBatch;
use domain::partition::Partition;
use domain::query::QueryLimits;
use domain::table::CatalogTable;
use domain::{Error, Result};
use tokio_util::sync::CancellationToken;

use super::check::Severity;
use super::compare::keys::grouped_by;
use super::compare::{Comparison, Rule, compare, one_batch};
use super::sample::Sample;
use super::subject::Subject;
use crate::lake::Lake;
use crate::query::deep_stack::on_deep_stack;
use crate::query::lookup::tables_named;
use crate::query::plan::plan;
use crate::query::planning::planning_session;
use crate::query::sandbox::DataFusionQueryService;
use crate::query::statement::QueryStatement;

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub struct ImpactRequest<'a> {
    /// The SQL as it was.
    pub old: &'a str,
    /// The SQL as it would be.
    pub new: &'a str,
    /// Columns that tell rows apart; `None`: inferred.
    pub keys: Option<&'a [String]>,
    /// The days to sample; `None`: the newest.
    pub partitions: Option<&'a [Partition]>,
    /// Relative difference up to which two doubles count as equal.
    pub tolerance: f64,
}

/// Where key columns come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySource {
    /// The request names them.
    Given,
    /// Both versions group by them.
    GroupBy,
    /// There are none: whole rows are compared.
    WholeRow,
}

/// What would change.
#[derive(Debug, Clone)]
pub struct Impact {
    /// What both were run over.
    pub sample: Sample,
    /// The columns that tell rows apart.
    pub keys: Vec<String>,
    /// Where they come from.
    pub key_source: KeySource,
    /// The differences.
    pub comparison: Comparison,
}

/// Runs both over a sample of the dataset's conformed table, within the bounds of `service`, and
/// compares what they return. [`domain::ErrorKind::Invalid`] when one of them is wrong, or when a
/// sample that was asked for returns more rows than can be compared.
pub async fn impact(
    lake: &Lake,
    service: &DataFusionQueryService,
    subject: &Subject,
    request: &ImpactRequest<'_>,
    cancel: &CancellationToken,
) -> Result<Impact> {
    sound(lake, subject, request.old).await.map_err(|error| error.context("the old SQL"))?;
    sound(lake, subject, request.new).await.map_err(|error| error.context("the new SQL"))?;
    let (keys, key_source) = match request.keys {
        Some(keys) => (keys.to_vec(), KeySource::Given),
        None => inferred(lake, subject, request).await?,
    };
    let mut sample = Sample::take(lake.catalog.as_ref(), &subject.own, request.partitions).await?;
    let (old, new) = loop {
        let old = run(service, request.old, &sample, cancel).await?;
        let new = run(service, request.new, &sample, cancel).await?;
        if let (Some(old), Some(new)) = (old, new) {
            break (old, new);
        }
        if request.partitions.is_some() || !sample.halve() {
            return Err(Error::invalid(
                "the sample returns more rows than can be compared at once: sample fewer days, or \
                 group the rows",
            ));
        }
    };
    let rule = Rule { keys: keys.clone(), tolerance: request.tolerance };
    // Sorting and comparing keep a thread busy.
    let compared = tokio::task::spawn_blocking(move || compare(&old, &new, &rule)).await;
    let comparison = compared.map_err(|error| {
        Error::internal("comparing the results broke down").with_source(error)
    })??;
    Ok(Impact { sample, keys, key_source, comparison })
}

/// The columns that both versions group by, under one name.
async fn inferred(
    lake: &Lake,
    subject: &Subject,
    request: &ImpactRequest<'_>,
) -> Result<(Vec<String>, KeySource)> {
    let old = keys_of(lake, subject, request.old).await?;
    let new = keys_of(lake, subject, request.new).await?;
    let common: Vec<_> = new.into_iter().filter(|key| old.contains(key)).collect();
    let source = if common.is_empty() { KeySource::WholeRow } else { KeySource::GroupBy };
    Ok((common, source))
}

/// The output columns that carry what SQL groups by; none when it does not.
pub async fn keys_of(lake: &Lake, subject: &Subject, sql: &str) -> Result<Vec<String>> {
    let known = subject.known_tables(lake, sql).await?;
    let statement = QueryStatement::parse(sql)?;
    let tables = tables_named(statement.tables(), lake.catalog.as_ref(), &known).await?;
    keys_over(statement, tables).await
}

/// The same over given tables.
pub(crate) async fn keys_over(
    statement: QueryStatement,
    tables: Vec<CatalogTable>,
) -> Result<Vec<String>> {
    on_deep_stack(async move {
        let state = planning_session(&tables)?;
        Ok(grouped_by(&plan(&state, statement).await?))
    })
    .await
}

async fn sound(lake: &Lake, subject: &Subject, sql: &str) -> Result<()> {
    let checked = subject.check(lake, sql).await?;
    match checked.findings.iter().find(|found| found.severity == Severity::Error) {
        None => Ok(()),
        Some(found) => Err(Error::invalid(format!(
            "{} (line {}, column {})",
            found.message, found.place.line, found.place.column
        ))),
    }
}

/// The rows of SQL over a sample; `None` when there are more than can be compared.
async fn run(
    service: &DataFusionQueryService,
    sql: &str,
    sample: &Sample,
    cancel: &CancellationToken,
) -> Result<Option<RecordBatch>> {
    let result = service.run_over(sql, &sample.part, &limits(), cancel).await?;
    match result.truncated {
        Some(_) => Ok(None),
        None => one_batch(&result.schema, &result.batches).map(Some),
    }
}

/// What one of the two may use. Both results and their sort orders are in memory at once.
fn limits() -> QueryLimits {
    QueryLimits {
        max_rows: 500_000,
        max_bytes: 128 * 1024 * 1024,
        max_cell_bytes: 1024 * 1024,
        max_memory: 384 * 1024 * 1024,
        timeout: Duration::from_secs(60),
    }
}
