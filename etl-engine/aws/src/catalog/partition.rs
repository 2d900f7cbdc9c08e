//! One partition between our words and Glue's: its totals stand in parameters of its own.

use aws_sdk_glue::types::{Partition as GluePartition, PartitionInput, StorageDescriptor, Table};
use domain::partition::Partition;
use domain::run::RunId;
use domain::table::CatalogPartition;
use domain::{Error, Result};
use jiff::Timestamp;

use super::own::{PREFIX, Parameters};

const ROWS: &str = "sluice:rows";
const BYTES: &str = "sluice:bytes";
const FILES: &str = "sluice:files";
const RUN: &str = "sluice:run";
const UPDATED_AT: &str = "sluice:updated_at";

/// Stands for the run of a partition that no run of ours wrote.
const NO_RUN: &str = "00000000-0000-0000-0000-000000000000";

/// The day of a partition; `None` when its values are no day.
pub(super) fn day_of(partition: &GluePartition) -> Option<Partition> {
    match partition.values() {
        [year, month, day] => Partition::from_values(year, month, day).ok(),
        _ => None,
    }
}

/// A partition of Glue in our words; `None` when its values are no day. What others catalogued has
/// the totals that Hive and Spark write, as far as they did.
pub(super) fn read_partition(found: &GluePartition) -> Result<Option<CatalogPartition>> {
    let Some(partition) = day_of(found) else { return Ok(None) };
    let parameters = found.parameters.as_ref();
    let text = |key: &str| parameters.and_then(|parameters| parameters.get(key));
    let number = |keys: [&str; 3]| {
        let number = keys.iter().find_map(|key| text(key)?.parse().ok());
        number.unwrap_or_default()
    };
    let made = found.creation_time.and_then(|at| Timestamp::from_second(at.secs()).ok());
    let updated_at = match text(UPDATED_AT) {
        Some(at) => at.parse().map_err(|error| unreadable(partition, UPDATED_AT, error))?,
        None => made.unwrap_or(Timestamp::UNIX_EPOCH),
    };
    let run = text(RUN).map_or(NO_RUN, String::as_str);
    Ok(Some(CatalogPartition {
        partition,
        rows: number([ROWS, "recordCount", "numRows"]),
        bytes: number([BYTES, "sizeKey", "totalSize"]),
        files: number([FILES, "objectCount", "numFiles"]),
        run: run.parse::<RunId>()?,
        updated_at,
    }))
}

fn unreadable(partition: Partition, key: &str, error: jiff::Error) -> Error {
    Error::internal(format!("the parameter {key} of partition {partition} cannot be read"))
        .with_source(error)
}

/// A partition in Glue's words. Parameters that others gave to it stay.
pub(super) fn partition_input(
    table: &Table,
    partition: &CatalogPartition,
    current: Option<&GluePartition>,
) -> PartitionInput {
    let theirs = current.and_then(|current| current.parameters.clone()).unwrap_or_default();
    let mut parameters: Parameters =
        theirs.into_iter().filter(|(key, _)| !key.starts_with(PREFIX)).collect();
    let mut set = |key: &str, value: String| parameters.insert(key.to_owned(), value);
    set(ROWS, partition.rows.to_string());
    set(BYTES, partition.bytes.to_string());
    set(FILES, partition.files.to_string());
    set(RUN, partition.run.to_string());
    set(UPDATED_AT, partition.updated_at.to_string());
    PartitionInput::builder()
        .set_values(Some(partition.partition.values().to_vec()))
        .set_storage_descriptor(storage_of(table, partition.partition))
        .set_parameters(Some(parameters))
        .build()
}

/// The storage of a table, in the folder of one partition.
fn storage_of(table: &Table, partition: Partition) -> Option<StorageDescriptor> {
    let mut storage = table.storage_descriptor.clone()?;
    let folder = storage.location.as_deref().unwrap_or_default().trim_end_matches('/');
    storage.location = Some(format!("{folder}/{}/", partition.path()));
    Some(storage)
}

/// A partition as it is, with the columns of its table. `None` when it has them.
pub(super) fn with_columns_of(table: &Table, found: &GluePartition) -> Option<PartitionInput> {
    let columns = table.storage_descriptor.as_ref()?.columns.clone();
    let mut storage = found.storage_descriptor.clone()?;
    if storage.columns == columns {
        return None;
    }
    storage.columns = columns;
    let input = PartitionInput::builder()
        .set_values(found.values.clone())
        .set_last_access_time(found.last_access_time)
        .set_last_analyzed_time(found.last_analyzed_time)
        .storage_descriptor(storage)
        .set_parameters(found.parameters.clone());
    Some(input.build())
}
