//! The two sources of the reference's walk-through, with their transformations.

use domain::column::{Column, ColumnType, normalised_name};
use domain::dataset::DatasetId;
use domain::source::{CsvDialect, DriftPolicy, Format, MalformedPolicy, PartitionRule, Source};
use domain::{Error, Result};

use super::TripKind;

const SOURCE_SYSTEM: &str = "tlc_taxi_data";
const CONFORMED_DATABASE: &str = "datalake_raw_source";
const PURPOSE_BUILT_DATABASE: &str = "datablog_arg";

/// A dataset of the demo, ready to be registered.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoDataset {
    /// What its generated files look like.
    pub kind: TripKind,
    /// Its registration.
    pub source: Source,
    /// Its transformation, verbatim from the reference.
    pub sql: &'static str,
}

/// Both datasets, yellow first.
pub fn datasets() -> Result<Vec<DemoDataset>> {
    Ok(vec![
        DemoDataset {
            kind: TripKind::Yellow,
            source: source(TripKind::Yellow)?,
            sql: include_str!("yellow_taxi_trip_record.sql").trim_ascii_end(),
        },
        DemoDataset {
            kind: TripKind::Green,
            source: source(TripKind::Green)?,
            sql: include_str!("green_taxi_record_data.sql").trim_ascii_end(),
        },
    ])
}

/// The dataset whose files have a header like this one. What only one of the datasets has decides, so
/// that a file with a renamed column still reaches its source, which then names the column.
pub fn source_for_header<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<DatasetId> {
    let names: Vec<_> = names.into_iter().map(normalised_name).collect();
    let kind = [TripKind::Yellow, TripKind::Green].into_iter().find(|kind| {
        let own = ["pickup_datetime", "dropoff_datetime"].map(|suffix| prefixed(*kind, suffix));
        own.iter().any(|column| names.contains(column))
    })?;
    dataset(kind).ok()
}

pub(super) fn dataset(kind: TripKind) -> Result<DatasetId> {
    DatasetId::new(
        SOURCE_SYSTEM,
        match kind {
            TripKind::Yellow => "yellow_taxi_trip_record",
            TripKind::Green => "green_taxi_record_data",
        },
    )
}

fn source(kind: TripKind) -> Result<Source> {
    let source = Source {
        dataset: dataset(kind)?,
        owner: "data-engineering".to_owned(),
        description: Some(format!("Trips of {kind} taxis, one file a month")),
        conformed_database: Some(CONFORMED_DATABASE.to_owned()),
        purpose_built_database: Some(PURPOSE_BUILT_DATABASE.to_owned()),
        format: Format::Csv(CsvDialect::default()),
        partition: PartitionRule::default(),
        malformed: MalformedPolicy::default(),
        drift: DriftPolicy::Fail,
        columns: kind.header().split(',').map(column).collect(),
    };
    source.validate().map_err(|error| Error::internal(error.message()))?;
    Ok(source)
}

/// Types as pinned after a look at whole real files: identifiers and counts are whole numbers, also
/// where a month writes `2.0`; money and miles are not.
fn column(source_name: &str) -> Column {
    let column_type = match source_name {
        "VendorID" | "RatecodeID" | "PULocationID" | "DOLocationID" | "passenger_count"
        | "payment_type" | "trip_type" => ColumnType::BigInt,
        "store_and_fwd_flag" => ColumnType::String,
        name if name.ends_with("_datetime") => ColumnType::Timestamp,
        _ => ColumnType::Double,
    };
    Column::new(source_name, column_type)
}

/// `tpep_…` in yellow files, `lpep_…` in green ones.
fn prefixed(kind: TripKind, suffix: &str) -> String {
    match kind {
        TripKind::Yellow => format!("tpep_{suffix}"),
        TripKind::Green => format!("lpep_{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sources_are_valid_and_read_their_own_files() {
        for DemoDataset { kind, source, sql } in datasets().unwrap() {
            source.validate().unwrap();
            let names: Vec<_> = source.columns.iter().map(|c| c.source_name.as_str()).collect();
            assert_eq!(names.join(","), kind.header());
            assert_eq!(source_for_header(names), Some(source.dataset.clone()));
            let table = format!("\"datalake_raw_source\".\"{}\"", source.dataset.table());
            assert!(sql.contains(&table), "{sql}");
        }
    }

    #[test]
    fn a_renamed_column_does_not_hide_the_source() {
        let names = TripKind::Green.header().replace("VendorID", "vendor");
        let dataset = source_for_header(names.split(',')).unwrap();
        assert_eq!(dataset.to_string(), "tlc_taxi_data/green_taxi_record_data");
        assert_eq!(source_for_header(["locationid", "borough", "zone"]), None);
    }

    #[test]
    fn types_are_pinned() {
        let green = &datasets().unwrap()[1].source;
        let type_of = |name: &str| green.column(name).unwrap().column_type.to_string();
        assert_eq!(type_of("vendorid"), "bigint");
        assert_eq!(type_of("ehail_fee"), "double");
        assert_eq!(type_of("lpep_pickup_datetime"), "timestamp");
        assert_eq!(type_of("store_and_fwd_flag"), "string");
    }
}
