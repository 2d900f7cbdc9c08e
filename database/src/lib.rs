//! One database for all SQL adapters: SQLite or PostgreSQL, by URL alone; and its schema.
//!
//! Architecture invariant: the statements of the adapters run unchanged on both. What differs
//! (locks, transactions, limits, migrations) is said in this crate and nowhere else.

pub mod columns;
mod connect;
mod error;
mod file;
mod migrate;

use std::sync::Arc;
use std::time::Duration;

use domain::Result;
use sqlx::any::AnyArguments;
use sqlx::{Any, AssertSqlSafe, Transaction};
use sqlx::{AnyConnection, AnyPool};

use file::DatabaseFile;

pub use connect::sqlite_url;
pub use error::{damaged, failed, retrying};

/// A statement with its arguments.
pub type Statement<'q> = sqlx::query::Query<'q, Any, AnyArguments>;

/// A database with the current schema. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    backend: Backend,
    readers: AnyPool,
    /// SQLite: one connection, so that writers of this process wait here and not in SQLite.
    writers: AnyPool,
    /// SQLite: the file that was opened.
    file: Option<DatabaseFile>,
}

/// Which product stands behind the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// How long a call waits for a free connection or for a lock before it fails as unavailable.
    pub patience: Duration,
    /// Connections to PostgreSQL, or readers of SQLite.
    pub connections: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self { patience: Duration::from_secs(10), connections: 8 }
    }
}

impl Database {
    /// Opens the database at `url` and brings its schema up to date.
    ///
    /// `sqlite://<path>` creates the file (and its folder) unless `?mode=rw` or `?mode=ro` says
    /// otherwise; [`sqlite_url`] makes such a URL of any path. `postgres://…` needs an existing
    /// database. [`domain::ErrorKind::Invalid`] when the URL is not understood,
    /// [`domain::ErrorKind::Unavailable`] when the database cannot be reached or written.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(url, DatabaseSettings::default()).await
    }

    /// As [`Database::open`], with other limits.
    pub async fn open_with(url: &str, settings: DatabaseSettings) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let shared = match Backend::of(url)? {
            Backend::Sqlite => connect::sqlite(url, settings).await?,
            Backend::Postgres => connect::postgres(url, settings).await?,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether the database answers; for health checks.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1")
            .execute(self.reader()?)
            .await
            .map_err(failed("ask for an answer"))?;
        Ok(())
    }

    /// Which database it is, for people.
    pub fn kind(&self) -> &'static str {
        match self.shared.backend {
            Backend::Sqlite => "SQLite",
            Backend::Postgres => "PostgreSQL",
        }
    }

    /// Closes all connections; later calls fail as unavailable.
    pub async fn close(&self) {
        self.shared.readers.close().await;
        self.shared.writers.close().await;
    }

    /// Connections for single statements that only read.
    pub fn reader(&self) -> Result<&AnyPool> {
        self.shared.check_file()?;
        Ok(&self.shared.readers)
    }

    /// Begins a transaction that will write. It sees all that was committed before.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>> {
        self.shared.check_file()?;
        let begun = match self.shared.backend {
            Backend::Sqlite => self.shared.begin_sqlite().await,
            Backend::Postgres => self.shared.writers.begin().await,
        };
        begun.map_err(failed("begin a transaction"))
    }

    /// Writes by one statement, in a transaction of its own, and returns how many rows it changed.
    /// `doing` says in an error what could not be done, as in "keep a draft".
    pub async fn change(&self, doing: &'static str, query: Statement<'_>) -> Result<u64> {
        let mut transaction = self.begin().await?;
        let done = query.execute(&mut *transaction).await.map_err(failed(doing))?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(done.rows_affected())
    }

    /// A row by a statement that ends in its WHERE clause, locked until the transaction ends.
    /// SQLite has locked everything already.
    pub fn locking(&self, select: &str) -> AssertSqlSafe<String> {
        let lock = match self.shared.backend {
            Backend::Sqlite => "",
            Backend::Postgres => " FOR UPDATE",
        };
        AssertSqlSafe(format!("{select}{lock}"))
    }
}

impl Shared {
    async fn begin_sqlite(&self) -> sqlx::Result<Transaction<'static, Any>> {
        // A deferred transaction that reads before it writes would fail instead of waiting.
        const BEGIN: &str = "BEGIN IMMEDIATE";
        match self.writers.begin_with(BEGIN).await {
            // SQLite itself has rolled the last transaction back (the disk was full), which the
            // driver does not notice: that connection can never begin one again.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writers.acquire().await?.close().await?;
                self.writers.begin_with(BEGIN).await
            }
            begun => begun,
        }
    }

    fn check_file(&self) -> Result<()> {
        self.file.as_ref().map_or(Ok(()), DatabaseFile::check)
    }
}

impl Backend {
    fn of(url: &str) -> Result<Self> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            _ => Err(domain::Error::invalid(
                "the database URL must start with sqlite:// or postgres://, for example \
                 sqlite:///var/lib/sluice/sluice.db",
            )),
        }
    }
}

/// Runs statements of a script, one after the other, without arguments.
pub(crate) async fn run_script(connection: &mut AnyConnection, script: String) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(script)).execute(connection).await.map(drop)
}
