//! A dataset whose SQL is worked on, with the tables that the SQL may name.

use std::collections::BTreeSet;

use domain::dataset::DatasetId;
use domain::source::Source;
use domain::table::{CatalogTable, TableName};
use domain::{Error, Result};

use super::check::{Checked, check};
use crate::lake::Lake;
use crate::query::statement::QueryStatement;
use crate::raw_to_conformed::table_shape;

/// A registered dataset and its tables.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its registration.
    pub source: Source,
    /// Its conformed table as registered. It need not be in the catalog yet.
    pub own: CatalogTable,
    /// The table that its transformation builds. It need not be in the catalog yet.
    pub built: TableName,
}

impl Subject {
    /// A dataset as it is registered now. [`domain::ErrorKind::NotFound`] when it is not.
    pub async fn of(lake: &Lake, dataset: &DatasetId) -> Result<Self> {
        match lake.sources.current(dataset).await? {
            Some(saved) => Ok(Self::from(saved.source)),
            None => Err(Error::not_found(format!(
                "dataset {dataset} is not registered: register its source before its transformation"
            ))),
        }
    }

    /// What is known about SQL that would build its table.
    pub async fn check(&self, lake: &Lake, sql: &str) -> Result<Checked> {
        let known = self.known_tables(lake, sql).await?;
        check(sql, lake.catalog.as_ref(), &known, &self.own.name).await
    }

    /// Tables that go before the catalog's: the own one as registered now, the others that the SQL
    /// names, and, when one of these is not in the catalog, those of all sources that the catalog
    /// does not have because none of their files was run yet.
    pub async fn known_tables(&self, lake: &Lake, sql: &str) -> Result<Vec<CatalogTable>> {
        let mut known = vec![self.own.clone()];
        let named = QueryStatement::parse(sql).map(|parsed| parsed.tables().to_vec());
        let named = named.unwrap_or_default();
        for name in named.iter().filter(|name| **name != self.own.name) {
            known.extend(lake.catalog.table(name).await?);
        }
        let all_known = |known: &[CatalogTable]| {
            named.iter().all(|name| known.iter().any(|table| table.name == *name))
        };
        if all_known(&known) {
            return Ok(known);
        }
        let catalogued: BTreeSet<TableName> =
            lake.catalog.names().await?.into_iter().map(|(name, _)| name).collect();
        for saved in lake.sources.list().await? {
            let source = &saved.source;
            let name = TableName::new(source.conformed_database(), source.dataset.table());
            if name != self.own.name && !catalogued.contains(&name) {
                known.push(table_shape(source).new_table());
            }
        }
        Ok(known)
    }
}

impl From<Source> for Subject {
    fn from(source: Source) -> Self {
        let own = table_shape(&source).new_table();
        let built = TableName::new(source.purpose_built_database(), source.dataset.table());
        Self { source, own, built }
    }
}
