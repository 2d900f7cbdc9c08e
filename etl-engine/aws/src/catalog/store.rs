//! Storing a table by compare-and-swap (promises A3 and A14).

use aws::{failed, kind_of};
use aws_sdk_glue::types::{StorageDescriptor, Table};
use domain::table::{CatalogTable, TableName};
use domain::table_history::TableAuthor;
use domain::{Error, ErrorKind, Result};
use uuid::Uuid;

use super::GlueCatalog;
use super::own::{Change, Own, Parameters, unchanged};
use super::table::{read_table, table_input, with_parameters};
use super::totals::Kept;
use crate::retry::when_throttled;

/// How often a write of our own parameters gives way to others.
const ATTEMPTS: usize = 8;

impl GlueCatalog {
    /// See [`etl_engine::catalog::Catalog::put_table`].
    pub(super) async fn store_table(&self, table: &CatalogTable, by: &TableAuthor) -> Result<u64> {
        self.settings.check_database(&table.name)?;
        let current = self.glue_table(&table.name).await?;
        if let Some(current) = &current {
            // A table that is not ours to keep is not taken over either.
            read_table(&self.settings, &table.name.database, current)?;
        }
        let version = current.as_ref().map_or(0, |current| Own::of(current).version());
        if version != table.version {
            return Err(changed_meanwhile(&table.name));
        }
        let id = Uuid::now_v7().to_string();
        let change = Change {
            version: version + 1,
            version_id: current.as_ref().map(|current| Own::of(current).version_id() + 1),
            by,
            id: &id,
            cascades: current.as_ref().is_some_and(|current| retypes(current, table)),
        };
        let stored = match &current {
            None => self.create(table, &change).await,
            Some(current) => self.update(table, current, &change).await,
        };
        if let Err(error) = stored {
            self.settle(&table.name, &id, error).await?;
        }
        if change.cascades {
            self.cascade(&table.name).await?;
        }
        Ok(change.version)
    }

    async fn create(&self, table: &CatalogTable, change: &Change<'_>) -> Result<()> {
        let mut nothing = Parameters::new();
        Kept::empty().write(&mut nothing)?;
        let own = |parameters: &mut Parameters| {
            parameters.extend(nothing);
            change.write(parameters);
        };
        let input = table_input(&self.settings, table, None, own)?;
        let call = || {
            let call = self.once.create_table().database_name(&table.name.database);
            call.table_input(input.clone()).send()
        };
        when_throttled(call, kind_of).await.map(drop).map_err(|error| {
            let failed = failed(&format!("create table {} in the catalog", table.name), error);
            match failed.kind() {
                ErrorKind::NotFound => Error::not_found(format!(
                    "{}: deploy the database {:?} first, or name another in the source",
                    failed.message(),
                    table.name.database
                )),
                _ => failed,
            }
        })
    }

    async fn update(
        &self,
        table: &CatalogTable,
        current: &Table,
        change: &Change<'_>,
    ) -> Result<()> {
        let unfinished = Own::of(current).has_cascade();
        let own = |parameters: &mut Parameters| {
            let kept = Own::of(current).all();
            parameters.extend(kept.into_iter().filter(|(key, _)| is_kept(key, unfinished)));
            change.write(parameters);
        };
        let input = table_input(&self.settings, table, Some(current), own)?;
        let call = || {
            self.once
                .update_table()
                .database_name(&table.name.database)
                .table_input(input.clone())
                .set_version_id(current.version_id.clone())
                .send()
        };
        let what = || format!("update table {} in the catalog", table.name);
        when_throttled(call, kind_of).await.map(drop).map_err(|error| failed(&what(), error))
    }

    /// What an error of a write means: an answer that was lost, or came twice, is found out by
    /// looking whether the change is there.
    async fn settle(&self, name: &TableName, id: &str, error: Error) -> Result<()> {
        match error.kind() {
            // A table that went away is as much a change as one that came.
            ErrorKind::Conflict | ErrorKind::Unavailable | ErrorKind::NotFound => {}
            _ => return Err(error),
        }
        let current = self.glue_table(name).await?;
        match &current {
            Some(current) if Own::of(current).is_change(id) => Ok(()),
            _ if error.kind() == ErrorKind::Conflict => Err(changed_meanwhile(name)),
            _ => Err(error),
        }
    }

    /// Changes our own parameters of a table, which makes no version of it. `change` says what they
    /// become, or `None` when nothing is to be done; it sees the table anew whenever somebody was
    /// faster. Returns what was written, if anything was. Absent tables are left alone.
    pub(super) async fn note(
        &self,
        name: &TableName,
        change: impl Fn(&Table, Parameters) -> Result<Option<Parameters>> + Sync,
    ) -> Result<Option<Parameters>> {
        for _ in 0..ATTEMPTS {
            let Some(current) = self.glue_table(name).await? else { return Ok(None) };
            let Some(parameters) = change(&current, unchanged(&current))? else {
                return Ok(None);
            };
            let input = with_parameters(&current, parameters.clone())?;
            let call = || {
                self.client
                    .update_table()
                    .database_name(&name.database)
                    .table_input(input.clone())
                    .set_version_id(current.version_id.clone())
                    // The history is about columns and descriptions, which stay as they are.
                    .skip_archive(true)
                    .send()
            };
            match when_throttled(call, kind_of).await {
                Ok(_) => return Ok(Some(parameters)),
                // Also when the first answer was lost and the call repeated: look again.
                Err(error) if kind_of(&error) == ErrorKind::Conflict => {}
                Err(error) => return Err(failed(&format!("update table {name}"), error)),
            }
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            format!("table {name} is being changed by others all the time; try again"),
        ))
    }
}

/// The notes of ours that outlive an update; texts are written anew.
fn is_kept(key: &str, unfinished_cascade: bool) -> bool {
    let is_text = key == "sluice:description" || key.starts_with("sluice:comment:");
    !is_text && (unfinished_cascade || key != "sluice:cascade")
}

/// Whether a column that partitions may have gets another type or goes.
fn retypes(current: &Table, wanted: &CatalogTable) -> bool {
    let known = current.storage_descriptor.iter().flat_map(StorageDescriptor::columns);
    known.into_iter().any(|known| {
        let same = wanted.columns.iter().find(|column| column.name == known.name);
        let kind = same.map(|column| column.column_type.to_string());
        kind.as_deref() != known.r#type.as_deref()
    })
}

fn changed_meanwhile(name: &TableName) -> Error {
    Error::conflict(format!("table {name} was changed meanwhile: read it again"))
}
