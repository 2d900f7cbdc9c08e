//! Registering a source: everything that can be known before the first run is checked, the version
//! is saved, and what waited for it is released.

use domain::column::ColumnType;
use domain::source::{PartitionRule, Source};
use domain::table::TableName;
use domain::zone::Zone;
use domain::{Error, Result};
use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::SourceVersion;
use crate::lake::Lake;
use crate::table_files::TablePaths;

/// What registering did.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// The version that was saved.
    pub saved: SourceVersion,
    /// HELD runs of the dataset that are queued now.
    pub released: u64,
    /// What a person should know, for example of files written under other types.
    pub remarks: Vec<String>,
}

/// Saves a source as the version after `base` (0: the first), and queues the runs that were held for
/// want of it. [`domain::ErrorKind::Invalid`] when it contradicts itself or another dataset has one
/// of its tables; [`domain::ErrorKind::Conflict`] when `base` is not the current version.
pub async fn register(lake: &Lake, source: &Source, author: &str, base: u64) -> Result<Registered> {
    check(source)?;
    check_tables(lake, source).await?;
    let remarks = remarks(lake, source).await?;
    let saved = lake.sources.save(source, author, base).await?;
    let released = lake.ledger.release_held(&source.dataset, Timestamp::now()).await?;
    Ok(Registered { saved, released, remarks })
}

/// Checks a source, time zone and formats included. The error names the first fault.
pub fn check(source: &Source) -> Result<()> {
    source.validate()?;
    if let PartitionRule::IngestDate { time_zone } = &source.partition
        && let Err(error) = TimeZone::get(time_zone)
    {
        return Err(Error::invalid(format!(
            "time zone {time_zone:?} of the partition rule is not known ({error}): use an IANA \
             name such as America/New_York"
        )));
    }
    for column in &source.columns {
        let Some(format) = &column.format else { continue };
        if !matches!(column.column_type, ColumnType::Date | ColumnType::Timestamp) {
            return Err(Error::invalid(format!(
                "column {} has a format, which only dates and timestamps have: take it away",
                column.name
            )));
        }
        let sample = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        strtime::format(format, &sample).map_err(|error| {
            Error::invalid(format!(
                "format {format:?} of column {} cannot be read ({error}): write it as %Y-%m-%d",
                column.name
            ))
        })?;
    }
    Ok(())
}

/// Refuses the table names of another dataset: its files and these would become one table.
async fn check_tables(lake: &Lake, source: &Source) -> Result<()> {
    let wanted = tables(source);
    for other in lake.sources.list().await? {
        if other.source.dataset == source.dataset {
            continue;
        }
        let taken = tables(&other.source).into_iter().map(|(_, name)| name);
        if let Some(name) = taken.into_iter().find(|name| wanted.iter().any(|(_, w)| w == name)) {
            return Err(taken_by(&name, &other.source.dataset.to_string()));
        }
    }
    let paths = TablePaths::new(&source.dataset);
    for (zone, name) in wanted {
        let Some(table) = lake.catalog.table(&name).await? else { continue };
        if table.zone != zone || table.location != paths.location() {
            return Err(taken_by(&name, &format!("{}/{}", table.zone, table.location)));
        }
    }
    Ok(())
}

fn tables(source: &Source) -> [(Zone, TableName); 2] {
    let table = source.dataset.table();
    [
        (Zone::Conformed, TableName::new(source.conformed_database(), table)),
        (Zone::PurposeBuilt, TableName::new(source.purpose_built_database(), table)),
    ]
}

fn taken_by(name: &TableName, owner: &str) -> Error {
    Error::invalid(format!(
        "table {name} already belongs to {owner}: give this dataset another database"
    ))
}

/// Columns whose files on disk have another type than they would be read as.
async fn remarks(lake: &Lake, source: &Source) -> Result<Vec<String>> {
    let [(_, name), _] = tables(source);
    let Some(table) = lake.catalog.table(&name).await? else { return Ok(Vec::new()) };
    let changed = table.columns.iter().filter_map(|stored| {
        let pinned = source.column(&stored.name)?;
        let other = !stored.column_type.widens_to(pinned.column_type);
        other.then(|| {
            format!(
                "{} changes from {} to {}: files written before keep the old type, replay their \
                 runs to rewrite them",
                stored.name, stored.column_type, pinned.column_type
            )
        })
    });
    Ok(changed.collect())
}

#[cfg(test)]
mod tests {
    use domain::column::Column;
    use domain::source::{CsvDialect, Format};

    use super::*;

    fn source() -> Source {
        let format = Format::Csv(CsvDialect::default());
        let columns = vec![Column::new("id", ColumnType::BigInt)];
        Source::new("shop/orders".parse().unwrap(), "test", format, columns)
    }

    fn error_of(change: impl FnOnce(&mut Source)) -> String {
        let mut source = source();
        change(&mut source);
        check(&source).unwrap_err().to_string()
    }

    #[test]
    fn what_only_a_run_would_find_out_is_found_before() {
        check(&source()).unwrap();
        let zone = PartitionRule::IngestDate { time_zone: "Mars/Olympus".into() };
        assert!(error_of(|source| source.partition = zone).contains("Mars/Olympus"));
        assert!(error_of(|source| source.columns[0].format = Some("%d".into())).contains("only"));
        let error = error_of(|source| {
            source.columns[0] = Column::new("at", ColumnType::Date);
            source.columns[0].format = Some("%E".into());
        });
        assert!(error.contains("format \"%E\" of column at"), "{error}");
    }
}
