//! Everything that SQL can name, for completion and hover.

use std::collections::BTreeMap;

use app::api::transformations::{SqlCatalog, SqlColumn, SqlDatabase, SqlFunction, SqlTable};
use domain::Result;
use domain::partition::PARTITION_KEYS;
use domain::table::{CatalogTable, TableName};
use etl_engine::lake::Lake;
use etl_engine::query::functions::functions;
use etl_engine::raw_to_conformed::table_shape;

/// Tables of the catalog, those of sources without a run yet, and functions.
pub async fn sql_catalog(lake: &Lake) -> Result<SqlCatalog> {
    let mut tables: BTreeMap<TableName, CatalogTable> = BTreeMap::new();
    for saved in lake.sources.list().await? {
        let table = table_shape(&saved.source).new_table();
        tables.insert(table.name.clone(), table);
    }
    for table in lake.catalog.tables(None).await? {
        tables.insert(table.name.clone(), table);
    }
    let mut databases: Vec<SqlDatabase> = Vec::new();
    for (name, table) in tables {
        if databases.last().is_none_or(|last| last.name != name.database) {
            databases.push(SqlDatabase { name: name.database, tables: Vec::new() });
        }
        if let Some(database) = databases.last_mut() {
            database.tables.push(shown(table));
        }
    }
    let functions = functions()?.into_iter().map(|function| SqlFunction {
        name: function.name,
        kind: function.kind.as_str().to_owned(),
        signature: function.signature,
        about: function.about,
    });
    Ok(SqlCatalog {
        databases,
        partition_keys: PARTITION_KEYS.map(str::to_owned).to_vec(),
        functions: functions.collect(),
    })
}

fn shown(table: CatalogTable) -> SqlTable {
    let columns = table.columns.into_iter().map(|column| SqlColumn {
        name: column.name,
        column_type: column.column_type.to_string(),
        comment: column.comment.filter(|text| !text.is_empty()),
    });
    SqlTable {
        name: table.name.table,
        zone: table.zone.to_string(),
        comment: table.description,
        columns: columns.collect(),
    }
}
