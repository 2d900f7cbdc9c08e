//! Opening a raw object at exactly the version of its arrival.

use domain::arrival::{Arrival, ObjectVersion};
use domain::{Error, Result};
use futures::{StreamExt, TryStreamExt};
use object_store::{GetOptions, GetResultPayload, ObjectStore};

use super::decode::RawBytes;
use crate::raw_key;
use crate::run::Stop;
use crate::table_files::store_error;

/// Opens the bytes of an arrival: its version where the store keeps versions, else the object as
/// long as it still has the eTag of the arrival. Other bytes stop the run as superseded.
pub async fn open(raw: &dyn ObjectStore, arrival: &Arrival) -> Result<RawBytes, Stop> {
    let result = raw
        .get_opts(&raw_key::path_of(&arrival.key), exactly(arrival))
        .await
        .map_err(|error| refused(error, arrival))?;
    Ok(match result.payload {
        GetResultPayload::File(file, _) => RawBytes::File(file),
        GetResultPayload::Stream(stream) => RawBytes::Stream(stream.map_err(store_error).boxed()),
    })
}

/// Whether the bytes of an arrival are still what they were: a local file may be written over in
/// place while it is read. Asked after the last byte.
pub(super) async fn still_there(raw: &dyn ObjectStore, arrival: &Arrival) -> Result<(), Stop> {
    let options = GetOptions { head: true, ..exactly(arrival) };
    let answer = raw.get_opts(&raw_key::path_of(&arrival.key), options).await;
    answer.map(drop).map_err(|error| refused(error, arrival))
}

fn exactly(arrival: &Arrival) -> GetOptions {
    match &arrival.version {
        ObjectVersion::VersionId(id) => {
            GetOptions { version: Some(id.clone()), ..GetOptions::default() }
        }
        ObjectVersion::ETag(tag) => {
            GetOptions { if_match: Some(tag.clone()), ..GetOptions::default() }
        }
    }
}

fn refused(error: object_store::Error, arrival: &Arrival) -> Stop {
    match error {
        object_store::Error::Precondition { .. } => Stop::Superseded(format!(
            "{} was replaced after it arrived; the run of the newer version carries on",
            arrival.key
        )),
        object_store::Error::NotFound { .. } => Stop::Failed(Error::not_found(format!(
            "{} is no longer in the raw zone: land it again",
            arrival.key
        ))),
        other => Stop::Failed(store_error(other).context(&arrival.key)),
    }
}
