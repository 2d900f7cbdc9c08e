//! Stacks and parameters on PostgreSQL; on SQLite the same suites run in infra/embedded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use database::Database;
use infra::testing;
use infra_embedded::{AccountRegion, SqlParameterStore};

use crate::support::postgres::Postgres;

#[path = "../../../infra/embedded/tests/support/simulation.rs"]
mod simulation;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stacks_and_parameters_on_postgres() {
    let Some(postgres) = Postgres::start("postgres contract suites of stacks") else { return };
    let url = postgres.create_database("stacks");
    let database = Database::open(&url).await.unwrap();
    let second = Database::open(&url).await.unwrap();
    let count = AtomicU32::new(0);
    let account = || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        AccountRegion::new(&format!("{number:012}"), "eu-central-1").unwrap()
    };
    testing::parameter_store(async || {
        Arc::new(SqlParameterStore::new(database.clone(), account()))
    })
    .await;
    testing::stack_service(async || {
        simulation::stacks_under_test(database.clone(), second.clone(), &account())
    })
    .await;
    database.close().await;
    second.close().await;
}
