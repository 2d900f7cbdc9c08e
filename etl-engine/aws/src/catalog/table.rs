//! Tables between our words and Glue's: the shape that Athena, Spark and the reference know.

use std::collections::BTreeMap;

use aws_sdk_glue::error::BuildError;
use aws_sdk_glue::types::{Column, SerDeInfo, StorageDescriptor, Table, TableInput};
use domain::partition::PARTITION_KEYS;
use domain::table::{CatalogColumn, CatalogTable, TableName};
use domain::zone::Zone;
use domain::{Error, Result};

use super::GlueSettings;
use super::own::{Own, PREFIX, Parameters};
use super::text::{self, Place};

const INPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT_FORMAT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
const TABLE_TYPE: &str = "EXTERNAL_TABLE";

/// Why a table of Glue is none that Sluice could keep.
#[derive(Debug)]
pub(super) struct Unfit(pub(super) String);

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        Error::invalid(unfit.0)
    }
}

impl GlueSettings {
    /// Refuses a database that lists would never look into.
    pub(super) fn check_database(&self, name: &TableName) -> Result<()> {
        if self.databases.contains(&name.database) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "table {name}: {:?} is none of this environment's Glue databases ({}): name one of them \
             in the source",
            name.database,
            self.databases.join(", ")
        )))
    }

    /// Where a table's folder is: `s3://bucket/folder/`.
    pub(super) fn address(&self, zone: Zone, location: &str) -> Result<String> {
        let bucket = match zone {
            Zone::Conformed => &self.conformed_bucket,
            Zone::PurposeBuilt => &self.purpose_built_bucket,
            Zone::Raw => return Err(Error::internal("the raw zone holds no tables")),
        };
        Ok(format!("s3://{bucket}/{location}/"))
    }

    /// The zone and the folder of an address.
    fn place<'a>(&self, address: &'a str) -> Option<(Zone, &'a str)> {
        let path = ["s3://", "s3a://"].iter().find_map(|scheme| address.strip_prefix(scheme))?;
        let (bucket, folder) = path.split_once('/')?;
        let zone = match bucket {
            bucket if bucket == self.conformed_bucket => Zone::Conformed,
            bucket if bucket == self.purpose_built_bucket => Zone::PurposeBuilt,
            _ => return None,
        };
        Some((zone, folder.trim_matches('/')))
    }
}

/// A table of Glue in our words.
pub(super) fn read_table(
    settings: &GlueSettings,
    database: &str,
    table: &Table,
) -> Result<CatalogTable, Unfit> {
    let name = TableName::new(database, table.name.clone());
    let unfit =
        |why: &str| Unfit(format!("table {name} is in Glue, but none that Sluice can keep: {why}"));
    let storage = table.storage_descriptor.as_ref().ok_or_else(|| unfit("it has no files"))?;
    if !is_partitioned_by_day(table) {
        return Err(unfit("its partition keys are not year, month, day as string"));
    }
    let address = storage.location.as_deref().unwrap_or_default();
    let (zone, location) = settings.place(address).ok_or_else(|| {
        unfit(&format!("{address:?} is in neither the conformed nor the purpose-built bucket"))
    })?;
    let none = Parameters::new();
    let parameters = table.parameters.as_ref().unwrap_or(&none);
    let columns = storage.columns().iter().map(|column| read_column(column, parameters));
    let columns = columns.collect::<Result<Vec<_>>>().map_err(|error| unfit(error.message()))?;
    let theirs = parameters.iter().filter(|(key, _)| !key.starts_with(PREFIX));
    Ok(CatalogTable {
        zone,
        location: location.to_owned(),
        columns,
        description: text::read(Place::Table, table.description.as_deref(), parameters),
        parameters: theirs.map(|(key, value)| (key.clone(), value.clone())).collect(),
        version: Own::of(table).version(),
        name,
    })
}

