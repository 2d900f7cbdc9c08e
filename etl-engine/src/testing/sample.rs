//! Values for tests, always the same ones.

use domain::arrival::{Arrival, ObjectVersion, Sequencer};
use domain::column::{Column, ColumnType};
use domain::dataset::DatasetId;
use domain::run::{Step, StepStatus, Trigger};
use domain::source::{CsvDialect, Format, Source};
use domain::zone::Hop;
use jiff::{SignedDuration, Timestamp};

use crate::run::{ClaimRequest, NewRun};

/// So many seconds after a fixed moment.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_600_000_000 + seconds).unwrap()
}

/// A dataset of the source system `tlc`.
pub fn dataset(table: &str) -> DatasetId {
    DatasetId::new("tlc", table).unwrap()
}

/// An arrival at a key, told apart by its eTag.
pub fn arrival(key: &str, e_tag: &str) -> Arrival {
    Arrival {
        bucket: "raw".into(),
        key: key.into(),
        version: ObjectVersion::ETag(e_tag.into()),
        sequencer: Sequencer::at(at(0)),
        size: 96,
        landed_at: at(0),
    }
}

/// A run of a file of a table, to be queued.
pub fn new_run(table: &str, file: &str) -> NewRun {
    NewRun {
        arrival: arrival(&format!("tlc/{table}/{file}"), file),
        dataset: dataset(table),
        trigger: Trigger::Event,
        actor: "sluice".into(),
        held: None,
        original: None,
    }
}

/// A claim for `worker` with a lease of 60 s and at most three attempts.
pub fn request(worker: &str) -> ClaimRequest {
    ClaimRequest { worker: worker.into(), lease: SignedDuration::from_secs(60), max_attempts: 3 }
}

/// A step that is over unless it is running or committing.
pub fn step(hop: Hop, status: StepStatus) -> Step {
    let goes_on = matches!(status, StepStatus::Running | StepStatus::Committing);
    Step {
        hop,
        status,
        counts: domain::run::Counts::default(),
        partitions: Vec::new(),
        commit: None,
        definition_version: Some(1),
        note: None,
        started_at: at(1),
        finished_at: (!goes_on).then(|| at(2)),
    }
}

/// A registration with one column.
pub fn source(table: &str) -> Source {
    let columns = vec![Column::new("VendorID", ColumnType::Int)];
    Source::new(dataset(table), "mobility", Format::Csv(CsvDialect::default()), columns)
}
