//! Bringing the schema up to date.
//!
//! Each migration and the note that it was applied are one transaction, so that a process killed in
//! the middle leaves either all of it or nothing. Two processes take turns: on PostgreSQL by the
//! migrator's advisory lock, on SQLite by the lock that the caller holds.

use std::borrow::Cow;

use domain::{Error, Result};
use sqlx::AnyConnection;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlStr};

use super::failed;

/// Version, name, statements. Applied ones are never changed.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "data flow", include_str!("../../../../migrations/0001_data_flow.sql"))];

/// Applies what is missing. [`domain::ErrorKind::Conflict`] when the schema is newer than this
/// program.
pub(super) async fn run(connection: &mut AnyConnection) -> Result<()> {
    let migrator = Migrator::with_migrations(MIGRATIONS.map(migration).to_vec());
    migrator.run_direct(None, connection, false).await.map_err(explained)
}

fn migration((version, name, script): (i64, &'static str, &'static str)) -> Migration {
    let script: SqlStr = script.into_sql_str();
    Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, script, false)
}

fn explained(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            failed("bring its schema up to date")(error)
        }
        MigrateError::VersionMissing(version) => Error::conflict(format!(
            "the database was used by a newer Sluice (schema {version}): use that one or a copy \
             from before"
        )),
        other => Error::internal(format!("the database schema is not what Sluice made: {other}"))
            .with_source(other),
    }
}
