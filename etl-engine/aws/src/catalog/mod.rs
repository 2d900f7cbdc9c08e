//! The catalog in Glue: tables by compare-and-swap on their version, partitions in batches.
//!
//! What Sluice has to remember about a table that Glue has no place for stands in parameters that
//! begin with `sluice:`; all other parameters are people's.

mod history;
mod own;
mod partition;
mod partitions;
mod store;
mod table;
mod text;
mod totals;

use async_trait::async_trait;
use aws::{Account, failed, kind_of};
use aws_sdk_glue::Client;
use aws_sdk_glue::types::Table;
use domain::partition::Partition;
use domain::table::{CatalogPartition, CatalogTable, TableName, TableTotals};
use domain::table_history::{TableAuthor, TableVersion};
use domain::{ErrorKind, Result};
use etl_engine::catalog::Catalog;
use futures::{StreamExt, TryStreamExt, stream};

use table::{Unfit, read_table};

/// Calls that are under way at once.
const AT_ONCE: usize = 4;

/// Where the tables of one environment are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlueSettings {
    /// The Glue databases that hold tables of the lake; others are never looked at.
    pub databases: Vec<String>,
    /// The bucket of the conformed zone.
    pub conformed_bucket: String,
    /// The bucket of the purpose-built zone.
    pub purpose_built_bucket: String,
}

/// The [`Catalog`] of one environment in Glue.
///
/// Tables of the databases that Sluice could not keep (views, other partition keys, types that it
/// does not know, files outside of the zones) are left out of lists; asked for by name they are
/// [`ErrorKind::Invalid`].
#[derive(Debug, Clone)]
pub struct GlueCatalog {
    /// Repeats what may be repeated.
    client: Client,
    /// Never repeats a write of a table behind our back.
    once: Client,
    settings: GlueSettings,
}

impl GlueCatalog {
    /// The catalog of an account. Asks AWS nothing yet.
    pub fn new(account: &Account, settings: GlueSettings) -> Self {
        let client = Client::new(account.sdk());
        let once = Client::new(&account.sdk_once());
        Self { client, once, settings }
    }

    /// A table as Glue has it; `None` when it does not exist.
    async fn glue_table(&self, name: &TableName) -> Result<Option<Table>> {
        let answer =
            self.client.get_table().database_name(&name.database).name(&name.table).send().await;
        match answer {
            Ok(answer) => Ok(answer.table),
            Err(error) if kind_of(&error) == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&format!("read table {name}"), error)),
        }
    }

    /// The tables of a database as Glue has them; none when there is no such database.
    async fn glue_tables(&self, database: &str) -> Result<Vec<Table>> {
        let pages = self.client.get_tables().database_name(database).into_paginator();
        let mut pages = pages.send();
        let mut tables = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => tables.extend(page.table_list.unwrap_or_default()),
                Err(error) if kind_of(&error) == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => {
                    return Err(failed(&format!("list tables of database {database}"), error));
                }
            }
        }
        Ok(tables)
    }

    /// The tables of a database that Sluice can keep.
    async fn fitting_tables(&self, database: &str) -> Result<Vec<(Table, CatalogTable)>> {
        let tables = self.glue_tables(database).await?.into_iter();
        let read = tables.filter_map(|table| match read_table(&self.settings, database, &table) {
            Ok(read) => Some((table, read)),
            Err(Unfit(why)) => {
                tracing::debug!(database, table = table.name, why, "table left out");
                None
            }
        });
        Ok(read.collect())
    }

    /// The tables of all databases, sorted by name.
    async fn all_tables(&self) -> Result<Vec<(Table, CatalogTable)>> {
        let tables = self.settings.databases.iter().map(|database| self.fitting_tables(database));
        let mut tables: Vec<_> = at_once(tables.collect()).await?.into_iter().flatten().collect();
        tables.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        tables.dedup_by(|(_, one), (_, other)| one.name == other.name);
        Ok(tables)
    }
}

#[async_trait]
impl Catalog for GlueCatalog {
    async fn databases(&self) -> Result<Vec<String>> {
        let tables = self.all_tables().await?.into_iter();
        let mut names: Vec<_> = tables.map(|(_, table)| table.name.database).collect();
        names.dedup();
        Ok(names)
    }

    async fn tables(&self, database: Option<&str>) -> Result<Vec<CatalogTable>> {
        let tables = match database {
            None => self.all_tables().await?,
            Some(database) => {
                let mut tables = self.fitting_tables(database).await?;
                tables.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
                tables
            }
        };
        Ok(tables.into_iter().map(|(_, table)| table).collect())
    }

    async fn names(&self) -> Result<Vec<(TableName, u64)>> {
        let tables = self.all_tables().await?.into_iter();
        Ok(tables.map(|(_, table)| (table.name, table.version)).collect())
    }

    async fn table(&self, name: &TableName) -> Result<Option<CatalogTable>> {
        let Some(table) = self.glue_table(name).await? else { return Ok(None) };
        Ok(Some(read_table(&self.settings, &name.database, &table)?))
    }

    async fn put_table(&self, table: &CatalogTable, by: &TableAuthor) -> Result<u64> {
        self.store_table(table, by).await
    }

    async fn history(&self, name: &TableName) -> Result<Vec<TableVersion>> {
        self.read_history(name).await
    }

    async fn delete_table(&self, name: &TableName) -> Result<()> {
        let answer =
            self.client.delete_table().database_name(&name.database).name(&name.table).send().await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) if kind_of(&error) == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&format!("remove table {name} from the catalog"), error)),
        }
    }

    async fn partitions(
        &self,
        name: &TableName,
        only: Option<&[Partition]>,
    ) -> Result<Vec<CatalogPartition>> {
        let mut found = match only {
            None => self.every_partition(name).await?,
            Some(only) => self.some_partitions(name, only).await?,
        };
        found.sort_by_key(|found| found.partition);
        Ok(found)
    }

    async fn put_partitions(
        &self,
        name: &TableName,
        partitions: &[CatalogPartition],
    ) -> Result<()> {
        self.store_partitions(name, partitions).await
    }

    async fn totals(&self) -> Result<Vec<TableTotals>> {
        let tables = self.all_tables().await?.into_iter();
        at_once(tables.map(|table| self.totals_of(table)).collect()).await
    }

    async fn delete_partitions(&self, name: &TableName, partitions: &[Partition]) -> Result<()> {
        self.remove_partitions(name, partitions).await
    }
}

/// What all calls come to, in their order; a few are under way at once, and the first error ends all.
async fn at_once<T>(calls: Vec<impl Future<Output = Result<T>>>) -> Result<Vec<T>> {
    stream::iter(calls).buffered(AT_ONCE).try_collect().await
}
