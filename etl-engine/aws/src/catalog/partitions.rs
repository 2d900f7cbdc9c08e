//! Partitions in batches. An answer to a batch is read to its end: what it leaves out, and errors of
//! single partitions in an answer that looks like success, are not passed over.

use std::collections::{BTreeMap, BTreeSet};

use aws::{failed, kind_of};
use aws_sdk_glue::types::{
    BatchUpdatePartitionRequestEntry, ErrorDetail, Partition as GluePartition, PartitionInput,
    PartitionValueList, Table,
};
use domain::partition::Partition;
use domain::table::{CatalogPartition, TableName};
use domain::{Error, ErrorKind, Result};

use super::own::{Own, without_cascade};
use super::partition::{day_of, partition_input, read_partition, with_columns_of};
use super::table::unwritable;
use super::totals::Sum;
use super::{GlueCatalog, at_once};

/// Most partitions in one call.
const BATCH: usize = 100;
/// Up to so many partitions that a batch left out are asked for one by one.
const ONE_BY_ONE: usize = 25;
/// How often partitions are written that came or went meanwhile.
const ROUNDS: usize = 4;

impl GlueCatalog {
    /// All partitions of a table; none when it does not exist. Their columns are not asked for.
    pub(super) async fn every_partition(&self, name: &TableName) -> Result<Vec<CatalogPartition>> {
        let found = self.listed(name, None, true).await?;
        read(found.iter())
    }

    /// The partitions of a table that are among `only`.
    pub(super) async fn some_partitions(
        &self,
        name: &TableName,
        only: &[Partition],
    ) -> Result<Vec<CatalogPartition>> {
        let found = self.found(name, only.iter().copied().collect()).await?;
        read(found.values())
    }

    /// See [`etl_engine::catalog::Catalog::put_partitions`].
    pub(super) async fn store_partitions(
        &self,
        name: &TableName,
        partitions: &[CatalogPartition],
    ) -> Result<()> {
        let absent = || Error::not_found(format!("table {name} is not in the catalog"));
        let table = self.glue_table(name).await?.ok_or_else(absent)?;
        if Own::of(&table).has_cascade() {
            self.cascade(name).await?;
        }
        // Of a partition that is named twice the last counts.
        let wanted: BTreeMap<_, _> =
            partitions.iter().map(|partition| (partition.partition, partition)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let (days, after) = (wanted.keys().copied().collect(), Sum::of(wanted.values().copied()));
        self.counting(name, days, after, self.store_all(name, &table, wanted)).await
    }

    async fn store_all(
        &self,
        name: &TableName,
        table: &Table,
        mut wanted: BTreeMap<Partition, &CatalogPartition>,
    ) -> Result<()> {
        for _ in 0..ROUNDS {
            let left = self.store_once(name, table, &wanted).await?;
            wanted.retain(|partition, _| left.contains(partition));
            if wanted.is_empty() {
                return Ok(());
            }
        }
        let count = wanted.len();
        Err(Error::new(
            ErrorKind::Unavailable,
            format!("{count} partitions of table {name} come and go all the time; try again"),
        ))
    }

    /// Updates what is there and creates the rest. Returns what came or went in between.
    async fn store_once(
        &self,
        name: &TableName,
        table: &Table,
        wanted: &BTreeMap<Partition, &CatalogPartition>,
    ) -> Result<BTreeSet<Partition>> {
        let there = self.found(name, wanted.keys().copied().collect()).await?;
        let (mut updates, mut creations) = (Vec::new(), Vec::new());
        for (partition, stored) in wanted {
            let current = there.get(partition);
            let input = partition_input(table, stored, current);
            match current {
                Some(current) => updates.push((current.values().to_vec(), input)),
                None => creations.push(input),
            }
        }
        let updates = updates.chunks(BATCH).map(|batch| self.update_batch(name, batch));
        let updated = at_once(updates.collect()).await?;
        let creations = creations.chunks(BATCH).map(|batch| self.create_batch(name, batch));
        let created = at_once(creations.collect()).await?;
        Ok(updated.into_iter().chain(created).flatten().collect())
    }

    /// Creates partitions. Returns those that are there already.
    async fn create_batch(
        &self,
        name: &TableName,
        batch: &[PartitionInput],
    ) -> Result<Vec<Partition>> {
        let call = self.client.batch_create_partition();
        let call = call.database_name(&name.database).table_name(&name.table);
        let answer = call.set_partition_input_list(Some(batch.to_vec())).send().await;
        let answer = answer.map_err(|error| failed(&what("add partitions to", name), error))?;
        let errors = answer.errors.unwrap_or_default().into_iter();
        let errors = errors.map(|error| (error.partition_values, error.error_detail));
        sorted_out(name, "AlreadyExistsException", errors)
    }

    /// Updates partitions. Returns those that are not there any more.
    async fn update_batch(
        &self,
        name: &TableName,
        batch: &[(Vec<String>, PartitionInput)],
    ) -> Result<Vec<Partition>> {
        let entry = |(values, input): &(Vec<String>, PartitionInput)| {
            BatchUpdatePartitionRequestEntry::builder()
                .set_partition_value_list(Some(values.clone()))
                .partition_input(input.clone())
                .build()
        };
        let entries = batch.iter().map(entry).collect::<Result<Vec<_>, _>>().map_err(unwritable)?;
        let call = self.client.batch_update_partition();
        let call = call.database_name(&name.database).table_name(&name.table);
        let answer = call.set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| failed(&what("update partitions of", name), error))?;
        let errors = answer.errors.unwrap_or_default().into_iter();
        let errors = errors.map(|error| (error.partition_value_list, error.error_detail));
        sorted_out(name, "EntityNotFoundException", errors)
    }

