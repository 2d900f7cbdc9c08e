//! What a table holds over all its partitions, kept on the table so that lists need not read them.
//!
//! Partitions and their table cannot be changed in one step. So whoever changes partitions first puts
//! its mark on the table, and takes it away together with adding up what it changed. As long as there
//! is a mark, and after two writers were at it at once, the partitions themselves are read; a writer
//! that finds itself alone then counts them anew. A writer that died leaves its mark behind.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_glue::types::Table;
use domain::partition::Partition;
use domain::table::{CatalogPartition, CatalogTable, TableName, TableTotals};
use domain::{Error, Result};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::GlueCatalog;
use super::own::Parameters;

const KEY: &str = "sluice:totals";
/// No writer takes so long; its mark is left from one that died.
const DEAD_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// What is kept on a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    sum: Sum,
    /// Whether `sum` was right when the latest writer had ended.
    is_right: bool,
    /// Writers that have ever begun.
    begun: u64,
    /// Marks of those under way.
    writers: BTreeMap<String, Mark>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Mark {
    /// Counts writers.
    number: u64,
    since: Timestamp,
}

/// Partitions added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sum {
    partitions: u64,
    rows: u64,
    bytes: u64,
    files: u64,
    updated_at: Option<Timestamp>,
}

impl Sum {
    /// Of some partitions, each once.
    pub(super) fn of<'a>(partitions: impl IntoIterator<Item = &'a CatalogPartition>) -> Self {
        partitions.into_iter().fold(Self::default(), |sum, partition| Self {
            partitions: sum.partitions + 1,
            rows: sum.rows + partition.rows,
            bytes: sum.bytes + partition.bytes,
            files: sum.files + partition.files,
            updated_at: sum.updated_at.max(Some(partition.updated_at)),
        })
    }

    /// With `after` in place of `before`; `None` when only counting can tell.
    fn with(self, before: &Self, after: &Self) -> Option<Self> {
        let number = |all: u64, before: u64, after: u64| Some(all.checked_sub(before)? + after);
        // Who takes the latest partition away leaves another to be the latest.
        let is_latest = before.updated_at.is_some() && before.updated_at == self.updated_at;
        if is_latest && after.updated_at < before.updated_at {
            return None;
        }
        Some(Self {
            partitions: number(self.partitions, before.partitions, after.partitions)?,
            rows: number(self.rows, before.rows, after.rows)?,
            bytes: number(self.bytes, before.bytes, after.bytes)?,
            files: number(self.files, before.files, after.files)?,
            updated_at: self.updated_at.max(after.updated_at),
        })
    }

    /// As what a table holds.
    pub(super) fn totals(self, table: &CatalogTable) -> TableTotals {
        TableTotals {
            name: table.name.clone(),
            zone: table.zone,
            partitions: self.partitions,
            rows: self.rows,
            bytes: self.bytes,
            files: self.files,
            updated_at: self.updated_at,
        }
    }
}

impl Kept {
    /// What is kept on a table; nothing right when nothing is.
    fn on(table: &Table) -> Self {
        table.parameters.as_ref().map(Self::among).unwrap_or_default()
    }

    fn among(parameters: &Parameters) -> Self {
        let kept = parameters.get(KEY).and_then(|kept| serde_json::from_str(kept).ok());
        kept.unwrap_or_default()
    }

    /// For a table that was never written to.
    pub(super) fn empty() -> Self {
        Self { is_right: true, ..Self::default() }
    }

    /// Puts it on a table.
    pub(super) fn write(&self, parameters: &mut Parameters) -> Result<()> {
        let kept = serde_json::to_string(self).map_err(|error| {
            Error::internal("the totals of a table cannot be written").with_source(error)
        })?;
        parameters.insert(KEY.to_owned(), kept);
        Ok(())
    }

    fn written(&self, mut parameters: Parameters) -> Result<Parameters> {
        self.write(&mut parameters)?;
        Ok(parameters)
    }

    /// The sum, if it holds now.
    fn sum(&self) -> Option<Sum> {
        (self.is_right && self.writers.is_empty()).then_some(self.sum)
    }

    fn begin(&mut self, writer: &str, now: Timestamp) {
        let before = self.writers.len();
        self.writers.retain(|_, mark| now.duration_since(mark.since) < DEAD_AFTER);
        self.is_right &= self.writers.len() == before;
        self.begun += 1;
        self.writers.insert(writer.to_owned(), Mark { number: self.begun, since: now });
    }

    /// Takes a mark away. `change`: what stood in the writer's partitions before and after, if it
    /// knows.
    fn end(&mut self, writer: &str, change: Option<&(Sum, Sum)>) {
        let Some(mark) = self.writers.remove(writer) else { return };
        let was_alone = self.writers.is_empty() && mark.number == self.begun;
        let sum = change.filter(|_| was_alone && self.is_right);
        match sum.and_then(|(before, after)| self.sum.with(before, after)) {
            Some(sum) => self.sum = sum,
            None => self.is_right = false,
        }
    }
}

