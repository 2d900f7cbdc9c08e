//! Connecting: pools and the settings of every connection.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection};

use crate::file::{DatabaseFile, MigrationLock};
use crate::{Backend, DatabaseSettings, Shared, failed, migrate, run_script};

/// The URL of a SQLite file at any path, also one with spaces or question marks.
/// [`ErrorKind::Invalid`] when the path is not UTF-8.
pub fn sqlite_url(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| {
        Error::invalid(format!("database path {} is not UTF-8: use another", path.display()))
    })?;
    let mut url = "sqlite://".to_owned();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(url)
}

/// Opens a SQLite file: WAL, every commit on disk before it is acknowledged, one writer.
pub(crate) async fn sqlite(url: &str, settings: DatabaseSettings) -> Result<Shared> {
    let path = SqliteConnectOptions::from_str(url).map_err(failed("read its URL"))?;
    let path = path.get_filename().to_owned();
    let base = url.split_once('?').map_or(url, |(base, _)| base);
    let mode = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let read_only = mode == "mode=ro";
    match mode {
        _ if base.contains(":memory:") => {
            return Err(Error::invalid("a database in memory would forget every run: name a file"));
        }
        "" | "mode=rwc" => prepare_sqlite(base, &path, true).await?,
        "mode=rw" => prepare_sqlite(base, &path, false).await?,
        "mode=ro" => {}
        _ => {
            return Err(Error::invalid(
                "the URL of a SQLite file may end in ?mode=rwc, ?mode=rw or ?mode=ro only",
            ));
        }
    }
    // Never created here: a file that vanished must not come back as an empty ledger.
    let options = options(&format!("{base}?mode={}", if read_only { "ro" } else { "rw" }))?;
    let pool = sqlite_pool(settings);
    let writers = pool.clone().max_connections(1).connect_with(options.clone()).await;
    let writers = writers.map_err(failed("open the file"))?;
    let readers = pool.max_connections(settings.connections).connect_lazy_with(options);
    let file = Some(DatabaseFile::of(&path)?);
    Ok(Shared { backend: Backend::Sqlite, readers, writers, file })
}

/// Connects to PostgreSQL.
pub(crate) async fn postgres(url: &str, settings: DatabaseSettings) -> Result<Shared> {
    let patience = settings.patience.as_millis();
    // The last one frees the rows of a process that was stopped in the middle of a transaction.
    let setup = format!(
        "SET lock_timeout = {patience}; SET statement_timeout = {}; \
         SET idle_in_transaction_session_timeout = {};",
        patience * 6,
        patience * 2
    );
    let pool = AnyPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(settings.patience)
        .after_connect(move |connection, _| Box::pin(run_script(connection, setup.clone())));
    let pool = pool.connect_with(options(url)?).await.map_err(failed("connect"))?;
    let mut connection = pool.acquire().await.map_err(failed("connect"))?;
    migrate::run(&mut connection, Backend::Postgres).await?;
    drop(connection);
    Ok(Shared { backend: Backend::Postgres, readers: pool.clone(), writers: pool, file: None })
}

/// Creates the file if allowed, switches it to WAL and migrates it, one process at a time.
async fn prepare_sqlite(base: &str, path: &Path, create: bool) -> Result<()> {
    if let (true, Some(folder)) = (create, path.parent()) {
        std::fs::create_dir_all(folder).map_err(|error| {
            let what = format!("cannot create folder {} for the database", folder.display());
            Error::new(ErrorKind::Unavailable, format!("{what}: {error}")).with_source(error)
        })?;
    }
    let _lock = MigrationLock::acquire(path).await?;
    let mode = if create { "rwc" } else { "rw" };
    let options = options(&format!("{base}?mode={mode}"))?;
    let mut connection =
        AnyConnection::connect_with(&options).await.map_err(failed("open the file"))?;
    run_script(&mut connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;".into())
        .await
        .map_err(failed("switch the file to write-ahead logging"))?;
    migrate::run(&mut connection, Backend::Sqlite).await?;
    connection.close().await.map_err(failed("close the file"))
}

fn sqlite_pool(settings: DatabaseSettings) -> AnyPoolOptions {
    let setup = format!(
        "PRAGMA busy_timeout = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        settings.patience.as_millis()
    );
    AnyPoolOptions::new()
        .acquire_timeout(settings.patience + Duration::from_secs(1))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(run_script(connection, setup.clone())))
}

/// Without logging of statements: slow ones would be logged with their text.
fn options(url: &str) -> Result<AnyConnectOptions> {
    let options = AnyConnectOptions::from_str(url).map_err(|_| {
        // The cause is left out: it could repeat a password of the URL.
        Error::invalid("the database URL is not valid: write it as postgres://user@host/database")
    })?;
    Ok(options.disable_statement_logging())
}