    /// See [`etl_engine::catalog::Catalog::delete_partitions`]. One by one: a run takes few away.
    pub(super) async fn remove_partitions(
        &self,
        name: &TableName,
        partitions: &[Partition],
    ) -> Result<()> {
        let days: BTreeSet<_> =
            self.found(name, partitions.iter().copied().collect()).await?.into_keys().collect();
        if days.is_empty() {
            return Ok(());
        }
        let removals = days.iter().map(|partition| self.remove_partition(name, *partition));
        let removals = at_once(removals.collect());
        let work = async { removals.await.map(drop) };
        self.counting(name, days.clone(), Sum::default(), work).await
    }

    async fn remove_partition(&self, name: &TableName, partition: Partition) -> Result<()> {
        let call = self.client.delete_partition();
        let call = call.database_name(&name.database).table_name(&name.table);
        match call.set_partition_values(Some(partition.values().to_vec())).send().await {
            Ok(_) => Ok(()),
            Err(error) if kind_of(&error) == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&what("remove a partition from", name), error)),
        }
    }

    /// Brings the columns of all partitions to those of the table: Athena refuses a table whose
    /// partitions have another type. Says so on the table when it is done; until then whoever
    /// stores partitions does it again.
    pub(super) async fn cascade(&self, name: &TableName) -> Result<()> {
        let Some(table) = self.glue_table(name).await? else { return Ok(()) };
        let partitions = self.listed(name, None, false).await?;
        let inputs = partitions
            .iter()
            .filter_map(|found| Some((found.values().to_vec(), with_columns_of(&table, found)?)));
        let inputs: Vec<_> = inputs.collect();
        // A partition that went meanwhile needs no columns.
        let updates = inputs.chunks(BATCH).map(|batch| self.update_batch(name, batch));
        at_once(updates.collect()).await?;
        let (done, version) = (Own::of(&table).cascade(), Own::of(&table).version());
        self.note(name, |current, parameters| {
            let own = Own::of(current);
            // Not when the columns changed once more: that is another cascade.
            let same = own.cascade() == done && own.version() == version;
            Ok(same.then(|| without_cascade(parameters)))
        })
        .await
        .map(drop)
    }

    /// The partitions among `wanted` as Glue has them.
    async fn found(
        &self,
        name: &TableName,
        wanted: BTreeSet<Partition>,
    ) -> Result<BTreeMap<Partition, GluePartition>> {
        let wanted: Vec<_> = wanted.into_iter().collect();
        let batches = wanted.chunks(BATCH).map(|batch| self.batch(name, batch));
        let (mut found, mut left) = (BTreeMap::new(), Vec::new());
        for (there, unread) in at_once(batches.collect()).await? {
            found.extend(there);
            left.extend(unread);
        }
        found.extend(self.left_out(name, &left).await?);
        Ok(found)
    }

    /// One batch: what was read of it, and what was not. Glue calls both unprocessed, what it had no
    /// time for and what does not exist, so it is asked again as long as that brings something.
    async fn batch(
        &self,
        name: &TableName,
        batch: &[Partition],
    ) -> Result<(Vec<(Partition, GluePartition)>, Vec<Partition>)> {
        let mut found = Vec::new();
        let mut keys: Vec<_> = batch.iter().map(|key| key.values().to_vec()).collect();
        loop {
            let lists = keys
                .iter()
                .map(|key| PartitionValueList::builder().set_values(Some(key.clone())).build());
            let lists = lists.collect::<Result<Vec<_>, _>>().map_err(unwritable)?;
            let call = self.client.batch_get_partition();
            let call = call.database_name(&name.database).table_name(&name.table);
            let answer = match call.set_partitions_to_get(Some(lists)).send().await {
                Ok(answer) => answer,
                Err(error) if kind_of(&error) == ErrorKind::NotFound => return Ok((found, vec![])),
                Err(error) => return Err(failed(&what("read partitions of", name), error)),
            };
            let there = answer.partitions.unwrap_or_default();
            let is_over = there.is_empty();
            found.extend(there.into_iter().filter_map(|there| Some((day_of(&there)?, there))));
            let left = answer.unprocessed_keys.unwrap_or_default();
            keys = left.into_iter().map(|left| left.values).collect();
            if keys.is_empty() || is_over {
                let left = keys.iter().filter_map(|key| match &key[..] {
                    [year, month, day] => Partition::from_values(year, month, day).ok(),
                    _ => None,
                });
                return Ok((found, left.collect()));
            }
        }
    }

    /// Those of `left` that do exist: asked for one by one, or as part of the days between them.
    async fn left_out(
        &self,
        name: &TableName,
        left: &[Partition],
    ) -> Result<Vec<(Partition, GluePartition)>> {
        if left.len() <= ONE_BY_ONE {
            let found = left.iter().map(|partition| self.one(name, *partition));
            return Ok(at_once(found.collect()).await?.into_iter().flatten().collect());
        }
        let left: BTreeSet<_> = left.iter().copied().collect();
        let range = left.first().zip(left.last()).map(|(first, last)| between(*first, *last));
        let found = self.listed(name, range, false).await?.into_iter();
        let found = found.filter_map(|found| Some((day_of(&found)?, found)));
        Ok(found.filter(|(partition, _)| left.contains(partition)).collect())
    }

    async fn one(
        &self,
        name: &TableName,
        partition: Partition,
    ) -> Result<Option<(Partition, GluePartition)>> {
        let call = self.client.get_partition();
        let call = call.database_name(&name.database).table_name(&name.table);
        match call.set_partition_values(Some(partition.values().to_vec())).send().await {
            Ok(answer) => Ok(answer.partition.map(|found| (partition, found))),
            Err(error) if kind_of(&error) == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&what("read a partition of", name), error)),
        }
    }

    /// Partitions page by page; none when the table does not exist.
    async fn listed(
        &self,
        name: &TableName,
        expression: Option<String>,
        without_columns: bool,
    ) -> Result<Vec<GluePartition>> {
        let call = self.client.get_partitions();
        let call = call.database_name(&name.database).table_name(&name.table);
        let call = call.set_expression(expression).exclude_column_schema(without_columns);
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => found.extend(page.partitions.unwrap_or_default()),
                Err(error) if kind_of(&error) == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(failed(&what("read partitions of", name), error)),
            }
        }
        Ok(found)
    }
}

