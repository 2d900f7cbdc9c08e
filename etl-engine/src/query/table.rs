//! A catalog table as DataFusion scans it: pruned partitions, versioned reads, nothing cached.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use domain::partition::{PARTITION_KEYS, Partition};
use domain::table::{CatalogColumn, CatalogTable};
use domain::zone::Zone;
use object_store::ObjectStore;

use super::files::{DataFile, files_of};
use super::reads::{ReadLog, VersionedReaders};
use super::session::zone_url;
use crate::column_types::{file_fields, partition_fields, table_schema};

/// A table over the partitions it was given. The files are listed when a query is planned.
///
/// Columns that a file lacks read as null; those of another type are cast to the table's.
#[derive(Debug)]
pub struct CatalogTableProvider {
    location: String,
    columns: Vec<CatalogColumn>,
    schema: SchemaRef,
    zone: Zone,
    store: Arc<dyn ObjectStore>,
    partitions: Vec<Partition>,
    /// When given, these are all its files and the zone is not asked.
    given: Option<Vec<DataFile>>,
    log: Arc<ReadLog>,
}

impl CatalogTableProvider {
    /// The table over `partitions` (all that the catalog knows, or only the touched ones) with its
    /// files in `store`, the store of the table's zone. Reads are reported to `log`.
    pub fn new(
        table: &CatalogTable,
        partitions: Vec<Partition>,
        store: Arc<dyn ObjectStore>,
        log: Arc<ReadLog>,
    ) -> Self {
        Self {
            location: table.location.clone(),
            columns: table.columns.clone(),
            schema: table_schema(&table.columns),
            zone: table.zone,
            store,
            partitions,
            given: None,
            log,
        }
    }

    /// The table over exactly these files, wherever they lie in `store`.
    pub(crate) fn of_files(
        table: &CatalogTable,
        files: Vec<DataFile>,
        store: Arc<dyn ObjectStore>,
        log: Arc<ReadLog>,
    ) -> Self {
        let days: BTreeSet<_> = files.iter().map(|file| file.partition).collect();
        let table = Self::new(table, days.into_iter().collect(), store, log);
        Self { given: Some(files), ..table }
    }

    /// The files that a scan with these filters reads.
    pub(crate) async fn files(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> datafusion::common::Result<Vec<DataFile>> {
        let partitions = prune(state, &self.partitions, filters)?;
        if let Some(given) = &self.given {
            let wanted: BTreeSet<_> = partitions.into_iter().collect();
            return Ok(given.iter().filter(|f| wanted.contains(&f.partition)).cloned().collect());
        }
        files_of(&self.store, &self.location, &partitions)
            .await
            .map_err(|error| DataFusionError::External(Box::new(error)))
    }

    fn source(&self) -> ParquetSource {
        let schema = Arc::new(arrow::datatypes::Schema::new(file_fields(&self.columns)));
        let schema = TableSchema::builder(schema)
            .with_table_partition_cols(partition_fields().iter().cloned().collect::<Vec<_>>())
            .build();
        let readers = VersionedReaders::new(Arc::clone(&self.store), Arc::clone(&self.log));
        ParquetSource::new(schema).with_parquet_file_reader_factory(Arc::new(readers))
    }
}

#[async_trait]
impl TableProvider for CatalogTableProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> datafusion::common::Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| {
            if decides_by_partition(filter) {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Inexact
            }
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> datafusion::common::Result<Arc<dyn ExecutionPlan>> {
        let files = self.files(state, filters).await?;
        if files.is_empty() {
            let schema = datafusion::common::project_schema(&self.schema, projection)?;
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        // A limit below a filter that the scan does not decide alone would lose rows.
        let limit = limit.filter(|_| filters.iter().all(decides_by_partition));
        let files = FileGroup::new(files.into_iter().map(partitioned_file).collect());
        let config = FileScanConfigBuilder::new(
            ObjectStoreUrl::parse(zone_url(self.zone))?,
            Arc::new(self.source()),
        )
        .with_file_groups(files.split_files(state.config().target_partitions()))
        .with_projection_indices(projection.cloned())?
        .with_limit(limit)
        .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Whether year, month and day alone decide the filter, with the same answer every time.
fn decides_by_partition(filter: &Expr) -> bool {
    expr_applicable_for_cols(&PARTITION_KEYS, filter) && !holds_subquery(filter)
}

fn holds_subquery(expr: &Expr) -> bool {
    use datafusion::common::tree_node::TreeNode;
    let subquery = |expr: &Expr| {
        matches!(
            expr,
            Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::ScalarSubquery(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
        )
    };
    expr.exists(|expr| Ok(subquery(expr))).unwrap_or(true)
}

/// The partitions for which every filter on year, month and day is true.
pub(crate) fn prune(
    state: &dyn Session,
    partitions: &[Partition],
    filters: &[Expr],
) -> datafusion::common::Result<Vec<Partition>> {
    let schema = Arc::new(arrow::datatypes::Schema::new(partition_fields()));
    let df_schema = DFSchema::try_from(Arc::clone(&schema))?;
    let mut batch = RecordBatch::try_new(schema, partition_columns(partitions))?;
    for filter in filters.iter().filter(|filter| decides_by_partition(filter)) {
        let filter = without_relations(filter.clone())?;
        let filter = state.create_physical_expr(filter, &df_schema)?;
        let keep = filter.evaluate(&batch)?.into_array(batch.num_rows())?;
        batch = filter_record_batch(&batch, as_boolean_array(&keep)?)?;
    }
    partitions_in(&batch)
}

/// The filter with its columns named without their table, as the partition values are.
fn without_relations(filter: Expr) -> datafusion::common::Result<Expr> {
    use datafusion::common::Column;
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let unqualified = filter.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => {
                Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(unqualified.data)
}

fn partition_columns(partitions: &[Partition]) -> Vec<ArrayRef> {
    let values: Vec<_> = partitions.iter().map(|partition| partition.values()).collect();
    let column = |key: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values.iter().map(|value| &value[key])))
    };
    (0..PARTITION_KEYS.len()).map(column).collect()
}

fn partitions_in(batch: &RecordBatch) -> datafusion::common::Result<Vec<Partition>> {
    let column = |key: usize| datafusion::common::cast::as_string_array(batch.column(key));
    let (years, months, days) = (column(0)?, column(1)?, column(2)?);
    let partition = |row: usize| {
        Partition::from_values(years.value(row), months.value(row), days.value(row))
            .map_err(|error| DataFusionError::External(Box::new(error)))
    };
    (0..batch.num_rows()).map(partition).collect()
}

fn partitioned_file(file: DataFile) -> PartitionedFile {
    let values = file.partition.values().map(|value| ScalarValue::Utf8(Some(value)));
    PartitionedFile::new_from_meta(file.meta).with_partition_values(values.to_vec())
}
