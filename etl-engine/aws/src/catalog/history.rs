//! What a table was over time, from the versions that Glue keeps of it.

use aws::{failed, kind_of};
use aws_sdk_glue::types::Table;
use domain::table::{CatalogTable, TableName};
use domain::table_history::{TableVersion, is_change};
use domain::{ErrorKind, Result};

use super::GlueCatalog;
use super::own::Own;
use super::table::read_table;

impl GlueCatalog {
    /// See [`etl_engine::catalog::Catalog::history`].
    pub(super) async fn read_history(&self, name: &TableName) -> Result<Vec<TableVersion>> {
        let mut versions = self.glue_versions(name).await?;
        versions.sort_by_key(|version| Own::of(version).version_id());
        let mut points: Vec<TableVersion> = Vec::new();
        for version in &versions {
            // What Sluice could not have kept is no point of its history.
            let Ok(table) = read_table(&self.settings, &name.database, version) else { continue };
            if is_change(before(&points), &table) {
                let own = Own::of(version);
                let (changed_by, changed_at) = (own.changed_by(), own.changed_at());
                points.push(TableVersion { table, changed_by, changed_at });
            }
        }
        points.reverse();
        Ok(points)
    }

    async fn glue_versions(&self, name: &TableName) -> Result<Vec<Table>> {
        let call = self.client.get_table_versions();
        let call = call.database_name(&name.database).table_name(&name.table);
        let mut pages = call.into_paginator().send();
        let mut versions = Vec::new();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) if kind_of(&error) == ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => {
                    return Err(failed(&format!("read the history of table {name}"), error));
                }
            };
            versions.extend(page.table_versions.into_iter().flatten().filter_map(|version| {
                let mut table = version.table?;
                table.version_id = version.version_id.or(table.version_id);
                Some(table)
            }));
        }
        Ok(versions)
    }
}

fn before(points: &[TableVersion]) -> Option<&CatalogTable> {
    points.last().map(|point| &point.table)
}
