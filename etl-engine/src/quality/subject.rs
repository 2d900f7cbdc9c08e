//! What rules are checked on: the files of a table as they would be, and what they are compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use domain::Result;
use domain::environment::EnvironmentName;
use domain::partition::Partition;
use domain::quality::{Check, Effect, QualityRules, Rule};
use domain::run::Commit;
use domain::table::CatalogTable;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::select::Select;
use crate::query::files::{DataFile, files_of};
use crate::query::readable::ReadableLake;
use crate::query::reads::ReadLog;
use crate::query::table::CatalogTableProvider;
use crate::table_files::store_error;

/// Staged files that are looked up at once.
const CONCURRENCY: usize = 16;

/// A rule that is to be checked.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) rule: Rule,
    pub(super) effect: Effect,
    /// Of a rule by SQL: the SELECT with its tables, or why it cannot run.
    pub(super) select: Option<Result<Select>>,
}

/// A table with the files that rules are checked on. Making one asks catalog and zone; checking
/// the rules reads files alone.
#[derive(Debug, Clone)]
pub struct Subject {
    pub(super) lake: ReadableLake,
    pub(super) table: CatalogTable,
    /// Files that are judged.
    pub(super) changed: Vec<DataFile>,
    /// Files of the same days that stay as they are.
    pub(super) others: Vec<DataFile>,
    /// The days of both, those that lose their last row too.
    pub(super) days: BTreeSet<Partition>,
    /// Rows of other days; asked for only when a rule needs them.
    pub(super) history: BTreeMap<Partition, u64>,
    /// Against what freshness is measured.
    pub(super) as_of: Timestamp,
    pub(super) keys: Vec<String>,
    pub(super) tasks: Vec<Task>,
}

/// A commit that is prepared, and not yet carried out.
#[derive(Debug, Clone, Copy)]
pub struct Commitment<'a> {
    /// What it moves into the table and takes out of it.
    pub commit: &'a Commit,
    /// The days that it changes.
    pub days: &'a [Partition],
}

impl Subject {
    /// A table as a commit would leave it. `as_of` is when the file landed.
    pub async fn of_commit(
        lake: ReadableLake,
        table: CatalogTable,
        commitment: Commitment<'_>,
        rules: &QualityRules,
        environment: &EnvironmentName,
        as_of: Timestamp,
    ) -> Result<Self> {
        let Commitment { commit, days } = commitment;
        let store = Arc::clone(lake.store_of(&table)?);
        let changed = staged(store.as_ref(), commit).await?;
        let mut others = files_of(store.as_ref(), &table.location, days).await?;
        let replaced: BTreeSet<_> = commit
            .moves
            .iter()
            .map(|file| file.target.as_str())
            .chain(commit.removals.iter().map(|file| file.path.as_str()))
            .collect();
        others.retain(|file| !replaced.contains(file.meta.location.as_ref()));
        let files = (changed, others);
        Self::over(lake, table, files, days, rules, environment, as_of).await
    }

    /// Days of a table as they are; all their rows are judged.
    pub async fn of_days(
        lake: ReadableLake,
        table: CatalogTable,
        days: &[Partition],
        rules: &QualityRules,
        environment: &EnvironmentName,
        as_of: Timestamp,
    ) -> Result<Self> {
        let store = Arc::clone(lake.store_of(&table)?);
        let files = files_of(store.as_ref(), &table.location, days).await?;
        Self::over(lake, table, (files, Vec::new()), days, rules, environment, as_of).await
    }

    async fn over(
        lake: ReadableLake,
        table: CatalogTable,
        (changed, others): (Vec<DataFile>, Vec<DataFile>),
        days: &[Partition],
        rules: &QualityRules,
        environment: &EnvironmentName,
        as_of: Timestamp,
    ) -> Result<Self> {
        let days: BTreeSet<_> = days.iter().copied().collect();
        let counts = |rule: &Rule| matches!(rule.check, Check::RowCount { .. });
        let mut history = BTreeMap::new();
        if rules.rules.iter().any(counts) && lake.catalog.table(&table.name).await?.is_some() {
            let stored = lake.catalog.partitions(&table.name, None).await?;
            history.extend(stored.into_iter().map(|stored| (stored.partition, stored.rows)));
            history.retain(|day, _| !days.contains(day));
        }
        let mut tasks = Vec::with_capacity(rules.rules.len());
        for rule in &rules.rules {
            let select = match &rule.check {
                Check::Sql { sql } => Some(Select::of(sql, &lake, &table).await),
                _ => None,
            };
            tasks.push(Task { rule: rule.clone(), effect: rule.effect_in(environment), select });
        }
        let keys = rules.keys.clone();
        Ok(Self { lake, table, changed, others, days, history, as_of, keys, tasks })
    }

    /// The files that are judged, as a table.
    pub(super) fn changed(&self, log: &Arc<ReadLog>) -> Result<Arc<dyn TableProvider>> {
        self.provider(self.changed.clone(), log)
    }

    /// The files that stay, as a table.
    pub(super) fn others(&self, log: &Arc<ReadLog>) -> Result<Arc<dyn TableProvider>> {
        self.provider(self.others.clone(), log)
    }

    /// The days as they would be, as a table.
    pub(super) fn whole_days(&self, log: &Arc<ReadLog>) -> Result<Arc<dyn TableProvider>> {
        let files = self.changed.iter().chain(&self.others).cloned().collect();
        self.provider(files, log)
    }

    fn provider(&self, files: Vec<DataFile>, log: &Arc<ReadLog>) -> Result<Arc<dyn TableProvider>> {
        let store = Arc::clone(self.lake.store_of(&self.table)?);
        Ok(Arc::new(CatalogTableProvider::of_files(&self.table, files, store, Arc::clone(log))))
    }
}

/// The staged files of a commit, with the sizes and eTags that they have.
async fn staged(store: &dyn ObjectStore, commit: &Commit) -> Result<Vec<DataFile>> {
    let moves = commit.moves.iter();
    let places: Vec<_> =
        moves.map(|file| (Path::from(file.staged.as_str()), file.partition)).collect();
    futures::stream::iter(places)
        .map(|(path, partition)| data_file(store, path, partition))
        .buffered(CONCURRENCY)
        .try_collect()
        .await
}

async fn data_file(store: &dyn ObjectStore, path: Path, partition: Partition) -> Result<DataFile> {
    let meta = store.head(&path).await.map_err(store_error)?;
    Ok(DataFile { partition, meta })
}
