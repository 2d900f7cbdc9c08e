//! The contract suites of the delivery flow over SQLite and local files.
//! The same suites over PostgreSQL stand in tests/integration/contracts.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use database::{Database, sqlite_url};
use infra::testing;
use infra_embedded::{
    AccountRegion, FileAssetStore, FileSecretStore, GitLakeRepository, SqlParameterStore,
};
use support::simulation::stacks_under_test;

struct Fixture {
    folder: tempfile::TempDir,
    database: Database,
    count: AtomicU32,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = sqlite_url(&folder.path().join("sluice.db")).unwrap();
        let database = Database::open(&url).await.unwrap();
        Self { folder, database, count: AtomicU32::new(0) }
    }

    fn url(&self) -> String {
        sqlite_url(&self.folder.path().join("sluice.db")).unwrap()
    }

    fn number(&self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    fn account(&self) -> AccountRegion {
        AccountRegion::new(&format!("{:012}", self.number()), "eu-central-1").unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parameters_on_sqlite() {
    let fixture = Fixture::new().await;
    let make =
        async || Arc::new(SqlParameterStore::new(fixture.database.clone(), fixture.account()));
    testing::parameter_store(make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn secrets_in_files() {
    let fixture = Fixture::new().await;
    let make = async || {
        let folder = fixture.folder.path().join(format!("secrets-{}", fixture.number()));
        Arc::new(FileSecretStore::open(&folder).unwrap())
    };
    testing::secret_store(make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn assets_in_files() {
    let fixture = Fixture::new().await;
    let make = async || {
        let folder = fixture.folder.path().join(format!("assets-{}", fixture.number()));
        Arc::new(FileAssetStore::open(&folder).await.unwrap())
    };
    testing::asset_store(make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stacks_on_sqlite() {
    let fixture = Fixture::new().await;
    let second = Database::open(&fixture.url()).await.unwrap();
    let make =
        async || stacks_under_test(fixture.database.clone(), second.clone(), &fixture.account());
    testing::stack_service(make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lake_repository_in_git() {
    let fixture = Fixture::new().await;
    let make = async || {
        let folder = fixture.folder.path().join(format!("lake-{}.git", fixture.number()));
        let main = "main".parse().unwrap();
        Arc::new(GitLakeRepository::open_or_init(folder, &main).await.unwrap())
    };
    testing::lake_repository(make).await;
}
