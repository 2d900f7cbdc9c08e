//! The data flow: raw -> conformed -> purpose-built, over object stores and a few ports.
//!
//! Architecture invariant: no SQL driver and no cloud SDK is named here. What differs between a
//! laptop and AWS stands behind the ports: `object_store`, [`catalog::Catalog`],
//! [`run::RunLedger`], [`run::ArrivalQueue`], [`source::SourceRegistry`],
//! [`transformation::TransformationStore`], [`quality::QualityStore`], [`notify::Outbox`], [`notify::Notifier`].

pub mod catalog;
pub mod column_types;
pub mod conformed_to_purpose_built;
pub mod dataset_history;
pub mod lake;
pub mod lineage;
pub mod notify;
pub mod quality;
pub mod query;
pub mod raw_key;
pub mod raw_to_conformed;
pub mod run;
pub mod source;
pub mod table_files;
#[cfg(feature = "test-support")]
pub mod testing;
pub mod transformation;

pub use domain::{Error, ErrorKind, Result, failpoint};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex whose data stays valid when a holder panics (every critical section is one move).
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
