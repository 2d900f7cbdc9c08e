//! A small lake in memory for the tests of queries and transformations.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use domain::column::ColumnType;
use domain::partition::Partition;
use domain::run::RunId;
use domain::table::{CatalogColumn, CatalogPartition, CatalogTable, TableName};
use domain::table_history::TableAuthor;
use domain::zone::Zone;
use jiff::Timestamp;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;

use super::readable::ReadableLake;
use crate::catalog::{Catalog, MemoryCatalog};

/// The transformation of the reference, to the letter.
pub(crate) const REFERENCE_SQL: &str = "SELECT count(*) count,coalesce(vendorid,-1)vendorid,day,month,year,pulocationid,dolocationid,      payment_type,sum(passenger_count)passenger_count,sum(trip_distance) total_trip_distance,sum(fare_amount)total_fare_amount,sum(extra)total_extra, sum(tip_amount)total_tip_amount,sum(tolls_amount)total_tolls_amount,sum(total_amount)total_amount
FROM \"datalake_raw_source\".\"yellow_taxi_trip_record\"
group by vendorid,day,month,year,day,month,year,pulocationid,dolocationid,payment_type";

const WHOLE: [&str; 5] =
    ["vendorid", "passenger_count", "pulocationid", "dolocationid", "payment_type"];
const MONEY: [&str; 6] =
    ["trip_distance", "fare_amount", "extra", "tip_amount", "tolls_amount", "total_amount"];

/// The yellow trips, as catalogued.
pub(crate) fn yellow() -> CatalogTable {
    let column = |name: &str, column_type| CatalogColumn {
        name: name.to_owned(),
        column_type,
        comment: None,
    };
    let columns = WHOLE
        .iter()
        .map(|name| column(name, ColumnType::BigInt))
        .chain(MONEY.iter().map(|name| column(name, ColumnType::Double)))
        .chain([column("store_and_fwd_flag", ColumnType::String)]);
    table("datalake_raw_source", "yellow_taxi_trip_record", columns.collect())
}

/// The lookup of zones, in one partition.
pub(crate) fn zones() -> CatalogTable {
    let columns = [("locationid", ColumnType::BigInt), ("borough", ColumnType::String)]
        .map(|(name, column_type)| CatalogColumn { name: name.into(), column_type, comment: None });
    table("datalake_raw_source", "zone_lookup", columns.to_vec())
}

fn table(database: &str, name: &str, columns: Vec<CatalogColumn>) -> CatalogTable {
    CatalogTable {
        name: TableName::new(database, name),
        zone: Zone::Conformed,
        location: format!("tlc_taxi_data/{name}"),
        columns,
        description: None,
        parameters: BTreeMap::new(),
        version: 0,
    }
}

/// A day of the tests: `n` from 1.
pub(crate) fn day(n: i8) -> Partition {
    Partition::of(jiff::civil::date(2020, 8, n)).unwrap()
}

/// An empty lake whose catalog knows the tables.
pub(crate) async fn lake(tables: &[CatalogTable]) -> ReadableLake {
    let catalog = MemoryCatalog::default();
    let by = TableAuthor::Person { login: "ada".into() };
    for table in tables {
        catalog.put_table(table, &by).await.unwrap();
    }
    ReadableLake {
        catalog: Arc::new(catalog),
        conformed: Arc::new(InMemory::new()),
        purpose_built: Arc::new(InMemory::new()),
    }
}

/// A lake with three days of yellow trips, two files on the first day, and the zones.
pub(crate) async fn taxi_lake() -> ReadableLake {
    let lake = lake(&[yellow(), zones()]).await;
    for (seed, n, file) in [(1, 1, "a"), (2, 1, "b"), (3, 2, "a"), (4, 3, "c")] {
        put(&lake, &yellow(), day(n), file, &trips(seed, 60)).await;
    }
    put(&lake, &zones(), day(1), "zones", &zone_rows()).await;
    lake
}

/// Writes a file and tells the catalog, as a run does.
pub(crate) async fn put(
    lake: &ReadableLake,
    table: &CatalogTable,
    partition: Partition,
    file: &str,
    rows: &RecordBatch,
) {
    put_bytes(lake, table, partition, file, parquet(rows)).await;
}

/// Writes any bytes as a data file and tells the catalog.
pub(crate) async fn put_bytes(
    lake: &ReadableLake,
    table: &CatalogTable,
    partition: Partition,
    file: &str,
    bytes: Vec<u8>,
) {
    let path = Path::from(format!("{}/{}/{file}.parquet", table.location, partition.path()));
    lake.conformed.put(&path, PutPayload::from(bytes)).await.unwrap();
    let stored = CatalogPartition {
        partition,
        rows: 0,
        bytes: 0,
        files: 1,
        run: RunId::generate(),
        updated_at: Timestamp::UNIX_EPOCH,
    };
    lake.catalog.put_partitions(&table.name, &[stored]).await.unwrap();
}

/// The rows as a Parquet file.
pub(crate) fn parquet(rows: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    bytes
}

/// Trips with small keys, some of them null, and amounts whose sums are exact in any order.
pub(crate) fn trips(seed: u64, rows: usize) -> RecordBatch {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut columns: Vec<(&str, ArrayRef, bool)> = Vec::new();
    for name in WHOLE {
        let values = (0..rows).map(|_| Some(next(4)).filter(|v| *v > 0).map(|v| v as i64));
        columns.push((name, Arc::new(values.collect::<Int64Array>()), true));
    }
    for name in MONEY {
        let values = (0..rows).map(|_| next(400) as f64 / 4.0);
        columns.push((name, Arc::new(values.map(Some).collect::<Float64Array>()), true));
    }
    let flags = (0..rows).map(|_| Some(if next(2) == 0 { "Y" } else { "N" }));
    columns.push(("store_and_fwd_flag", Arc::new(flags.collect::<StringArray>()), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn zone_rows() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["Bronx", "Queens", "EWR"]));
    RecordBatch::try_from_iter_with_nullable([("locationid", ids, true), ("borough", names, true)])
        .unwrap()
}

/// The rows as text, sorted.
pub(crate) fn sorted_rows(batches: &[RecordBatch]) -> Vec<String> {
    let mut rows: Vec<String> = batches.iter().flat_map(text_rows).collect();
    rows.sort();
    rows
}

/// The rows as text, one string each, cells separated by `|`.
pub(crate) fn text_rows(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("∅");
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    let row = |row: usize| {
        columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|")
    };
    (0..batch.num_rows()).map(row).collect()
}
