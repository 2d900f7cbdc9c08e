//! The catalog in SQL: a row per table with its version for compare-and-swap, a row per partition, a
//! row per change of columns or descriptions.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::environment::EnvironmentName;
use domain::partition::Partition;
use domain::table::{CatalogPartition, CatalogTable, TableName, TableTotals};
use domain::table_history::{TableAuthor, TableVersion, is_change};
use domain::{Error, Result};
use etl_engine::catalog::Catalog;
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, query::Query};

use database::columns::{self, count, from_json, from_micros, micros, number, to_json};
use database::{Database, failed, retrying};

const DATABASES: &str = "SELECT DISTINCT database_name FROM catalog_tables WHERE environment = $1";
const NAMES: &str =
    "SELECT database_name, table_name, version FROM catalog_tables WHERE environment = $1";
const TABLES: &str = "SELECT document, version FROM catalog_tables WHERE environment = $1";
const TABLES_OF: &str =
    "SELECT document, version FROM catalog_tables WHERE environment = $1 AND database_name = $2";
const TABLE: &str = "SELECT document, version FROM catalog_tables \
     WHERE environment = $1 AND database_name = $2 AND table_name = $3";
const CREATE: &str = "INSERT INTO catalog_tables \
     (environment, database_name, table_name, document, version) VALUES ($1, $2, $3, $4, $5 + 1) \
     ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE catalog_tables SET document = $4, version = $5 + 1 \
     WHERE environment = $1 AND database_name = $2 AND table_name = $3 AND version = $5";
const ADD_HISTORY: &str = "INSERT INTO catalog_history (environment, database_name, table_name, \
     document, version, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5 + 1, $6, $7)";
const HISTORY: &str = "SELECT document, version, changed_by, changed_at FROM catalog_history \
     WHERE environment = $1 AND database_name = $2 AND table_name = $3 ORDER BY version DESC";
const DELETE: &str = "DELETE FROM catalog_tables \
     WHERE environment = $1 AND database_name = $2 AND table_name = $3";
const PARTITIONS: &str = "SELECT partition_day, row_count, byte_count, file_count, run, updated_at \
     FROM catalog_partitions WHERE environment = $1 AND database_name = $2 AND table_name = $3";
const PARTITION: &str = "SELECT partition_day, row_count, byte_count, file_count, run, updated_at \
     FROM catalog_partitions WHERE environment = $1 AND database_name = $2 AND table_name = $3 \
     AND partition_day = $4";
const PUT_PARTITION: &str = "INSERT INTO catalog_partitions (environment, database_name, \
     table_name, partition_day, row_count, byte_count, file_count, run, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
     ON CONFLICT (environment, database_name, table_name, partition_day) DO UPDATE SET \
     row_count = excluded.row_count, byte_count = excluded.byte_count, \
     file_count = excluded.file_count, run = excluded.run, updated_at = excluded.updated_at";
const TOTALS: &str = "SELECT t.document, t.version, COUNT(p.partition_day) AS partitions, \
     CAST(COALESCE(SUM(p.row_count), 0) AS BIGINT) AS row_count, \
     CAST(COALESCE(SUM(p.byte_count), 0) AS BIGINT) AS byte_count, \
     CAST(COALESCE(SUM(p.file_count), 0) AS BIGINT) AS file_count, \
     MAX(p.updated_at) AS updated_at FROM catalog_tables AS t LEFT JOIN catalog_partitions AS p \
     ON p.environment = t.environment AND p.database_name = t.database_name \
     AND p.table_name = t.table_name WHERE t.environment = $1 \
     GROUP BY t.database_name, t.table_name, t.document, t.version";
const DELETE_PARTITION: &str = "DELETE FROM catalog_partitions WHERE environment = $1 \
     AND database_name = $2 AND table_name = $3 AND partition_day = $4";

/// Fewer wanted partitions than this are read one by one, more by reading all of the table.
const ONE_BY_ONE: usize = 32;

/// The [`Catalog`] of one environment in a [`Database`].
#[derive(Debug, Clone)]
pub struct SqlCatalog {
    database: Database,
    environment: EnvironmentName,
}

