//! Bringing the schema up to date.
//!
//! All missing migrations, and the notes that they were applied, are one transaction, so that a
//! process killed in the middle leaves nothing half done. Two processes take turns until that
//! transaction ends: on PostgreSQL by an advisory lock, on SQLite by the lock that the caller holds.

use std::borrow::Cow;

use domain::failpoint;
use domain::{Error, Result};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, Connection};
use sqlx::{SqlSafeStr, SqlStr};

use crate::{Backend, failed};

/// Version, name, statements. Applied ones are never changed.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "data flow", include_str!("../../migrations/0001_data_flow.sql")),
    (2, "accounts", include_str!("../../migrations/0002_accounts.sql")),
    (3, "run reports", include_str!("../../migrations/0003_run_reports.sql")),
    (4, "uploads", include_str!("../../migrations/0004_uploads.sql")),
    (5, "queries", include_str!("../../migrations/0005_queries.sql")),
    (6, "drafts", include_str!("../../migrations/0006_drafts.sql")),
    (8, "catalog history", include_str!("../../migrations/0008_catalog_history.sql")),
    (9, "quality", include_str!("../../migrations/0009_quality.sql")),
    (10, "stacks", include_str!("../../migrations/0010_stacks.sql")),
    (11, "releases", include_str!("../../migrations/0011_releases.sql")),
    (12, "pipelines", include_str!("../../migrations/0012_pipelines.sql")),
    (13, "visitors", include_str!("../../migrations/0013_visitors.sql")),
    (14, "notification routes", include_str!("../../migrations/0014_notification_routes.sql")),
    (15, "team memberships", include_str!("../../migrations/0015_team_memberships.sql")),
];

/// The same for what the two databases do not say in the same words, such as triggers.
const OF_SQLITE: &[(i64, &str, &str)] = &[(
    7,
    "append-only audit log",
    include_str!("../../migrations/0007_append_only_audit_log.sqlite.sql"),
)];
const OF_POSTGRES: &[(i64, &str, &str)] = &[(
    7,
    "append-only audit log",
    include_str!("../../migrations/0007_append_only_audit_log.postgres.sql"),
)];

/// Held until the transaction ends. The number stands for "sluice".
const LOCK: &str = "SELECT COUNT(*) FROM pg_advisory_xact_lock(126909663503205)";

/// Applies what is missing. [`domain::ErrorKind::Conflict`] when the schema is newer than this
/// program.
pub(crate) async fn run(connection: &mut AnyConnection, backend: Backend) -> Result<()> {
    let own = match backend {
        Backend::Sqlite => OF_SQLITE,
        Backend::Postgres => OF_POSTGRES,
    };
    let mut all: Vec<_> = MIGRATIONS.iter().chain(own).copied().collect();
    all.sort_by_key(|(version, ..)| *version);
    let mut migrator = Migrator::with_migrations(all.into_iter().map(migration).collect());
    // The migrator's own lock would be given back before the transaction is committed.
    migrator.set_locking(false);
    let doing = "bring its schema up to date";
    let mut transaction = connection.begin().await.map_err(failed(doing))?;
    if backend == Backend::Postgres {
        let locked = sqlx::query(LOCK).execute(&mut *transaction).await;
        locked.map_err(failed(doing))?;
    }
    migrator.run_direct(None, &mut *transaction, false).await.map_err(explained)?;
    failpoint::reach("migrate")?;
    transaction.commit().await.map_err(failed(doing))
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
