//! The embedded adapters: SQLite or PostgreSQL for state, local folders for the zones.
//!
//! Architecture invariant: nothing here decides what the data flow does; the rules of the ledger
//! are [`etl_engine::run::Job`]'s. This crate stores, watches and delivers.

mod catalog;
mod ledger;
mod notify;
mod outbox;
mod quality;
mod queue;
mod source;
mod store;
mod transformation;
mod uploads;

pub use catalog::SqlCatalog;
pub use ledger::SqlRunLedger;
pub use notify::{LogFileNotifier, WebhookNotifier, outbound};
pub use outbox::SqlOutbox;
pub use quality::SqlQualityStore;
pub use queue::{FolderArrivalQueue, RawZone, WatchSettings, land, landed};
pub use source::SqlSourceRegistry;
pub use store::{Zones, local_store};
pub use transformation::SqlTransformationStore;
pub use uploads::{NewUpload, Upload, UploadLimits, UploadState, Uploads};
