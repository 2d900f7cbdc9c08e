//! The store of quality rules in memory, for tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::quality::{Judgement, JudgementSummary, QualityRules, SavedRules};
use domain::run::RunId;
use domain::table::TableName;
use domain::zone::Hop;
use domain::{Error, Result};
use jiff::Timestamp;

use super::QualityStore;
use crate::lock;

/// A [`QualityStore`] that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryQualityStore {
    versions: Mutex<BTreeMap<TableName, Vec<SavedRules>>>,
    judgements: Mutex<BTreeMap<(RunId, Hop), (i64, Judgement)>>,
}

#[async_trait]
impl QualityStore for MemoryQualityStore {
    async fn current(&self, table: &TableName) -> Result<Option<SavedRules>> {
        Ok(lock(&self.versions).get(table).and_then(|versions| versions.last().cloned()))
    }

    async fn list(&self) -> Result<Vec<SavedRules>> {
        let versions = lock(&self.versions);
        Ok(versions.values().filter_map(|versions| versions.last().cloned()).collect())
    }

    async fn history(&self, table: &TableName) -> Result<Vec<SavedRules>> {
        let versions = lock(&self.versions);
        Ok(versions.get(table).into_iter().flatten().rev().cloned().collect())
    }

    async fn save(
        &self,
        table: &TableName,
        rules: &QualityRules,
        author: &str,
        message: &str,
        base: u64,
    ) -> Result<SavedRules> {
        let mut all = lock(&self.versions);
        let versions = all.entry(table.clone()).or_default();
        if versions.len() as u64 != base {
            return Err(Error::conflict(format!(
                "the rules of {table} are at version {}, not {base}: look at them and repeat your \
                 change",
                versions.len()
            )));
        }
        let saved = SavedRules {
            table: table.clone(),
            version: base + 1,
            rules: rules.clone(),
            author: author.to_owned(),
            message: message.to_owned(),
            saved_at: Timestamp::now(),
        };
        versions.push(saved.clone());
        Ok(saved)
    }

    async fn record(&self, judgement: &Judgement, fence: i64) -> Result<()> {
        let mut judgements = lock(&self.judgements);
        let key = (judgement.run, judgement.hop);
        if judgements.get(&key).is_none_or(|(known, _)| *known <= fence) {
            judgements.insert(key, (fence, judgement.clone()));
        }
        Ok(())
    }

    async fn of_run(&self, run: RunId) -> Result<Vec<Judgement>> {
        let judgements = lock(&self.judgements);
        let of_run = judgements.values().filter(|(_, judgement)| judgement.run == run);
        Ok(of_run.map(|(_, judgement)| judgement.clone()).collect())
    }

    async fn of_table(&self, table: &TableName, limit: usize) -> Result<Vec<JudgementSummary>> {
        let mut found = self.newest_first();
        found.retain(|judgement| judgement.table == *table);
        found.truncate(limit);
        Ok(found.iter().map(Judgement::summary).collect())
    }

    async fn latest(&self) -> Result<Vec<JudgementSummary>> {
        let ruled: Vec<_> = lock(&self.versions).keys().cloned().collect();
        let mut latest: BTreeMap<TableName, JudgementSummary> = BTreeMap::new();
        for judgement in self.newest_first() {
            if ruled.contains(&judgement.table) {
                latest.entry(judgement.table.clone()).or_insert(judgement.summary());
            }
        }
        Ok(latest.into_values().collect())
    }
}

impl MemoryQualityStore {
    fn newest_first(&self) -> Vec<Judgement> {
        let judgements = lock(&self.judgements);
        let mut all: Vec<_> = judgements.values().map(|(_, judgement)| judgement.clone()).collect();
        all.sort_by_key(|judgement| std::cmp::Reverse((judgement.judged_at, judgement.run)));
        all
    }
}
