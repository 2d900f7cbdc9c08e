//! The part of a lake that SQL may read.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use domain::partition::Partition;
use domain::table::{CatalogTable, TableName};
use domain::zone::Zone;
use domain::{Error, Result};
use object_store::ObjectStore;

use super::reads::ReadLog;
use super::table::CatalogTableProvider;
use crate::catalog::Catalog;
use crate::lake::Lake;

/// A table as a session takes it.
pub type NamedProvider = (TableName, Arc<dyn TableProvider>);

/// The catalog and the zones that its tables lie in: no raw zone, no ledger, nothing to write.
#[derive(Debug, Clone)]
pub struct ReadableLake {
    /// Tables and partitions.
    pub catalog: Arc<dyn Catalog>,
    /// The conformed zone.
    pub conformed: Arc<dyn ObjectStore>,
    /// The purpose-built zone.
    pub purpose_built: Arc<dyn ObjectStore>,
}

impl ReadableLake {
    /// The store of a table's zone. [`domain::ErrorKind::Internal`] for the raw zone, which holds
    /// no tables.
    pub fn store_of(&self, table: &CatalogTable) -> Result<&Arc<dyn ObjectStore>> {
        match table.zone {
            Zone::Conformed => Ok(&self.conformed),
            Zone::PurposeBuilt => Ok(&self.purpose_built),
            Zone::Raw => Err(Error::internal(format!(
                "table {} is catalogued in the raw zone, which holds no tables",
                table.name
            ))),
        }
    }

    /// The tables with all partitions that the catalog knows; their reads are reported to `log`.
    pub async fn providers(
        &self,
        tables: Vec<CatalogTable>,
        log: &Arc<ReadLog>,
    ) -> Result<Vec<NamedProvider>> {
        let mut providers = Vec::with_capacity(tables.len());
        for table in tables {
            let partitions = self.catalog.partitions(&table.name, None).await?;
            let days = partitions.into_iter().map(|stored| stored.partition).collect();
            providers.push(self.provider(table, days, log)?);
        }
        Ok(providers)
    }

    /// A table with the given partitions only.
    pub fn provider(
        &self,
        table: CatalogTable,
        partitions: Vec<Partition>,
        log: &Arc<ReadLog>,
    ) -> Result<NamedProvider> {
        let store = Arc::clone(self.store_of(&table)?);
        let provider = CatalogTableProvider::new(&table, partitions, store, Arc::clone(log));
        Ok((table.name, Arc::new(provider)))
    }
}

impl From<&Lake> for ReadableLake {
    fn from(lake: &Lake) -> Self {
        Self {
            catalog: Arc::clone(&lake.catalog),
            conformed: Arc::clone(&lake.conformed),
            purpose_built: Arc::clone(&lake.purpose_built),
        }
    }
}