impl SqlCatalog {
    /// The catalog of an environment.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment }
    }

    fn of_table(
        &self,
        statement: &'static str,
        name: &TableName,
    ) -> Query<'static, Any, AnyArguments> {
        sqlx::query(statement)
            .bind(self.environment.to_string())
            .bind(name.database.clone())
            .bind(name.table.clone())
    }

    async fn store(&self, table: &CatalogTable, by: &TableAuthor) -> Result<bool> {
        let statement = if table.version == 0 { CREATE } else { UPDATE };
        let doing = "store a table";
        let (document, version) = (to_json(table)?, number("version", table.version)?);
        let mut transaction = self.database.begin().await?;
        let before = self.of_table(TABLE, &table.name).fetch_optional(&mut *transaction).await;
        let before = before.map_err(failed(doing))?.as_ref().map(decode_table).transpose()?;
        let query = self.of_table(statement, &table.name).bind(document.clone()).bind(version);
        let done = query.execute(&mut *transaction).await.map_err(failed(doing))?;
        // When the update took effect, `before` was what it replaced: its version was the one read.
        let is_stored = done.rows_affected() == 1;
        if is_stored && is_change(before.as_ref(), table) {
            let query = self.of_table(ADD_HISTORY, &table.name).bind(document).bind(version);
            let query = query.bind(to_json(by)?).bind(micros(Timestamp::now()));
            query.execute(&mut *transaction).await.map_err(failed(doing))?;
        }
        transaction.commit().await.map_err(failed(doing))?;
        Ok(is_stored)
    }

    async fn remove(&self, name: &TableName) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        let done = self.of_table(DELETE, name).execute(&mut *transaction).await;
        done.map_err(failed("remove a table"))?;
        transaction.commit().await.map_err(failed("remove a table"))
    }

    async fn store_partitions(&self, name: &TableName, all: &[CatalogPartition]) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        let table = self.of_table(TABLE, name).fetch_optional(&mut *transaction).await;
        if table.map_err(failed("read a table"))?.is_none() {
            return Err(Error::not_found(format!("table {name} is not in the catalog")));
        }
        for partition in all {
            self.store_partition(&mut transaction, name, partition).await?;
        }
        transaction.commit().await.map_err(failed("store partitions"))
    }

    async fn store_partition(
        &self,
        connection: &mut AnyConnection,
        name: &TableName,
        partition: &CatalogPartition,
    ) -> Result<()> {
        let query = self
            .of_table(PUT_PARTITION, name)
            .bind(partition.partition.to_string())
            .bind(number("rows", partition.rows)?)
            .bind(number("bytes", partition.bytes)?)
            .bind(number("files", partition.files)?)
            .bind(partition.run.to_string())
            .bind(micros(partition.updated_at));
        query.execute(connection).await.map(drop).map_err(failed("store a partition"))
    }

    async fn remove_partitions(&self, name: &TableName, partitions: &[Partition]) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        for partition in partitions {
            let query = self.of_table(DELETE_PARTITION, name).bind(partition.to_string());
            query.execute(&mut *transaction).await.map_err(failed("remove a partition"))?;
        }
        transaction.commit().await.map_err(failed("remove partitions"))
    }

    async fn read_partitions(
        &self,
        name: &TableName,
        wanted: Option<&BTreeSet<Partition>>,
    ) -> Result<Vec<AnyRow>> {
        let reader = self.database.reader()?;
        let Some(wanted) = wanted.filter(|wanted| wanted.len() < ONE_BY_ONE) else {
            let rows = self.of_table(PARTITIONS, name).fetch_all(reader).await;
            return rows.map_err(failed("read partitions"));
        };
        let mut rows = Vec::new();
        for partition in wanted {
            let query = self.of_table(PARTITION, name).bind(partition.to_string());
            rows.extend(query.fetch_optional(reader).await.map_err(failed("read a partition"))?);
        }
        Ok(rows)
    }
}

