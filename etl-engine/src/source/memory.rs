//! The source registry in memory, for tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::dataset::DatasetId;
use domain::source::Source;
use domain::{Error, Result};
use jiff::Timestamp;

use super::{SourceRegistry, SourceVersion};
use crate::lock;

/// A [`SourceRegistry`] that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemorySourceRegistry {
    versions: Mutex<BTreeMap<DatasetId, Vec<SourceVersion>>>,
}

#[async_trait]
impl SourceRegistry for MemorySourceRegistry {
    async fn current(&self, dataset: &DatasetId) -> Result<Option<SourceVersion>> {
        Ok(lock(&self.versions).get(dataset).and_then(|versions| versions.last().cloned()))
    }

    async fn list(&self) -> Result<Vec<SourceVersion>> {
        let versions = lock(&self.versions);
        Ok(versions.values().filter_map(|versions| versions.last().cloned()).collect())
    }

    async fn history(&self, dataset: &DatasetId) -> Result<Vec<SourceVersion>> {
        let versions = lock(&self.versions);
        Ok(versions.get(dataset).into_iter().flatten().rev().cloned().collect())
    }

    async fn save(&self, source: &Source, author: &str, base: u64) -> Result<SourceVersion> {
        source.validate()?;
        let mut all = lock(&self.versions);
        let versions = all.entry(source.dataset.clone()).or_default();
        if versions.len() as u64 != base {
            return Err(Error::conflict(format!(
                "source {} is at version {}, not {base}: read it again and repeat your change",
                source.dataset,
                versions.len()
            )));
        }
        let saved = SourceVersion {
            version: base + 1,
            source: source.clone(),
            author: author.to_owned(),
            saved_at: Timestamp::now(),
        };
        versions.push(saved.clone());
        Ok(saved)
    }
}
