//! `sluice generate-trips`: a file of generated taxi trips, for benchmarks and tests.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use domain::partition::Partition;
use domain::{Error, Result};

use super::output::print_json;
use crate::demo::{TripFile, TripKind};

/// Write generated taxi trips to a file.
#[derive(Debug, Args)]
pub(super) struct GenerateTrips {
    #[arg(long, value_enum)]
    kind: Kind,
    #[arg(long)]
    rows: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Day of the first pickups.
    #[arg(long, default_value = "2020-08-01")]
    first_day: Partition,
    /// Pickups spread over so many days.
    #[arg(long, default_value_t = 31)]
    days: u16,
    /// Some rows have faults.
    #[arg(long)]
    faults: bool,
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Yellow,
    Green,
}

impl GenerateTrips {
    pub(super) fn run(self) -> Result<ExitCode> {
        let kind = match self.kind {
            Kind::Yellow => TripKind::Yellow,
            Kind::Green => TripKind::Green,
        };
        let trips = TripFile {
            kind,
            rows: self.rows,
            seed: self.seed,
            first_day: self.first_day,
            days: self.days,
            faults: self.faults,
        };
        let written = File::create(&self.out)
            .and_then(|file| trips.write(&mut BufWriter::new(file)))
            .map_err(|error| {
                Error::invalid(format!("{} cannot be written: {error}", self.out.display()))
            })?;
        print_json(&serde_json::json!({
            "rows": written.rows,
            "rejected": written.rejected,
            "multiline": written.multiline,
            "bytes": written.bytes,
        }))?;
        Ok(ExitCode::SUCCESS)
    }
}
