//! What a table was over time, and what sets two points apart.

use app::api::catalog::{ColumnDifference, TableDifference, TablePoint};
use domain::table::{CatalogTable, TableName};
use domain::table_history::{
    ColumnChange, ColumnPair, TableAuthor, TableVersion, is_reordered, pairs,
};
use domain::{Error, Result};
use etl_engine::lake::Lake;

use super::{comment, defined_by, table};

/// All points, newest first, each with what it changed. [`domain::ErrorKind::NotFound`] when the
/// catalog does not have the table.
pub async fn history(lake: &Lake, name: &TableName) -> Result<Vec<TablePoint>> {
    table(lake, name).await?;
    let versions = lake.catalog.history(name).await?;
    let earlier = versions.iter().skip(1).map(Some).chain([None]);
    Ok(versions.iter().zip(earlier).map(|(version, earlier)| point(version, earlier)).collect())
}

/// What sets two points apart, column by column. [`domain::ErrorKind::NotFound`] when one of them is
/// not in the history.
pub async fn compare(
    lake: &Lake,
    name: &TableName,
    before: u64,
    after: u64,
) -> Result<TableDifference> {
    let versions = lake.catalog.history(name).await?;
    let at = |wanted: u64| {
        let found = versions.iter().find(|version| version.table.version == wanted);
        found.map(|version| &version.table).ok_or_else(|| {
            Error::not_found(format!("the history of table {name} has no version {wanted}"))
        })
    };
    Ok(difference(Some(at(before)?), at(after)?))
}

fn point(version: &TableVersion, earlier: Option<&TableVersion>) -> TablePoint {
    let (run, definition_version, person) = match &version.changed_by {
        Some(TableAuthor::Run { run, definition_version }) => {
            (Some(*run), *definition_version, None)
        }
        Some(TableAuthor::Person { login }) => (None, None, Some(login.clone())),
        None => (None, None, None),
    };
    let mut change = difference(earlier.map(|earlier| &earlier.table), &version.table);
    change.columns.retain(|column| column.change != ColumnChange::Same);
    TablePoint {
        version: version.table.version,
        changed_at: version.changed_at,
        run,
        definition_version,
        defined_by: defined_by(&version.table).to_owned(),
        person,
        columns: version.table.columns.len() as u64,
        change,
    }
}

fn difference(before: Option<&CatalogTable>, after: &CatalogTable) -> TableDifference {
    let columns = before.map_or(&[] as &[_], |before| &before.columns);
    TableDifference {
        description_before: before.and_then(|before| before.description.clone()),
        description_after: after.description.clone(),
        is_reordered: is_reordered(columns, &after.columns),
        columns: pairs(columns, &after.columns).iter().map(shown).collect(),
    }
}

fn shown(pair: &ColumnPair) -> ColumnDifference {
    let (before, after) = (pair.before.as_ref(), pair.after.as_ref());
    ColumnDifference {
        name: pair.name().to_owned(),
        change: pair.change(),
        type_before: before.map(|column| column.column_type.to_string()),
        type_after: after.map(|column| column.column_type.to_string()),
        comment_before: before.and_then(comment),
        comment_after: after.and_then(comment),
    }
}
