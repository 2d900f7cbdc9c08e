//! A dataset whose SQL is worked on, with the tables that the SQL may name.

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

    /// Tables that go before the catalog's: the own one as registered now, and those of other
    /// sources that the catalog does not have because none of their files was run yet.
    pub async fn known_tables(&self, lake: &Lake, sql: &str) -> Result<Vec<CatalogTable>> {
        let mut known = vec![self.own.clone()];
        let named = QueryStatement::parse(sql).map(|parsed| parsed.tables().to_vec());
        let mut all_catalogued = true;
        for name in named.unwrap_or_default() {
            all_catalogued &= name == self.own.name || lake.catalog.table(&name).await?.is_some();
        }
        if all_catalogued {
            return Ok(known);
        }
        for saved in lake.sources.list().await? {
            let table = table_shape(&saved.source).new_table();
            if table.name != self.own.name && lake.catalog.table(&table.name).await?.is_none() {
                known.push(table);
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
