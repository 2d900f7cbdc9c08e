//! Uploads: from the last byte to the run.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{Error, Result};
use etl_embedded::{Upload, UploadState};
use etl_engine::failpoint;
use futures::Stream;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::landing;
use crate::open_lake::OpenLake;

/// From one look at what was left behind to the next.
const TEND_EVERY: Duration = Duration::from_secs(60);

/// Appends bytes to an upload; the last ones land the file and record its run. Goes on to its end
/// when the caller goes away, so that what was sent is kept. Errors as
/// [`etl_embedded::Uploads::append`].
pub async fn append(
    lake: Arc<OpenLake>,
    upload: Upload,
    offset: u64,
    bytes: impl Stream<Item = Result<Bytes>> + Send + 'static,
) -> Result<Upload> {
    let carried_out = tokio::spawn(async move {
        let upload = lake.uploads.append(&upload, offset, bytes).await?;
        if upload.is_complete() { finish(&lake, &upload).await } else { Ok(upload) }
    });
    carried_out.await.map_err(|error| Error::internal(error.to_string()))?
}

/// Lands a complete upload by the same steps as `sluice ingest`. May be repeated after a crash.
pub async fn finish(lake: &OpenLake, upload: &Upload) -> Result<Upload> {
    if upload.state == UploadState::Landed {
        return Ok(upload.clone());
    }
    let arrival = lake.uploads.land(upload).await?;
    let run = landing::record(lake, arrival, &upload.actor, None).await?.id;
    failpoint::reach("upload.recorded")?;
    lake.uploads.recorded(upload.id, run).await?;
    tracing::info!(upload = %upload.id, run = %run, key = upload.key, "upload landed");
    lake.uploads.find(upload.id, &upload.owner).await
}

/// Lands what a stopped server left complete and removes what was abandoned, now and every minute.
pub async fn tend(lake: Arc<OpenLake>, stop: CancellationToken) {
    loop {
        if let Err(error) = tend_once(&lake, Timestamp::now()).await {
            tracing::warn!(%error, "uploads were not looked after; tried again in a minute");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TEND_EVERY) => {}
        }
    }
}

/// As [`tend`], once.
pub async fn tend_once(lake: &OpenLake, now: Timestamp) -> Result<()> {
    for upload in lake.uploads.left_complete(now).await? {
        if let Err(error) = finish(lake, &upload).await {
            // One that cannot land hinders no other.
            tracing::warn!(upload = %upload.id, %error, "a complete upload cannot land");
        }
    }
    let removed = lake.uploads.expire(now).await?;
    if removed > 0 {
        tracing::info!(removed, "abandoned uploads removed");
    }
    Ok(())
}
