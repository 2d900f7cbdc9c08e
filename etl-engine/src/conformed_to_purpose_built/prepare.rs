//! The second hop up to its commit: the transformation's rows are staged; nothing is visible.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use domain::column::ColumnType;
use domain::partition::{PARTITION_KEYS, Partition};
use domain::run::{Commit, Counts, RemovedFile, Run, StagedFile};
use domain::table::{CatalogTable, TableName};
use domain::transformation::Transformation;
use domain::zone::Zone;
use domain::{Error, Result};
use futures::StreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tokio_util::sync::CancellationToken;

use super::execute::{Execution, execute};
use super::locality::Locality;
use super::validate::{Validated, validate};
use crate::catalog::TableShape;
use crate::failpoint;
use crate::lake::Lake;
use crate::query::files::partitions_of;
use crate::query::session::SessionLimits;
use crate::raw_to_conformed::{Progress, table_shape};
use crate::run::Stop;
use crate::source::SourceVersion;
use crate::table_files::{PartitionedWriter, TablePaths, WriterSettings, store_error};

/// Name of the only file in a purpose-built partition.
const FILE_NAME: &str = "part-0.parquet";
/// Catalog parameter that names the version of the transformation by which a table was built.
pub const VERSION_PARAMETER: &str = "sluice.transformation-version";

/// What the second hop is asked to do.
#[derive(Debug)]
pub struct Request<'a> {
    /// The environment.
    pub lake: &'a Lake,
    /// The run.
    pub run: &'a Run,
    /// The registration of the dataset.
    pub source: &'a SourceVersion,
    /// The SQL to run.
    pub transformation: &'a Transformation,
    /// Partitions of the conformed table that the run changed.
    pub touched: &'a [Partition],
    /// Where to stage, different for every attempt.
    pub staging: String,
    /// Bounds of writing.
    pub writer: WriterSettings,
    /// Memory and disk for the transformation.
    pub limits: SessionLimits,
    /// Stops the hop before its commit.
    pub cancel: &'a CancellationToken,
    /// Told of rows while the hop goes on.
    pub progress: &'a Progress,
}

/// What the second hop prepared.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The commit to carry out.
    pub commit: Commit,
    /// The catalog table that the data needs.
    pub shape: TableShape,
    /// Partitions that the commit changes.
    pub partitions: Vec<Partition>,
    /// Rows and bytes.
    pub counts: Counts,
    /// What a person should know.
    pub note: Option<String>,
}

/// Runs the hop up to its commit. Only touched partitions are read where that gives the same table;
/// else the note says why everything was recomputed.
pub async fn prepare(request: Request<'_>) -> Result<Prepared, Stop> {
    let own = table_shape(&request.source.source).new_table();
    let sql = &request.transformation.sql;
    let catalog = request.lake.catalog.as_ref();
    let validated = validate(sql, catalog, std::slice::from_ref(&own), &own.name)
        .await
        .map_err(|error| error.context(format!("transformation of {}", request.run.dataset)))?;
    let shape = shape(&request, &validated);
    let existing = request.lake.catalog.table(&shape.name).await?;
    if let Some(existing) = &existing {
        shape.check_place(existing)?;
    }
    let scope = Scope::decide(&request, &validated, existing.as_ref());
    let staged = stage(&request, &own, &validated, scope.partitions.as_deref()).await?;
    let read = catalog.partitions(&own.name, scope.partitions.as_deref()).await?;
    let removals = emptied(&request, &shape, &scope, &staged).await?;
    let changed = staged.iter().map(|file| file.partition);
    let partitions: BTreeSet<_> = changed.chain(removals.iter().map(|f| f.partition)).collect();
    let counts = Counts {
        rows_read: read.iter().map(|partition| partition.rows).sum(),
        bytes_read: read.iter().map(|partition| partition.bytes).sum(),
        rows_written: staged.iter().map(|file| file.rows).sum(),
        bytes_written: staged.iter().map(|file| file.bytes).sum(),
        ..Counts::default()
    };
    Ok(Prepared {
        commit: Commit { moves: staged, removals },
        shape,
        partitions: partitions.into_iter().collect(),
        counts,
        note: scope.note,
    })
}

