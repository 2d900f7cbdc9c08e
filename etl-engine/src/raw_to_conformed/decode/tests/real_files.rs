//! Real trip records, where they are present beside the checkout or at `SLUICE_TEST_DATA`.

use std::fs::File;
use std::path::PathBuf;

use domain::column::{Column, ColumnType};
use domain::source::{CsvDialect, Format};

use super::{decode, options};
use crate::raw_to_conformed::decode::{RawBytes, open};

fn real_file(name: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let further = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let given = std::env::var("SLUICE_TEST_DATA").ok();
    let folders = given.iter().map(String::as_str).chain([beside, further]);
    folders.map(|folder| PathBuf::from(folder).join(name)).find(|path| path.exists())
}

fn kind(name: &str) -> ColumnType {
    match name {
        _ if name.contains("datetime") => ColumnType::Timestamp,
        "store_and_fwd_flag" => ColumnType::String,
        "VendorID" | "RatecodeID" | "PULocationID" | "DOLocationID" | "passenger_count"
        | "payment_type" | "trip_type" => ColumnType::BigInt,
        _ => ColumnType::Double,
    }
}

#[tokio::test]
async fn a18_real_trip_records_are_all_accounted_for() {
    let files = [
        ("green_tripdata_2020-08.csv.gz", 81_063),
        ("yellow_tripdata_2020-08.sample10k.csv.gz", 10_000),
        ("yellow_tripdata_2020-01.sample10k.csv.gz", 10_000),
    ];
    for (name, rows) in files {
        let Some(path) = real_file(name) else {
            println!("SKIPPED {name}: not present");
            continue;
        };
        let format = Format::Csv(CsvDialect::default());
        let source = || RawBytes::File(File::open(&path).unwrap());
        let opened = open(source(), &format, options(1 << 20)).await.unwrap();
        let columns: Vec<_> = opened
            .names()
            .unwrap()
            .iter()
            .map(|name| Column::new(name.clone(), kind(name)))
            .collect();
        let decoded = decode(source(), &format, &columns, options(1 << 20)).await.unwrap();
        assert_eq!(decoded.batch.num_rows(), rows, "{name}");
        assert_eq!(decoded.rejected, [], "{name}");
        let small = decode(source(), &format, &columns, options(5000)).await.unwrap();
        assert!(small.blocks > decoded.blocks);
        assert_eq!(small.batch, decoded.batch, "{name}");
    }
}