#[async_trait]
impl Catalog for SqlCatalog {
    async fn databases(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(DATABASES)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list databases"))?;
        let mut names = rows
            .iter()
            .map(|row| columns::text(row, "database_name"))
            .collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    async fn tables(&self, database: Option<&str>) -> Result<Vec<CatalogTable>> {
        let query = match database {
            Some(name) => {
                sqlx::query(TABLES_OF).bind(self.environment.to_string()).bind(name.to_owned())
            }
            None => sqlx::query(TABLES).bind(self.environment.to_string()),
        };
        let rows = query.fetch_all(self.database.reader()?).await.map_err(failed("list tables"))?;
        let mut tables = rows.iter().map(decode_table).collect::<Result<Vec<_>>>()?;
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(tables)
    }

    async fn names(&self) -> Result<Vec<(TableName, u64)>> {
        let rows = sqlx::query(NAMES)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list tables"))?;
        let named = |row: &AnyRow| {
            let name = TableName::new(
                columns::text(row, "database_name")?,
                columns::text(row, "table_name")?,
            );
            Ok((name, count("version", columns::integer(row, "version")?)?))
        };
        let mut names = rows.iter().map(named).collect::<Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    async fn table(&self, name: &TableName) -> Result<Option<CatalogTable>> {
        let row = self.of_table(TABLE, name).fetch_optional(self.database.reader()?).await;
        row.map_err(failed("read a table"))?.as_ref().map(decode_table).transpose()
    }

    async fn put_table(&self, table: &CatalogTable, by: &TableAuthor) -> Result<u64> {
        if retrying(|| self.store(table, by)).await? {
            return Ok(table.version + 1);
        }
        Err(Error::conflict(format!("table {} was changed meanwhile: read it again", table.name)))
    }

    async fn history(&self, name: &TableName) -> Result<Vec<TableVersion>> {
        let rows = self.of_table(HISTORY, name).fetch_all(self.database.reader()?).await;
        rows.map_err(failed("read the history of a table"))?.iter().map(decode_version).collect()
    }

    async fn delete_table(&self, name: &TableName) -> Result<()> {
        retrying(|| self.remove(name)).await
    }

    async fn partitions(
        &self,
        name: &TableName,
        only: Option<&[Partition]>,
    ) -> Result<Vec<CatalogPartition>> {
        let wanted = only.map(|only| only.iter().copied().collect::<BTreeSet<_>>());
        let rows = self.read_partitions(name, wanted.as_ref()).await?;
        let mut partitions = rows.iter().map(decode_partition).collect::<Result<Vec<_>>>()?;
        partitions.retain(|stored| {
            wanted.as_ref().is_none_or(|wanted| wanted.contains(&stored.partition))
        });
        partitions.sort_by_key(|stored| stored.partition);
        Ok(partitions)
    }

    async fn put_partitions(
        &self,
        name: &TableName,
        partitions: &[CatalogPartition],
    ) -> Result<()> {
        retrying(|| self.store_partitions(name, partitions)).await
    }

    async fn totals(&self) -> Result<Vec<TableTotals>> {
        let rows = sqlx::query(TOTALS)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("sum up tables"))?;
        let mut totals = rows.iter().map(decode_totals).collect::<Result<Vec<_>>>()?;
        totals.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(totals)
    }

    async fn delete_partitions(&self, name: &TableName, partitions: &[Partition]) -> Result<()> {
        retrying(|| self.remove_partitions(name, partitions)).await
    }
}

fn decode_table(row: &AnyRow) -> Result<CatalogTable> {
    let table: CatalogTable = from_json("document", &columns::text(row, "document")?)?;
    Ok(CatalogTable { version: count("version", columns::integer(row, "version")?)?, ..table })
}

fn decode_version(row: &AnyRow) -> Result<TableVersion> {
    let by = columns::optional_text(row, "changed_by")?;
    Ok(TableVersion {
        table: decode_table(row)?,
        changed_by: by.map(|by| from_json("changed_by", &by)).transpose()?,
        changed_at: columns::optional_time(row, "changed_at")?,
    })
}

fn decode_totals(row: &AnyRow) -> Result<TableTotals> {
    let number = |column| count(column, columns::integer(row, column)?);
    let table = decode_table(row)?;
    Ok(TableTotals {
        name: table.name,
        zone: table.zone,
        partitions: number("partitions")?,
        rows: number("row_count")?,
        bytes: number("byte_count")?,
        files: number("file_count")?,
        updated_at: columns::optional_time(row, "updated_at")?,
    })
}

fn decode_partition(row: &AnyRow) -> Result<CatalogPartition> {
    let number = |column| count(column, columns::integer(row, column)?);
    Ok(CatalogPartition {
        partition: columns::parsed(("partition_day", columns::text(row, "partition_day")?))?,
        rows: number("row_count")?,
        bytes: number("byte_count")?,
        files: number("file_count")?,
        run: columns::parsed(("run", columns::text(row, "run")?))?,
        updated_at: from_micros(columns::integer(row, "updated_at")?)?,
    })
}
