//! Releases on PostgreSQL; on SQLite they are tested in infra/embedded.

use database::Database;
use domain::ErrorKind;
use infra::lake_repository::LakeFiles;
use infra::release::{Built, build, digest};
use infra_embedded::ReleaseStore;
use jiff::Timestamp;

use crate::support::postgres::Postgres;

const LAKE: &str = "[lake]\nlogical_id_prefix = 'Lake'\nresource_name_prefix = 'lake'\n\
    [[environments]]\nname = 'dev'\nbranch = 'main'\naccount = '111111111111'\n\
    region = 'eu-central-1'\n";

fn built(digit: &str, stack: &str) -> Built {
    let files = [("sluice.toml", LAKE), ("stacks/api.yaml", stack)];
    let files: LakeFiles = files.into_iter().collect();
    let at = Timestamp::from_microsecond(1_700_000_000_000_001).unwrap();
    build(&files, &[], digit.repeat(40).parse().unwrap(), at).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn releases_on_postgres() {
    let Some(postgres) = Postgres::start("releases on postgres") else { return };
    let database = Database::open(&postgres.create_database("releases")).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = ReleaseStore::open(database.clone(), folder.path()).await.unwrap();
    let (one, again, other) = (built("a", "1"), built("b", "1"), built("c", "2"));
    assert_eq!(one.release.id, again.release.id);
    let (first, second) = tokio::join!(store.put(&one), store.put(&one));
    first.and(second).unwrap();
    assert_eq!(store.put(&again).await.unwrap().new_assets, 0);
    assert_eq!(store.put(&other).await.unwrap().new_assets, 1);
    assert_eq!(store.get(&one.release.id).await.unwrap(), one.release, "the first commit stays");
    assert_eq!(store.recent(1).await.unwrap().len(), 1);
    assert_eq!(store.recent(10).await.unwrap().len(), 2);
    assert_eq!(store.files(&other.release).await.unwrap()["stacks/api.yaml"], b"2");
    let unknown = store.get(&digest(b"unknown")).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    database.close().await;
}
