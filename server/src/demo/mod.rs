//! The demo's datasets: two taxi sources as the reference has them, and trips to fill them with.

mod faults;
mod fixtures;
mod lake;
mod random;
mod row;
mod sources;
mod trip;
mod trip_file;

pub use fixtures::write_fixtures;
pub use lake::{NOT_EMULATED, commit_lake};
pub use sources::{DemoDataset, datasets, source_for_header};
pub use trip::TripKind;
pub use trip_file::{TripFile, Written};
