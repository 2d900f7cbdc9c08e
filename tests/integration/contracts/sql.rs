//! The SQL adapters: the same suites on SQLite and on PostgreSQL, each case in its own environment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use database::{Database, sqlite_url};
use domain::environment::EnvironmentName;
use etl_embedded::{
    SqlCatalog, SqlOutbox, SqlQualityStore, SqlRunLedger, SqlSourceRegistry, SqlTransformationStore,
};
use etl_engine::testing::{self, LedgerUnderTest};

use crate::support::postgres::Postgres;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contracts_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder.path().join("a folder/sluice?.db")).unwrap();
    run_all(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contracts_on_postgres() {
    let Some(postgres) = Postgres::start("postgres contract suites") else { return };
    run_all(&postgres.create_database("contracts")).await;
}

async fn run_all(url: &str) {
    let database = Database::open(url).await.unwrap();
    let second = Database::open(url).await.unwrap();
    let count = AtomicUsize::new(0);
    let fresh = || -> (Database, EnvironmentName) {
        let number = count.fetch_add(1, Ordering::Relaxed);
        (database.clone(), format!("env-{number}").parse().unwrap())
    };
    let ledger = || {
        let (database, environment) = fresh();
        let ledger = Arc::new(SqlRunLedger::new(database.clone(), environment.clone()));
        LedgerUnderTest {
            ledger: ledger.clone(),
            committed: ledger.clone(),
            log: ledger.clone(),
            reports: ledger,
            second: Arc::new(SqlRunLedger::new(second.clone(), environment.clone())),
            outbox: Arc::new(SqlOutbox::new(database, environment)),
        }
    };
    testing::run_ledger(async || ledger()).await;
    testing::run_log(async || ledger()).await;
    testing::run_reports(async || ledger()).await;
    testing::outbox(async || ledger()).await;
    testing::source_registry(async || {
        let (database, environment) = fresh();
        Arc::new(SqlSourceRegistry::new(database, environment))
    })
    .await;
    testing::transformation_store(async || {
        let (database, environment) = fresh();
        Arc::new(SqlTransformationStore::new(database, environment))
    })
    .await;
    testing::quality_store(async || {
        let (database, environment) = fresh();
        Arc::new(SqlQualityStore::new(database, environment))
    })
    .await;
    testing::catalog(async || {
        let (database, environment) = fresh();
        Arc::new(SqlCatalog::new(database, environment))
    })
    .await;
    database.close().await;
}
