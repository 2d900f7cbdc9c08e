//! The catalog port: which tables exist, where their files are, which partitions they have.
//!
//! Architecture invariant: the catalog is touched after the data, never before, and never points at
//! what is not there. Descriptions, comments and parameters that people wrote survive updates.

mod memory;
mod update;

use async_trait::async_trait;
use domain::Result;
use domain::partition::Partition;
use domain::table::{CatalogPartition, CatalogTable, TableName, TableTotals};
use domain::table_history::{TableAuthor, TableVersion};

pub use memory::MemoryCatalog;
pub use update::{TableShape, ensure_table};

/// The catalog of one environment.
#[async_trait]
pub trait Catalog: Send + Sync + std::fmt::Debug {
    /// Names of all databases that hold a table, sorted.
    async fn databases(&self) -> Result<Vec<String>>;

    /// All tables of a database (of every database when `None`), sorted by name.
    async fn tables(&self, database: Option<&str>) -> Result<Vec<CatalogTable>>;

    /// The name and version of every table, sorted by name. Much cheaper than the tables, and tells
    /// whether what was read of them is still so.
    async fn names(&self) -> Result<Vec<(TableName, u64)>>;

    /// One table; `None` when it does not exist.
    async fn table(&self, name: &TableName) -> Result<Option<CatalogTable>>;

    /// Stores a table by compare-and-swap: `table.version` is the version that was read (0 creates).
    /// Returns the new version. [`domain::ErrorKind::Conflict`] when somebody else was faster.
    /// A change of columns or descriptions goes into the table's history, in the same step.
    async fn put_table(&self, table: &CatalogTable, by: &TableAuthor) -> Result<u64>;

    /// What the table was over time, newest first; empty when it does not exist.
    async fn history(&self, name: &TableName) -> Result<Vec<TableVersion>>;

    /// Removes a table with its partitions and its history from the catalog, not its files. Absent
    /// is fine.
    async fn delete_table(&self, name: &TableName) -> Result<()>;

    /// The partitions of a table, sorted by date; only those in `only` when given.
    async fn partitions(
        &self,
        name: &TableName,
        only: Option<&[Partition]>,
    ) -> Result<Vec<CatalogPartition>>;

    /// Adds or replaces partitions. [`domain::ErrorKind::NotFound`] when the table is absent.
    async fn put_partitions(&self, name: &TableName, partitions: &[CatalogPartition])
    -> Result<()>;

    /// What every table holds over all its partitions, sorted by name.
    async fn totals(&self) -> Result<Vec<TableTotals>>;

    /// Removes partitions. Absent ones are fine.
    async fn delete_partitions(&self, name: &TableName, partitions: &[Partition]) -> Result<()>;
}
