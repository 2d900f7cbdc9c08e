//! The list of tables with their databases, and what was searched for in them.

use std::collections::BTreeMap;

use app::api::Page;
use app::api::catalog::{CatalogList, CatalogQuery, DatabaseSummary, TableSummary};
use app::api::sources::TableSize;
use domain::Result;
use domain::table::{CatalogTable, TableName, TableTotals};
use etl_engine::lake::Lake;

/// Columns that are named as places where a text was found.
const FOUND: usize = 3;

/// A page of at most `limit` tables, and all databases.
pub async fn list(lake: &Lake, query: &CatalogQuery, limit: usize) -> Result<CatalogList> {
    let totals = lake.catalog.totals().await?;
    let databases = databases(&totals);
    let totals: BTreeMap<_, _> = totals.iter().map(|totals| (&totals.name, totals)).collect();
    let wanted = query.database.as_deref().filter(|name| !name.is_empty());
    let search = query.search.as_deref().map(|text| text.trim().to_lowercase());
    let search = search.unwrap_or_default();
    let after = query.after.as_deref().and_then(|after| after.split_once('.'));
    let after = after.map(|(database, table)| TableName::new(database, table));
    let tables = lake.catalog.tables(wanted).await?;
    let tables =
        tables.into_iter().filter(|table| after.as_ref().is_none_or(|after| table.name > *after));
    let found = tables.filter_map(|table| Some((found_in(&table, &search)?, table)));
    let mut items: Vec<_> = found
        .take(limit + 1)
        .map(|(found, table)| summary(totals.get(&table.name).copied(), table, found))
        .collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more);
    let next = next.map(|last| format!("{}.{}", last.database, last.table));
    Ok(CatalogList { databases, tables: Page { items, next } })
}

fn databases(totals: &[TableTotals]) -> Vec<DatabaseSummary> {
    let mut databases: Vec<DatabaseSummary> = Vec::new();
    for table in totals {
        let name = &table.name.database;
        if databases.last().is_none_or(|last| last.name != *name) {
            let name = name.clone();
            databases.push(DatabaseSummary { name, tables: 0, rows: 0, bytes: 0 });
        }
        if let Some(database) = databases.last_mut() {
            database.tables += 1;
            database.rows += table.rows;
            database.bytes += table.bytes;
        }
    }
    databases
}

/// The columns that hold a text in lower case; `None` when nothing of the table does.
fn found_in(table: &CatalogTable, search: &str) -> Option<Vec<String>> {
    if search.is_empty() {
        return Some(Vec::new());
    }
    let holds = |text: &str| text.to_lowercase().contains(search);
    let columns = table.columns.iter();
    let columns = columns
        .filter(|column| holds(&column.name) || column.comment.as_deref().is_some_and(holds))
        .map(|column| column.name.clone())
        .take(FOUND);
    let columns: Vec<_> = columns.collect();
    let table_itself = holds(&table.name.to_string())
        || table.description.as_deref().is_some_and(holds)
        || holds(&table.location);
    (table_itself || !columns.is_empty()).then_some(columns)
}

fn summary(
    totals: Option<&TableTotals>,
    table: CatalogTable,
    found_in: Vec<String>,
) -> TableSummary {
    let size = totals.map_or_else(TableSize::default, |totals| TableSize {
        rows: totals.rows,
        bytes: totals.bytes,
        partitions: totals.partitions,
    });
    TableSummary {
        zone: table.zone.to_string(),
        description: table.description,
        columns: table.columns.len() as u64,
        size,
        updated_at: totals.and_then(|totals| totals.updated_at),
        found_in,
        database: table.name.database,
        table: table.name.table,
    }
}
