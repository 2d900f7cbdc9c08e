//! What DataFusion's errors mean to the person who wrote the query.

use std::sync::Arc;

use datafusion::common::DataFusionError;
use domain::{Error, ErrorKind};

use super::reads::ReadLog;
use crate::table_files::kind_of_store;

/// Said when a query passes its memory or spill limit.
const NO_ROOM: &str = "the query needs more memory or spill space than it may use: select fewer \
    rows or columns, group by fewer keys, or aggregate before joining";

/// The error of planning or running a query, with its place in the text when that is known.
pub(crate) fn failure(error: DataFusionError) -> Error {
    if let Some(known) = known_cause(&error) {
        return known;
    }
    let place = error
        .diagnostic()
        .and_then(|diagnostic| diagnostic.span)
        .map(|span| format!(" (line {}, column {})", span.start.line, span.start.column));
    let root = error.find_root();
    let kind = kind_of(root);
    let text = match root {
        DataFusionError::ResourcesExhausted(_) => NO_ROOM.to_owned(),
        _ if kind == ErrorKind::Internal => "the query engine failed".to_owned(),
        _ => format!("{}{}", root.message(), place.unwrap_or_default()),
    };
    Error::new(kind, text).with_source(error)
}

/// The error of reading rows. [`ErrorKind::Unavailable`] when a file was replaced meanwhile: list
/// again and start over. A file that cannot be decoded is named.
pub(crate) async fn read_failure(error: DataFusionError, log: &Arc<ReadLog>) -> Error {
    if let Some(path) = log.replaced() {
        let text = format!("{path} was replaced while it was read: start again");
        return Error::new(ErrorKind::Unavailable, text).with_source(error);
    }
    if let Some(known) = known_cause(&error) {
        return known;
    }
    if let Some((kind, text)) = store_cause(&error) {
        return Error::new(kind, text).with_source(error);
    }
    let undecodable = matches!(
        error.find_root(),
        DataFusionError::ParquetError(_) | DataFusionError::ArrowError(..)
    );
    if undecodable && let Some((path, cause)) = log.broken_file().await {
        let text = format!("{path} cannot be read: {cause}; re-send its source object");
        return Error::invalid(text).with_source(error);
    }
    failure(error)
}

/// An error of ours that travelled through the engine.
fn known_cause(error: &DataFusionError) -> Option<Error> {
    cause::<Error>(error).cloned()
}

/// An error of the store that travelled through the decoder of Parquet: the file is not to blame.
fn store_cause(error: &DataFusionError) -> Option<(ErrorKind, String)> {
    let store = cause::<object_store::Error>(error)?;
    Some((kind_of_store(store), store.to_string()))
}

/// What is behind an error, if it is of this type.
fn cause<T: std::error::Error + 'static>(error: &DataFusionError) -> Option<&T> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        cause = current.source();
    }
    None
}

fn kind_of(root: &DataFusionError) -> ErrorKind {
    match root {
        DataFusionError::ObjectStore(error) => kind_of_store(error),
        DataFusionError::IoError(_) => ErrorKind::Unavailable,
        DataFusionError::Internal(_)
        | DataFusionError::Configuration(_)
        | DataFusionError::ExecutionJoin(_)
        | DataFusionError::Substrait(_)
        | DataFusionError::Ffi(_) => ErrorKind::Internal,
        _ => ErrorKind::Invalid,
    }
}