/// Which partitions are read, and why all if all.
struct Scope {
    /// `None`: the whole table.
    partitions: Option<Vec<Partition>>,
    note: Option<String>,
}

impl Scope {
    fn decide(
        request: &Request<'_>,
        validated: &Validated,
        existing: Option<&CatalogTable>,
    ) -> Self {
        let version = request.transformation.version.to_string();
        let Some(existing) = existing else {
            let why = "the table did not exist: it was built from all partitions";
            return Self::whole(why.to_owned());
        };
        let built_by = existing.parameters.get(VERSION_PARAMETER);
        if let Some(built_by) = built_by.filter(|built_by| **built_by != version) {
            return Self::whole(format!(
                "the table was built by version {built_by} of the transformation and is rebuilt by \
                 version {version}"
            ));
        }
        match &validated.locality {
            Locality::WholeTable { why } => Self::whole(format!("all partitions were read: {why}")),
            Locality::PartitionLocal => {
                Self { partitions: Some(request.touched.to_vec()), note: None }
            }
        }
    }

    fn whole(note: String) -> Self {
        Self { partitions: None, note: Some(note) }
    }
}

/// Runs the SQL and stages its rows by partition.
async fn stage(
    request: &Request<'_>,
    own: &CatalogTable,
    validated: &Validated,
    only: Option<&[Partition]>,
) -> Result<Vec<StagedFile>, Stop> {
    let execution = Execution {
        sql: &request.transformation.sql,
        own,
        output: &validated.output,
        touched: only,
        limits: SessionLimits { cancel: request.cancel.clone(), ..request.limits.clone() },
    };
    let mut rows = execute(&request.lake.into(), &execution).await?;
    let schema = file_schema(&rows.schema);
    let mut writer = PartitionedWriter::new(
        Arc::clone(&request.lake.purpose_built),
        request.staging.clone(),
        schema,
        request.writer,
    );
    let outcome = async {
        while let Some(batch) = rows.batches.next().await {
            if request.cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            let batch = batch?;
            let rows = batch.num_rows() as u64;
            request.progress.rows_written.fetch_add(rows, Ordering::Relaxed);
            for (partition, rows) in split(&batch)? {
                if only.is_some_and(|only| !only.contains(&partition)) {
                    return Err(outside(partition).into());
                }
                writer.write(partition, rows).await?;
            }
            failpoint::reach("conformed_to_purpose_built.after_batch")?;
        }
        Ok(())
    };
    if let Err(stop) = outcome.await {
        writer.abort().await;
        return Err(stop);
    }
    let paths = TablePaths::new(&request.source.source.dataset);
    Ok(writer.finish(|partition| paths.file(partition, FILE_NAME)).await?)
}

/// Files of partitions that were recomputed and have no rows any more. The zone is asked, not the
/// catalog alone: an earlier attempt may have taken a partition out of the catalog already.
async fn emptied(
    request: &Request<'_>,
    shape: &TableShape,
    scope: &Scope,
    staged: &[StagedFile],
) -> Result<Vec<RemovedFile>> {
    let catalog = &request.lake.catalog;
    let catalogued = catalog.partitions(&shape.name, scope.partitions.as_deref()).await?;
    let catalogued: BTreeSet<_> = catalogued.iter().map(|known| known.partition).collect();
    let zone = request.lake.purpose_built.as_ref();
    let mut recomputed: BTreeSet<_> = match &scope.partitions {
        Some(partitions) => partitions.iter().copied().collect(),
        None => partitions_of(zone, &shape.location).await?.into_iter().collect(),
    };
    recomputed.extend(&catalogued);
    for file in staged {
        recomputed.remove(&file.partition);
    }
    let paths = TablePaths::new(&request.source.source.dataset);
    let mut removals = Vec::new();
    for partition in recomputed {
        let path = paths.file(partition, FILE_NAME);
        match zone.head(&Path::from(path.as_str())).await {
            Ok(meta) => removals.push(RemovedFile { path, partition, e_tag: meta.e_tag }),
            // The catalog still names it although the file is gone: the commit takes it out there.
            Err(object_store::Error::NotFound { .. }) if catalogued.contains(&partition) => {
                removals.push(RemovedFile { path, partition, e_tag: None });
            }
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(store_error(error)),
        }
    }
    Ok(removals)
}