fn is_partitioned_by_day(table: &Table) -> bool {
    let keys = table.partition_keys().iter();
    keys.map(|key| (key.name.as_str(), key.r#type.as_deref()))
        .eq(PARTITION_KEYS.map(|key| (key, Some("string"))))
}

fn read_column(column: &Column, parameters: &Parameters) -> Result<CatalogColumn> {
    let name = column.name.clone();
    let column_type = column.r#type.as_deref().unwrap_or_default();
    Ok(CatalogColumn {
        column_type: column_type.parse().map_err(|error: Error| error.context(&name))?,
        comment: text::read(Place::Column(&name), column.comment.as_deref(), parameters),
        name,
    })
}

/// A table in Glue's words, on top of what Glue has of it: what we do not know of stays.
/// `own` are the parameters of ours.
pub(super) fn table_input(
    settings: &GlueSettings,
    table: &CatalogTable,
    current: Option<&Table>,
    own: impl FnOnce(&mut Parameters),
) -> Result<TableInput> {
    let mut parameters: Parameters =
        table.parameters.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    parameters.retain(|key, _| !key.starts_with(PREFIX));
    let description = text::written(Place::Table, table.description.as_deref(), &mut parameters);
    let columns = written_columns(table, current, &mut parameters)?;
    let address = settings.address(table.zone, &table.location)?;
    let storage = current.and_then(|current| current.storage_descriptor.clone());
    let storage = storage.unwrap_or_else(|| new_storage(&address));
    own(&mut parameters);
    let input = TableInput::builder()
        .name(&table.name.table)
        // Left out, an earlier description could stay.
        .description(description.unwrap_or_default())
        .storage_descriptor(with_columns(storage, columns))
        .table_type(TABLE_TYPE)
        .set_parameters(Some(parameters));
    with_kept(input, current)?.build().map_err(unwritable)
}

/// The same table in Glue with other parameters.
pub(super) fn with_parameters(current: &Table, parameters: Parameters) -> Result<TableInput> {
    let input = TableInput::builder()
        .name(&current.name)
        .description(current.description.clone().unwrap_or_default())
        .set_storage_descriptor(current.storage_descriptor.clone())
        .set_table_type(current.table_type.clone())
        .set_parameters(Some(parameters));
    with_kept(input, Some(current))?.build().map_err(unwritable)
}

type Input = aws_sdk_glue::types::builders::TableInputBuilder;

/// What a table has beside columns, descriptions and parameters.
fn with_kept(input: Input, current: Option<&Table>) -> Result<Input> {
    let Some(current) = current else { return Ok(input.set_partition_keys(Some(keys()?))) };
    Ok(input
        .set_owner(current.owner.clone().filter(|owner| !owner.is_empty()))
        .retention(current.retention)
        .set_last_access_time(current.last_access_time)
        .set_last_analyzed_time(current.last_analyzed_time)
        .set_partition_keys(current.partition_keys.clone()))
}

fn keys() -> Result<Vec<Column>> {
    let key = |name: &str| Column::builder().name(name).r#type("string").build();
    PARTITION_KEYS.iter().map(|name| key(name)).collect::<Result<_, _>>().map_err(unwritable)
}

fn written_columns(
    table: &CatalogTable,
    current: Option<&Table>,
    parameters: &mut Parameters,
) -> Result<Vec<Column>> {
    let known = current.and_then(|current| current.storage_descriptor.as_ref());
    let known: BTreeMap<&str, &Column> = known
        .map(|known| known.columns().iter().map(|known| (known.name.as_str(), known)).collect())
        .unwrap_or_default();
    let columns = table.columns.iter().map(|column| {
        let place = Place::Column(&column.name);
        let comment = text::written(place, column.comment.as_deref(), parameters);
        let known = known.get(column.name.as_str());
        Column::builder()
            .name(&column.name)
            .r#type(column.column_type.to_string())
            .set_comment(comment)
            .set_parameters(known.and_then(|known| known.parameters.clone()))
            .build()
    });
    columns.collect::<Result<_, _>>().map_err(unwritable)
}

fn new_storage(address: &str) -> StorageDescriptor {
    let serde =
        SerDeInfo::builder().serialization_library(SERDE).parameters("serialization.format", "1");
    StorageDescriptor::builder()
        .location(address)
        .input_format(INPUT_FORMAT)
        .output_format(OUTPUT_FORMAT)
        .serde_info(serde.build())
        .build()
}

fn with_columns(mut storage: StorageDescriptor, columns: Vec<Column>) -> StorageDescriptor {
    storage.columns = Some(columns);
    storage
}

/// A value that Glue's types do not take.
pub(super) fn unwritable(error: BuildError) -> Error {
    Error::internal("a value cannot be written to Glue").with_source(error)
}
