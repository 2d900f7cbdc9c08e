//! The transformation store in memory, for tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::dataset::DatasetId;
use domain::transformation::Transformation;
use domain::{Error, Result};
use jiff::Timestamp;

use super::TransformationStore;
use crate::lock;

/// A [`TransformationStore`] that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryTransformationStore {
    versions: Mutex<BTreeMap<DatasetId, Vec<Transformation>>>,
}

#[async_trait]
impl TransformationStore for MemoryTransformationStore {
    async fn current(&self, dataset: &DatasetId) -> Result<Option<Transformation>> {
        Ok(lock(&self.versions).get(dataset).and_then(|versions| versions.last().cloned()))
    }

    async fn version(&self, dataset: &DatasetId, version: u64) -> Result<Option<Transformation>> {
        let versions = lock(&self.versions);
        let mut all = versions.get(dataset).into_iter().flatten();
        Ok(all.find(|saved| saved.version == version).cloned())
    }

    async fn list(&self) -> Result<Vec<Transformation>> {
        let versions = lock(&self.versions);
        Ok(versions.values().filter_map(|versions| versions.last().cloned()).collect())
    }

    async fn history(&self, dataset: &DatasetId) -> Result<Vec<Transformation>> {
        let versions = lock(&self.versions);
        Ok(versions.get(dataset).into_iter().flatten().rev().cloned().collect())
    }

    async fn save(
        &self,
        dataset: &DatasetId,
        sql: &str,
        author: &str,
        message: &str,
        base: u64,
    ) -> Result<Transformation> {
        let mut all = lock(&self.versions);
        let versions = all.entry(dataset.clone()).or_default();
        if versions.len() as u64 != base {
            return Err(Error::conflict(format!(
                "the transformation of {dataset} is at version {}, not {base}: compare and repeat \
                 your change",
                versions.len()
            )));
        }
        let saved = Transformation {
            dataset: dataset.clone(),
            version: base + 1,
            sql: sql.to_owned(),
            author: author.to_owned(),
            message: message.to_owned(),
            saved_at: Timestamp::now(),
        };
        versions.push(saved.clone());
        Ok(saved)
    }
}
