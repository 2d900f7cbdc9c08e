//! Looking after queries: lost ones are given up, results that are old or too many are removed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::Result;
use domain::query::QueryId;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::result_file::ResultPaths;
use super::{Workbench, blocking, last_sign_of_life};

/// From one look to the next.
const TEND_EVERY: Duration = Duration::from_secs(15);

/// A file that belongs to no record is left alone for so long: its query may just begin.
const GRACE: Duration = Duration::from_secs(60 * 60);

/// Looks after the queries of an environment, now and every few seconds.
pub async fn tend(workbench: Arc<Workbench>, stop: CancellationToken) {
    loop {
        if let Err(error) = workbench.tend_once(Timestamp::now()).await {
            tracing::warn!(%error, "queries were not looked after; tried again in a moment");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TEND_EVERY) => {}
        }
    }
}

impl Workbench {
    /// One look.
    pub async fn tend_once(&self, now: Timestamp) -> Result<()> {
        self.records.give_up_lost(last_sign_of_life(now)).await?;
        let mut bytes = 0;
        let mut kept = HashSet::new();
        for (index, (id, size)) in self.records.kept().await?.into_iter().enumerate() {
            bytes += size;
            let rules = &self.retention;
            let old = made_at(id).is_some_and(|at| now.duration_since(at) > rules.life);
            if old || index >= rules.most || bytes > rules.most_bytes {
                self.records.forget_result(id).await?;
                let paths = ResultPaths::of(&self.folder, id);
                blocking(move || paths.remove()).await?;
            } else {
                kept.insert(id.to_string());
            }
        }
        let folder = self.folder.clone();
        blocking(move || {
            remove_strangers(&folder, &kept);
            Ok(())
        })
        .await
    }
}

/// When an id was made; it begins with the milliseconds since 1970.
fn made_at(id: QueryId) -> Option<Timestamp> {
    let hex: String = id.to_string().chars().filter(|ch| *ch != '-').take(12).collect();
    let millis = i64::from_str_radix(&hex, 16).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_millis(millis)).ok()
}

/// Removes files that belong to no kept result, such as those of a killed server.
fn remove_strangers(folder: &std::path::Path, kept: &HashSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        let age = modified.and_then(|at| SystemTime::now().duration_since(at).ok());
        if !kept.contains(stem) && age.is_some_and(|age| age > GRACE) {
            drop(std::fs::remove_file(path));
        }
    }
}