fn shape(request: &Request<'_>, validated: &Validated) -> TableShape {
    let source = &request.source.source;
    let columns: Vec<(String, ColumnType, Option<String>)> = validated
        .output
        .iter()
        .map(|(name, column_type)| (name.clone(), *column_type, None))
        .collect();
    TableShape {
        name: TableName::new(source.purpose_built_database(), source.dataset.table()),
        zone: Zone::PurposeBuilt,
        location: TablePaths::new(&source.dataset).location().to_owned(),
        columns,
        parameters: BTreeMap::from([
            ("classification".to_owned(), "parquet".to_owned()),
            (VERSION_PARAMETER.to_owned(), request.transformation.version.to_string()),
        ]),
    }
}

/// The columns that go into files: all but the partition keys, which the folders hold.
fn file_schema(schema: &Schema) -> SchemaRef {
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .filter(|field| !PARTITION_KEYS.contains(&field.name().as_str()))
        .cloned()
        .collect();
    Arc::new(Schema::new(fields))
}

/// Splits rows by their values of year, month and day, in the order of the days.
fn split(batch: &RecordBatch) -> Result<Vec<(Partition, RecordBatch)>> {
    let schema = batch.schema();
    let mut keys = Vec::with_capacity(PARTITION_KEYS.len());
    for name in PARTITION_KEYS {
        let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        keys.push(column.ok_or_else(|| Error::internal(format!("the rows lack the text {name}")))?);
    }
    if keys.iter().any(|key| key.null_count() > 0) {
        return Err(Error::invalid(
            "the transformation returned a row whose year, month or day is null: every row needs \
             its partition",
        ));
    }
    let day_of = |row: usize| [keys[0].value(row), keys[1].value(row), keys[2].value(row)];
    let mut rows: BTreeMap<[&str; 3], Vec<u32>> = BTreeMap::new();
    // Rows of a day mostly come together.
    let mut next = 0;
    while next < batch.num_rows() {
        let (start, day) = (next, day_of(next));
        while next < batch.num_rows() && day_of(next) == day {
            next += 1;
        }
        let of_day = (start..next).map(|row| u32::try_from(row).unwrap_or(u32::MAX));
        rows.entry(day).or_default().extend(of_day);
    }
    let kept: Vec<_> = (0..batch.num_columns())
        .filter(|index| !PARTITION_KEYS.contains(&schema.field(*index).name().as_str()))
        .collect();
    let failed = |error: arrow::error::ArrowError| {
        Error::internal(format!("splitting rows by partition failed: {error}"))
    };
    let values = batch.project(&kept).map_err(failed)?;
    let whole = rows.len() == 1;
    rows.into_iter()
        .map(|([year, month, day], rows)| {
            let partition = Partition::from_values(year, month, day)
                .map_err(|error| error.context("the transformation returned a row with"))?;
            let rows = match whole {
                true => values.clone(),
                false => take_record_batch(&values, &UInt32Array::from(rows)).map_err(failed)?,
            };
            Ok((partition, rows))
        })
        .collect()
}

fn outside(partition: Partition) -> Error {
    Error::internal(format!(
        "the transformation returned rows of {partition}, which was not read; nothing was committed"
    ))
}
