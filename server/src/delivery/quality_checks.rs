//! Quality rules of a release, checked against the tables as the release makes them: its files may name
//! columns and tables that are not in the catalog yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::dataset::DatasetId;
use domain::quality::Check;
use domain::table::{CatalogColumn, CatalogTable, TableName};
use domain::table_history::TableAuthor;
use domain::zone::Zone;
use domain::{ErrorKind, Result};
use etl_engine::catalog::{Catalog, MemoryCatalog};
use etl_engine::lake::Lake;
use etl_engine::quality::check_sql;
use etl_engine::query::readable::ReadableLake;
use etl_engine::query::statement::QueryStatement;
use etl_engine::raw_to_conformed::table_shape;
use etl_engine::transformation::check::OutputField;
use infra::lake_repository::{Content, Problem, QualityFile};

/// What the SQL of each transformation returns; nothing when it is wrong.
pub(super) type Outputs = BTreeMap<DatasetId, Vec<OutputField>>;

/// All that is wrong with the quality rules of a release. Rules of a table whose columns nobody knows
/// yet are left to the first run that writes it.
pub(super) async fn check_quality(
    lake: &Lake,
    content: &Content,
    outputs: &Outputs,
) -> Result<Vec<Problem>> {
    if content.quality.is_empty() {
        return Ok(Vec::new());
    }
    let tables = tables(lake, content, outputs).await?;
    let mut problems = Vec::new();
    for file in &content.quality {
        let Some(table) = tables.get(&file.table) else { continue };
        // Rules of conformed tables were held against their columns when the files were read.
        if table.zone == Zone::PurposeBuilt {
            let faults = file.rules.faults(&table.columns).into_iter();
            problems.extend(faults.map(|fault| wrong(file, &fault.field, &fault.message)));
        }
        problems.extend(check_selects(lake, &tables, file, table).await?);
    }
    Ok(problems)
}

async fn check_selects(
    lake: &Lake,
    tables: &BTreeMap<TableName, CatalogTable>,
    file: &QualityFile,
    table: &CatalogTable,
) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for (at, rule) in file.rules.rules.iter().enumerate() {
        let Check::Sql { sql } = &rule.check else { continue };
        let readable = readable(lake, tables, sql).await?;
        match check_sql(sql, &readable, table).await {
            Err(error) if error.kind() == ErrorKind::Invalid => {
                problems.push(wrong(file, &format!("rules.{at}.sql"), error.message()));
            }
            checked => checked?,
        }
    }
    Ok(problems)
}

fn wrong(file: &QualityFile, field: &str, message: &str) -> Problem {
    Problem::of_file(&file.path, format!("{field}: {message}"))
}

/// The tables that the release writes, with the columns that they will have.
async fn tables(
    lake: &Lake,
    content: &Content,
    outputs: &Outputs,
) -> Result<BTreeMap<TableName, CatalogTable>> {
    let mut tables = BTreeMap::new();
    for (dataset, file) in &content.sources {
        let own = table_shape(&file.source).new_table();
        let built = TableName::new(file.source.purpose_built_database(), dataset.table());
        let output = outputs.get(dataset).filter(|output| !output.is_empty());
        let built = match output {
            Some(output) => Some(built_table(&own, built, output)),
            None => lake.catalog.table(&built).await?,
        };
        tables.extend(built.map(|table| (table.name.clone(), table)));
        tables.insert(own.name.clone(), own);
    }
    Ok(tables)
}

fn built_table(own: &CatalogTable, name: TableName, output: &[OutputField]) -> CatalogTable {
    let own_columns = output.iter().filter(|field| !field.is_partition_key());
    let columns = own_columns.filter_map(|field| {
        let column_type = field.column_type.parse().ok()?;
        Some(CatalogColumn { name: field.name.clone(), column_type, comment: None })
    });
    CatalogTable { name, zone: Zone::PurposeBuilt, columns: columns.collect(), ..own.clone() }
}

/// What the SELECT of a rule reads: tables of the release before those of the environment.
async fn readable(
    lake: &Lake,
    tables: &BTreeMap<TableName, CatalogTable>,
    sql: &str,
) -> Result<ReadableLake> {
    let catalog = MemoryCatalog::default();
    let author = TableAuthor::Person { login: String::new() };
    for table in tables.values() {
        catalog.put_table(table, &author).await?;
    }
    let named = QueryStatement::parse(sql).map(|parsed| parsed.tables().to_vec());
    for name in named.unwrap_or_default() {
        if !tables.contains_key(&name)
            && let Some(table) = lake.catalog.table(&name).await?
        {
            catalog.put_table(&CatalogTable { version: 0, ..table }, &author).await?;
        }
    }
    Ok(ReadableLake { catalog: Arc::new(catalog), ..ReadableLake::from(lake) })
}
