//! The pipelines on PostgreSQL; on SQLite their suite runs with the adapter itself.

use std::sync::atomic::{AtomicUsize, Ordering};

use database::Database;
use infra_embedded::SqlPipelines;
use infra_embedded::testing::{Shared, pipelines};

use crate::support::postgres::Postgres;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pipelines_on_postgres() {
    let Some(postgres) = Postgres::start("the pipelines' suite on postgres") else { return };
    let count = AtomicUsize::new(0);
    pipelines(async || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let url = postgres.create_database(&format!("pipelines_{number}"));
        Shared {
            one: SqlPipelines::new(Database::open(&url).await.unwrap()),
            two: SqlPipelines::new(Database::open(&url).await.unwrap()),
        }
    })
    .await;
}
