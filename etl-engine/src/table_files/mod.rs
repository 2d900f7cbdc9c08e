//! Files of conformed and purpose-built tables: where they lie, how they are staged, how a staged
//! set replaces what a table holds.
//!
//! Architecture invariant: a table's folder is changed by [`carry_out`] alone. Everything before
//! that writes below `_staging/`, which no table, reader or listing looks at.

#[cfg(test)]
mod ambiguous;
mod commit;
mod encode;
mod parquet_file;
mod partitioned_writer;
mod paths;

pub use commit::{carry_out, discard, removals};
pub use encode::writer_properties;
pub use parquet_file::ParquetFile;
pub use partitioned_writer::{PartitionedWriter, WriterSettings};
pub use paths::{TablePaths, conformed_file_name, quarantine_path, staging_folder};

use domain::{Error, ErrorKind};

/// An error of a store, with its kind kept.
pub fn store_error(error: object_store::Error) -> Error {
    Error::new(kind_of_store(&error), error.to_string()).with_source(error)
}

/// What an error of a store means to its caller.
pub(crate) fn kind_of_store(error: &object_store::Error) -> ErrorKind {
    use object_store::Error as Store;
    match error {
        Store::NotFound { .. } => ErrorKind::NotFound,
        Store::AlreadyExists { .. } | Store::Precondition { .. } => ErrorKind::Conflict,
        Store::PermissionDenied { .. } | Store::Unauthenticated { .. } => ErrorKind::Denied,
        Store::InvalidPath { .. } | Store::NotSupported { .. } => ErrorKind::Invalid,
        other if asks_to_slow_down(&other.to_string()) => ErrorKind::Throttled,
        _ => ErrorKind::Unavailable,
    }
}

/// Stores have no kind of error for it; S3 says it in words.
fn asks_to_slow_down(said: &str) -> bool {
    said.contains("<Code>SlowDown</Code>") || said.contains("429 Too Many Requests")
}

/// An error while writing Parquet: always a fault of ours or of the disk below the writer.
pub(crate) fn parquet_error(error: parquet::errors::ParquetError) -> Error {
    Error::internal(format!("writing Parquet failed: {error}")).with_source(error)
}