fn what(doing: &str, name: &TableName) -> String {
    format!("{doing} table {name}")
}

fn read<'a>(found: impl Iterator<Item = &'a GluePartition>) -> Result<Vec<CatalogPartition>> {
    found.filter_map(|found| read_partition(found).transpose()).collect()
}

/// All days from `first` to `last`, in the words of Glue.
fn between(first: Partition, last: Partition) -> String {
    let side = |partition: Partition, than: &str| {
        let [year, month, day] = partition.values();
        format!(
            "(year {than} '{year}' OR (year = '{year}' AND (month {than} '{month}' OR \
             (month = '{month}' AND day {than}= '{day}'))))"
        )
    };
    format!("{} AND {}", side(first, ">"), side(last, "<"))
}

/// The partitions whose error has the code `expected`; any other error is one of the whole call.
fn sorted_out(
    name: &TableName,
    expected: &str,
    errors: impl Iterator<Item = (Option<Vec<String>>, Option<ErrorDetail>)>,
) -> Result<Vec<Partition>> {
    let mut found = Vec::new();
    for (values, detail) in errors {
        let values = values.unwrap_or_default();
        let (code, said) = detail.map_or((None, None), |d| (d.error_code, d.error_message));
        let code = code.unwrap_or_default();
        let day = match &values[..] {
            [year, month, day] => Partition::from_values(year, month, day).ok(),
            _ => None,
        };
        match day {
            Some(day) if code == expected => found.push(day),
            _ => {
                let said = said.unwrap_or_default();
                return Err(Error::new(
                    aws::kind_of_code(&code),
                    format!("cannot write partition {values:?} of table {name}: {said} ({code})"),
                ));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Partition {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_of_days_is_told_in_the_words_of_glue() {
        let range = between(day("2020-08-05"), day("2021-01-02"));
        assert!(range.contains("day >= '05'") && range.contains("day <= '02'"), "{range}");
        assert!(range.contains("year > '2020'") && range.contains("month < '01'"), "{range}");
        assert!(range.len() < 2048, "Glue takes no more");
    }

    #[test]
    fn b10_errors_of_single_partitions_are_errors_with_their_kind() {
        let name = TableName::new("tlc", "yellow");
        let error = |code: &str| {
            let values = ["2020", "08", "05"].map(str::to_owned).to_vec();
            let detail = ErrorDetail::builder().error_code(code).error_message("no");
            [(Some(values), Some(detail.build()))].into_iter()
        };
        let sorted = |code| sorted_out(&name, "AlreadyExistsException", error(code));
        assert_eq!(sorted("AlreadyExistsException").unwrap(), [day("2020-08-05")]);
        for (code, kind) in [
            ("AccessDeniedException", ErrorKind::Denied),
            ("ThrottlingException", ErrorKind::Throttled),
            ("InternalServiceException", ErrorKind::Unavailable),
            ("InvalidInputException", ErrorKind::Invalid),
        ] {
            assert_eq!(sorted(code).unwrap_err().kind(), kind, "{code}");
        }
    }
}
