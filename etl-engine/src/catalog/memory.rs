//! The catalog in memory, for tests and for queries over nothing durable.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::partition::Partition;
use domain::table::{CatalogPartition, CatalogTable, TableName, TableTotals};
use domain::table_history::{TableAuthor, TableVersion, is_change};
use domain::{Error, Result};
use jiff::Timestamp;

use super::Catalog;
use crate::lock;

/// A [`Catalog`] that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryCatalog {
    tables: Mutex<BTreeMap<TableName, Entry>>,
}

#[derive(Debug)]
struct Entry {
    table: CatalogTable,
    partitions: BTreeMap<Partition, CatalogPartition>,
    /// Oldest first.
    history: Vec<TableVersion>,
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn databases(&self) -> Result<Vec<String>> {
        let mut names: Vec<_> =
            lock(&self.tables).keys().map(|name| name.database.clone()).collect();
        names.dedup();
        Ok(names)
    }

    async fn tables(&self, database: Option<&str>) -> Result<Vec<CatalogTable>> {
        let tables = lock(&self.tables);
        let wanted = tables
            .values()
            .filter(|entry| database.is_none_or(|database| entry.table.name.database == database));
        Ok(wanted.map(|entry| entry.table.clone()).collect())
    }

    async fn names(&self) -> Result<Vec<(TableName, u64)>> {
        let tables = lock(&self.tables);
        Ok(tables.iter().map(|(name, entry)| (name.clone(), entry.table.version)).collect())
    }

    async fn table(&self, name: &TableName) -> Result<Option<CatalogTable>> {
        Ok(lock(&self.tables).get(name).map(|entry| entry.table.clone()))
    }

    async fn put_table(&self, table: &CatalogTable, by: &TableAuthor) -> Result<u64> {
        let mut tables = lock(&self.tables);
        let before = tables.get(&table.name).map(|entry| &entry.table);
        let current = before.map_or(0, |before| before.version);
        if current != table.version {
            return Err(Error::conflict(format!("table {} was changed meanwhile", table.name)));
        }
        let stored = CatalogTable { version: current + 1, ..table.clone() };
        let point = is_change(before, &stored).then(|| TableVersion {
            table: stored.clone(),
            changed_by: Some(by.clone()),
            changed_at: Some(Timestamp::now()),
        });
        let entry = tables.entry(table.name.clone()).or_insert_with(|| Entry {
            table: stored.clone(),
            partitions: BTreeMap::new(),
            history: Vec::new(),
        });
        entry.table = stored;
        entry.history.extend(point);
        Ok(current + 1)
    }

    async fn history(&self, name: &TableName) -> Result<Vec<TableVersion>> {
        let tables = lock(&self.tables);
        let history = tables.get(name).map(|entry| entry.history.iter().rev().cloned().collect());
        Ok(history.unwrap_or_default())
    }

    async fn delete_table(&self, name: &TableName) -> Result<()> {
        lock(&self.tables).remove(name);
        Ok(())
    }

    async fn partitions(
        &self,
        name: &TableName,
        only: Option<&[Partition]>,
    ) -> Result<Vec<CatalogPartition>> {
        let tables = lock(&self.tables);
        let Some(entry) = tables.get(name) else { return Ok(Vec::new()) };
        let wanted = entry
            .partitions
            .values()
            .filter(|stored| only.is_none_or(|only| only.contains(&stored.partition)));
        Ok(wanted.cloned().collect())
    }

    async fn put_partitions(
        &self,
        name: &TableName,
        partitions: &[CatalogPartition],
    ) -> Result<()> {
        let mut tables = lock(&self.tables);
        let entry = tables
            .get_mut(name)
            .ok_or_else(|| Error::not_found(format!("table {name} is not in the catalog")))?;
        entry.partitions.extend(partitions.iter().map(|new| (new.partition, new.clone())));
        Ok(())
    }

    async fn totals(&self) -> Result<Vec<TableTotals>> {
        let tables = lock(&self.tables);
        let totals = tables.values().map(|Entry { table, partitions, .. }| TableTotals {
            name: table.name.clone(),
            zone: table.zone,
            partitions: partitions.len() as u64,
            rows: partitions.values().map(|partition| partition.rows).sum(),
            bytes: partitions.values().map(|partition| partition.bytes).sum(),
            files: partitions.values().map(|partition| partition.files).sum(),
            updated_at: partitions.values().map(|partition| partition.updated_at).max(),
        });
        Ok(totals.collect())
    }

    async fn delete_partitions(&self, name: &TableName, partitions: &[Partition]) -> Result<()> {
        if let Some(entry) = lock(&self.tables).get_mut(name) {
            entry.partitions.retain(|partition, _| !partitions.contains(partition));
        }
        Ok(())
    }
}