impl GlueCatalog {
    /// What a table holds.
    pub(super) async fn totals_of(
        &self,
        (raw, table): (Table, CatalogTable),
    ) -> Result<TableTotals> {
        let sum = match Kept::on(&raw).sum() {
            Some(sum) => sum,
            None => Sum::of(&self.every_partition(&table.name).await?),
        };
        Ok(sum.totals(&table))
    }

    /// Does `work`, which makes `after` of the partitions `days`, and keeps the table's totals.
    pub(super) async fn counting(
        &self,
        name: &TableName,
        days: BTreeSet<Partition>,
        after: Sum,
        work: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        let writer = Uuid::now_v7().to_string();
        self.mark(name, &writer).await?;
        let days: Vec<_> = days.into_iter().collect();
        let before = self.some_partitions(name, &days).await;
        let done = match &before {
            Ok(_) => work.await,
            Err(error) => Err(error.clone()),
        };
        let change = before.ok().filter(|_| done.is_ok()).map(|before| (Sum::of(&before), after));
        // The partitions are what counts; a mark that stays only makes reading totals slower.
        if let Err(error) = self.unmark(name, &writer, change.as_ref()).await {
            tracing::warn!(table = %name, %error, "the totals of a table were not kept");
        }
        done
    }

    async fn mark(&self, name: &TableName, writer: &str) -> Result<()> {
        self.note(name, |table, parameters| {
            let mut kept = Kept::on(table);
            // Seen when an answer was lost: it was marked already.
            if kept.writers.contains_key(writer) {
                return Ok(None);
            }
            kept.begin(writer, Timestamp::now());
            kept.written(parameters).map(Some)
        })
        .await
        .map(drop)
    }

    async fn unmark(
        &self,
        name: &TableName,
        writer: &str,
        change: Option<&(Sum, Sum)>,
    ) -> Result<()> {
        let ended = self.note(name, |table, parameters| {
            let mut kept = Kept::on(table);
            if !kept.writers.contains_key(writer) {
                return Ok(None);
            }
            kept.end(writer, change);
            kept.written(parameters).map(Some)
        });
        let Some(kept) = ended.await?.as_ref().map(Kept::among) else { return Ok(()) };
        if kept.is_right || !kept.writers.is_empty() {
            return Ok(());
        }
        let sum = Sum::of(&self.every_partition(name).await?);
        self.note(name, |table, parameters| {
            // Whoever began meanwhile sees that nothing is right, and counts itself.
            let now = Kept::on(table);
            let counted = Kept { sum, is_right: true, ..now.clone() };
            let same = now == kept;
            if same { counted.written(parameters).map(Some) } else { Ok(None) }
        })
        .await
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn sum(partitions: u64, rows: u64, updated_at: i64) -> Sum {
        let updated_at = (partitions > 0).then(|| at(updated_at));
        Sum { partitions, rows, bytes: rows, files: partitions, updated_at }
    }

    #[test]
    fn a_writer_alone_adds_up_what_it_changed() {
        let mut kept = Kept::empty();
        kept.begin("one", at(0));
        assert_eq!(kept.sum(), None, "not while somebody writes");
        kept.end("one", Some(&(sum(0, 0, 0), sum(3, 30, 5))));
        assert_eq!(kept.sum(), Some(sum(3, 30, 5)));
        kept.begin("two", at(1));
        kept.end("two", Some(&(sum(1, 10, 4), sum(2, 5, 9))));
        assert_eq!(kept.sum(), Some(sum(4, 25, 9)));
    }

    #[test]
    fn writers_at_once_and_writers_that_died_make_it_be_counted_anew() {
        let change = Some((sum(0, 0, 0), sum(1, 1, 1)));
        let mut kept = Kept::empty();
        kept.begin("one", at(0));
        kept.begin("two", at(0));
        kept.end("one", change.as_ref());
        kept.end("two", change.as_ref());
        assert!(kept.writers.is_empty() && kept.sum().is_none());

        let mut kept = Kept::empty();
        kept.begin("died", at(0));
        kept.begin("next", at(60));
        kept.end("next", change.as_ref());
        assert_eq!(kept.writers.len(), 1, "it may still be at work");
        kept.begin("later", at(3600));
        kept.end("later", change.as_ref());
        assert!(kept.writers.is_empty() && kept.sum().is_none());
    }

    #[test]
    fn what_only_counting_can_tell_is_not_guessed() {
        let all = sum(2, 20, 9);
        assert_eq!(all.with(&sum(1, 10, 9), &sum(0, 0, 0)), None, "the latest went");
        assert_eq!(all.with(&sum(3, 10, 1), &sum(0, 0, 0)), None, "more than there is");
        assert_eq!(all.with(&sum(1, 10, 3), &sum(0, 0, 0)), Some(sum(1, 10, 9)));
        let mut kept = Kept { sum: all, ..Kept::empty() };
        kept.begin("one", at(0));
        kept.end("one", None);
        assert_eq!(kept.sum(), None, "its work failed half way");
    }
}
