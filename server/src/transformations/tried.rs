//! Trying SQL: checks, dry run, preview. Nothing is written.

use std::time::Instant;

use app::api::transformations::{
    Checked, ColumnChange, DryRun, OutputColumn, Preview, Sampled, TypeChange,
};
use domain::dataset::DatasetId;
use domain::partition::PARTITION_KEYS;
use domain::table::CatalogTable;
use domain::{Error, Result};
use etl_engine::column_types::column_type;
use etl_engine::lake::Lake;
use etl_engine::query::cells::text_rows;
use etl_engine::transformation::check;
use etl_engine::transformation::sample::{Sample, preview_limits};
use etl_engine::transformation::subject::Subject;
use tokio_util::sync::CancellationToken;

use super::shown;
use crate::open_lake::OpenLake;

/// What is wrong or doubtful in SQL.
pub async fn check(lake: &Lake, dataset: &DatasetId, sql: &str) -> Result<Checked> {
    let started = Instant::now();
    let checked = Subject::of(lake, dataset).await?.check(lake, sql).await?;
    Ok(Checked {
        reads: shown::reads(&checked),
        whole_table_because: shown::whole_table_because(&checked),
        columns: checked.output.into_iter().map(shown::column).collect(),
        findings: checked.findings.into_iter().map(shown::finding).collect(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// What SQL would return, and how that differs from the table as it is.
/// [`domain::ErrorKind::Invalid`] when it is wrong.
pub async fn dry_run(lake: &Lake, dataset: &DatasetId, sql: &str) -> Result<DryRun> {
    let subject = Subject::of(lake, dataset).await?;
    let checked = sound(subject.check(lake, sql).await?)?;
    let live = lake.catalog.table(&subject.built).await?;
    let reads = shown::reads(&checked);
    let whole_table_because = shown::whole_table_because(&checked);
    let columns: Vec<_> = checked.output.into_iter().map(shown::column).collect();
    let changes = live.as_ref().map(|live| changes(&columns, live)).unwrap_or_default();
    let table_exists = live.is_some();
    Ok(DryRun { columns, reads, whole_table_because, table_exists, changes })
}

/// The first rows that SQL returns over the newest partitions. [`domain::ErrorKind::Invalid`] when
/// it is wrong or needs more than a preview may use.
pub async fn preview(at: &OpenLake, dataset: &DatasetId, sql: &str) -> Result<Preview> {
    let started = Instant::now();
    let lake = &at.lake;
    let subject = Subject::of(lake, dataset).await?;
    let checked = subject.check(lake, sql).await?;
    // What no table can have may be looked at all the same.
    if checked.output.is_empty() {
        sound(checked)?;
    }
    let sample = Sample::take(lake.catalog.as_ref(), &subject.own, None).await?;
    let trials = at.trials()?;
    let cancel = CancellationToken::new();
    let result = trials.run_over(sql, &sample.part, &preview_limits(), &cancel).await?;
    let mut rows = Vec::with_capacity(result.rows);
    for batch in &result.batches {
        rows.extend(text_rows(batch)?);
    }
    let columns = result.schema.fields().iter().map(|field| OutputColumn {
        name: field.name().clone(),
        column_type: column_type(field.name(), field.data_type())
            .map_or_else(|_| field.data_type().to_string(), |known| known.to_string()),
        nullable: field.is_nullable(),
        partition_key: PARTITION_KEYS.contains(&field.name().as_str()),
    });
    Ok(Preview {
        columns: columns.collect(),
        rows,
        truncated: result.truncated,
        sampled: sampled(&sample),
        seconds: started.elapsed().as_secs_f64(),
    })
}

pub(super) fn sampled(sample: &Sample) -> Sampled {
    Sampled {
        table: sample.part.table.name.to_string(),
        partitions: sample.part.partitions.iter().map(ToString::to_string).collect(),
        of_partitions: sample.of_partitions,
        rows: sample.rows.iter().sum(),
        of_rows: sample.of_rows,
    }
}

/// The same when nothing is wrong; otherwise the first error with its place.
pub(super) fn sound(checked: check::Checked) -> Result<check::Checked> {
    let error = checked.findings.iter().find(|found| found.severity == check::Severity::Error);
    match error {
        None => Ok(checked),
        Some(found) => Err(Error::invalid(format!(
            "{} (line {}, column {})",
            found.message, found.place.line, found.place.column
        ))),
    }
}

/// How the output differs from the columns of the live table.
fn changes(output: &[OutputColumn], live: &CatalogTable) -> Vec<ColumnChange> {
    let own = output.iter().filter(|column| !column.partition_key);
    let mut changes: Vec<ColumnChange> = own
        .filter_map(|column| {
            let before = live.columns.iter().find(|other| other.name == column.name);
            let before = before.map(|other| other.column_type.to_string());
            let change = match &before {
                None => TypeChange::Added,
                Some(before) if *before != column.column_type => TypeChange::Retyped,
                Some(_) => return None,
            };
            let (name, after) = (column.name.clone(), Some(column.column_type.clone()));
            Some(ColumnChange { name, change, before, after })
        })
        .collect();
    let gone =
        live.columns.iter().filter(|column| !output.iter().any(|other| other.name == column.name));
    changes.extend(gone.map(|column| ColumnChange {
        name: column.name.clone(),
        change: TypeChange::Removed,
        before: Some(column.column_type.to_string()),
        after: None,
    }));
    changes
}
