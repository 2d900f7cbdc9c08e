//! Clean-up: staged files of runs that ended, and history past its retention.
//!
//! Architecture invariant: nothing is deleted that the ledger may still need or that is younger than
//! a grace; table folders are never looked at.

use std::collections::BTreeMap;

use domain::Result;
use domain::run::{RunId, RunStatus, StepStatus};
use domain::zone::Zone;
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use super::EngineSettings;
use crate::lake::Lake;
use crate::table_files::store_error;

/// Deletes what is left over in both zones. Returns the number of files deleted.
pub async fn clean_up(lake: &Lake, settings: &EngineSettings, now: Timestamp) -> Result<usize> {
    let mut deleted = 0;
    for zone in [Zone::Conformed, Zone::PurposeBuilt] {
        let store = lake.zone(zone).as_ref();
        let old_staging = older_than(store, "_staging", now - settings.staging_grace).await?;
        for (run, files) in by_run(old_staging) {
            if may_be_needed(lake, run).await? {
                continue;
            }
            deleted += delete(store, &files).await?;
        }
        let old_history = replaced_before(store, now - settings.history_retention).await?;
        deleted += delete(store, &old_history).await?;
    }
    Ok(deleted)
}

/// Whether a run may still carry out a commit of what it staged.
async fn may_be_needed(lake: &Lake, run: Option<RunId>) -> Result<bool> {
    let Some(run) = run else { return Ok(false) };
    Ok(lake.ledger.run(run).await?.is_some_and(|run| {
        let committing = run.steps.iter().any(|step| step.status == StepStatus::Committing);
        !run.status.is_terminal() || (committing && run.status != RunStatus::Superseded)
    }))
}

async fn older_than(
    store: &dyn ObjectStore,
    folder: &str,
    limit: Timestamp,
) -> Result<Vec<ObjectMeta>> {
    let files: Vec<_> =
        store.list(Some(&Path::from(folder))).try_collect().await.map_err(store_error)?;
    let is_old = |meta: &ObjectMeta| meta.last_modified.timestamp() < limit.as_second();
    Ok(files.into_iter().filter(is_old).collect())
}

/// Kept files by when they were replaced. Their own time is that of when they were written, which
/// may be years before; the name of a kept file is the run that replaced it.
async fn replaced_before(store: &dyn ObjectStore, limit: Timestamp) -> Result<Vec<ObjectMeta>> {
    let files: Vec<_> =
        store.list(Some(&Path::from("_history"))).try_collect().await.map_err(store_error)?;
    let replaced_at = |meta: &ObjectMeta| -> Option<Timestamp> {
        let run = meta.location.filename()?.strip_suffix(".parquet")?;
        run.parse::<RunId>().ok()?.made_at()
    };
    Ok(files.into_iter().filter(|meta| replaced_at(meta).is_some_and(|at| at < limit)).collect())
}

/// Groups staged files by the run in their second folder.
fn by_run(files: Vec<ObjectMeta>) -> BTreeMap<Option<RunId>, Vec<ObjectMeta>> {
    let mut groups: BTreeMap<Option<RunId>, Vec<ObjectMeta>> = BTreeMap::new();
    for file in files {
        let run = file.location.parts().nth(1).and_then(|part| part.as_ref().parse().ok());
        groups.entry(run).or_default().push(file);
    }
    groups
}

async fn delete(store: &dyn ObjectStore, files: &[ObjectMeta]) -> Result<usize> {
    for file in files {
        match store.delete(&file.location).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(store_error(error)),
        }
    }
    Ok(files.len())
}
