//! A fixture test of the demo's yellow aggregation, for people to start theirs from.

use std::path::Path;

use domain::{Error, Result};

use super::TripKind;
use super::sources::dataset;
use crate::transformations::fixtures::folder;

pub(super) const CASE: &str = "trips_are_counted_and_summed";

pub(super) const FILES: [(&str, &str); 2] = [
    (
        "yellow_taxi_trip_record.csv",
        include_str!("fixtures/trips_are_counted_and_summed/yellow_taxi_trip_record.csv"),
    ),
    ("expected.csv", include_str!("fixtures/trips_are_counted_and_summed/expected.csv")),
];

/// Writes the case into the data folder, unless the dataset has tests already.
pub fn write_fixtures(data_dir: &Path) -> Result<()> {
    let tests = folder(data_dir, &dataset(TripKind::Yellow)?);
    if tests.exists() {
        return Ok(());
    }
    let case = tests.join(CASE);
    let failed = |error: std::io::Error| {
        Error::invalid(format!("{} cannot be written: {error}", case.display()))
    };
    std::fs::create_dir_all(&case).map_err(failed)?;
    for (name, text) in FILES {
        std::fs::write(case.join(name), text).map_err(failed)?;
    }
    Ok(())
}
