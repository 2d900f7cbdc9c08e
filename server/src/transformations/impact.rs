//! What other SQL would change in real rows, in the types of the API.

use std::time::Instant;

use app::api::transformations::{
    ColumnImpact, ColumnPresence, DuplicateKeys, ExampleCell, ExampleRow, Impact, ImpactRequest,
    KeySource, RowChange, RowImpact,
};
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::transformation::Transformation;
use domain::{Error, Result};
use etl_engine::lake::Lake;
use etl_engine::transformation::compare::{
    self, ComparedColumn, Comparison, DEFAULT_TOLERANCE, Example,
};
use etl_engine::transformation::impact::{self as engine, impact as compare_over_sample};
use etl_engine::transformation::subject::Subject;
use tokio_util::sync::CancellationToken;

use super::shown::summary;
use super::tried::sampled;
use crate::open_lake::OpenLake;

/// Most that doubles may differ and still count as equal.
const MAX_TOLERANCE: f64 = 0.1;

/// Compares SQL with a saved version over the same sample. [`domain::ErrorKind::Invalid`] when one of
/// them is wrong; [`domain::ErrorKind::NotFound`] when there is nothing to compare with.
pub async fn impact(
    at: &OpenLake,
    dataset: &DatasetId,
    asked: &ImpactRequest,
    cancel: &CancellationToken,
) -> Result<Impact> {
    let started = Instant::now();
    let subject = Subject::of(&at.lake, dataset).await?;
    let base = base(&at.lake, dataset, asked.base_version).await?;
    let days = asked.partitions.as_ref().map(|days| days.iter().map(|day| day.parse()).collect());
    let days: Option<Vec<Partition>> = days.transpose()?;
    let tolerance = asked.tolerance.unwrap_or(DEFAULT_TOLERANCE);
    if !(0.0..=MAX_TOLERANCE).contains(&tolerance) {
        return Err(Error::invalid(format!("tolerance must be from 0 to {MAX_TOLERANCE}")));
    }
    let request = engine::ImpactRequest {
        old: &base.sql,
        new: &asked.sql,
        keys: asked.keys.as_deref().filter(|keys| !keys.is_empty()),
        partitions: days.as_deref(),
        tolerance,
    };
    let trials = at.trials()?;
    let found = compare_over_sample(&at.lake, &trials, &subject, &request, cancel).await?;
    let Comparison { rows, duplicates_old, duplicates_new, .. } = found.comparison;
    let same = found.comparison.is_same();
    Ok(Impact {
        base: summary(&base),
        sampled: sampled(&found.sample),
        keys: found.keys,
        key_source: match found.key_source {
            engine::KeySource::Given => KeySource::Given,
            engine::KeySource::GroupBy => KeySource::GroupBy,
            engine::KeySource::ComputedAlike => KeySource::ComputedAlike,
            engine::KeySource::WholeRow => KeySource::WholeRow,
        },
        rows: RowImpact {
            old: rows.old,
            new: rows.new,
            added: rows.added,
            removed: rows.removed,
            changed: rows.changed,
            unchanged: rows.unchanged,
        },
        duplicates: DuplicateKeys { old: duplicates_old, new: duplicates_new },
        columns: found.comparison.columns.into_iter().map(column).collect(),
        examples: found.comparison.examples.into_iter().map(example).collect(),
        same,
        tolerance,
        seconds: started.elapsed().as_secs_f64(),
    })
}

async fn base(lake: &Lake, dataset: &DatasetId, version: Option<u64>) -> Result<Transformation> {
    let found = match version {
        Some(version) => lake.transformations.version(dataset, version).await?,
        None => lake.transformations.current(dataset).await?,
    };
    found.ok_or_else(|| {
        let which = version.map_or("SQL".to_owned(), |version| format!("version {version}"));
        Error::not_found(format!("{dataset} has no {which} to compare with"))
    })
}

fn column(column: ComparedColumn) -> ColumnImpact {
    let alike = column.compared.saturating_sub(column.differing);
    ColumnImpact {
        presence: match (&column.old_type, &column.new_type) {
            (None, _) => ColumnPresence::Added,
            (_, None) => ColumnPresence::Removed,
            _ => ColumnPresence::Both,
        },
        match_percent: (column.compared > 0).then(|| 100.0 * alike as f64 / column.compared as f64),
        key: column.is_key,
        name: column.name,
        old_type: column.old_type,
        new_type: column.new_type,
        compared: column.compared,
        differing: column.differing,
    }
}

fn example(example: Example) -> ExampleRow {
    let cells = example.cells.into_iter();
    ExampleRow {
        change: match example.change {
            compare::RowChange::Added => RowChange::Added,
            compare::RowChange::Removed => RowChange::Removed,
            compare::RowChange::Changed => RowChange::Changed,
        },
        key: example.key,
        cells: cells
            .map(|cell| ExampleCell { column: cell.column, old: cell.old, new: cell.new })
            .collect(),
    }
}
