//! What happens when the database is down, locked, gone or read-only, and when several processes
//! migrate it at once or die doing so.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use database::{Database, DatabaseSettings, sqlite_url};
use domain::ErrorKind;
use etl_embedded::SqlRunLedger;
use etl_engine::run::{Recorded, RunFilter, RunLedger};
use etl_engine::testing::sample::{at, new_run};
use sqlx::{AnyConnection, Connection};

use crate::support::postgres::Postgres;

/// Names the database that a child process is to open, instead of doing the test.
const OPEN: &str = "SLUICE_TEST_OPEN_DATABASE";

const IMPATIENT: DatabaseSettings =
    DatabaseSettings { patience: Duration::from_millis(500), connections: 4 };

#[tokio::test]
async fn b15_a_sqlite_file_that_is_gone_or_locked_or_read_only_fails_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sluice.db");
    let url = sqlite_url(&path).unwrap();
    let ledger = ledger(Database::open_with(&url, IMPATIENT).await.unwrap());
    works(&ledger, "before.csv").await;

    let away = folder.path().join("away.db");
    std::fs::rename(&path, &away).unwrap();
    is_unavailable(&ledger, "put it back").await;
    assert!(!path.exists(), "an empty ledger was made in its place");
    std::fs::write(&path, "").unwrap();
    is_unavailable(&ledger, "replaced").await;
    std::fs::rename(&away, &path).unwrap();
    works(&ledger, "after removal.csv").await;

    let mut other = AnyConnection::connect(&url).await.unwrap();
    let lock = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    is_unavailable(&ledger, "locked").await;
    lock.rollback().await.unwrap();
    works(&ledger, "after lock.csv").await;

    let read_only = Database::open_with(&format!("{url}?mode=ro"), IMPATIENT).await.unwrap();
    let reader = SqlRunLedger::new(read_only, "dev".parse().unwrap());
    let filter = RunFilter { limit: 9, ..RunFilter::default() };
    assert_eq!(reader.list(&filter).await.unwrap().len(), 3);
    let error = reader.record(&new_run("yellow", "x.csv"), at(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn b15_a_database_that_cannot_be_opened_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below_a_file = sqlite_url(&file.join("sluice.db")).unwrap();
    let missing = format!("{}?mode=rw", sqlite_url(&folder.path().join("none.db")).unwrap());
    let nobody = "postgres://user:hunter2@127.0.0.1:9/sluice".to_owned();
    for url in [below_a_file, missing, nobody] {
        let error = Database::open_with(&url, IMPATIENT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{url}: {error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    for url in ["mysql://host/x", "sqlite::memory:", "sluice.db", "postgres://u:hunter2@[x/"] {
        let error = Database::open_with(url, IMPATIENT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}: {error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b15_b16_postgres() {
    if opened_for_the_parent().await {
        return;
    }
    let Some(mut postgres) = Postgres::start("postgres outages") else { return };
    let test = "contracts::database::b15_b16_postgres";
    migrates_once(&postgres.create_database("racing"), test).await;
    dies_while_migrating(&postgres.create_database("killed"), test).await;

    let url = postgres.create_database("outage");
    let ledger = ledger(Database::open_with(&url, IMPATIENT).await.unwrap());
    works(&ledger, "before.csv").await;
    postgres.stop();
    is_unavailable(&ledger, "").await;
    postgres.resume();
    works(&ledger, "after.csv").await;

    set_read_only(&postgres, "on");
    is_unavailable(&ledger, "read-only").await;
    set_read_only(&postgres, "off");
    works(&ledger, "after read-only.csv").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b16_sqlite_migrates_once_however_many_start_and_die() {
    if opened_for_the_parent().await {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let test = "contracts::database::b16_sqlite_migrates_once_however_many_start_and_die";
    migrates_once(&sqlite_url(&folder.path().join("racing.db")).unwrap(), test).await;
    let url = sqlite_url(&folder.path().join("killed.db")).unwrap();
    dies_while_migrating(&url, test).await;
    for delay in [20, 25, 30, 35, 40] {
        let url = sqlite_url(&folder.path().join(format!("{delay}.db"))).unwrap();
        let mut child = open_in_child(&url, test, None);
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        works(&ledger(Database::open(&url).await.unwrap()), "a.csv").await;
    }
}

/// A process is killed when all is migrated but not committed; the next one starts from nothing.
async fn dies_while_migrating(url: &str, test: &str) {
    let child = open_in_child(url, test, Some("migrate:kill"));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{}", String::from_utf8_lossy(&output.stderr));
    works(&ledger(Database::open(url).await.unwrap()), "a.csv").await;
    assert_eq!(migrations(url).await, all_migrations());
}

/// Processes open a new database at once, some of them are killed on the way, one of those when it
/// has migrated but not committed.
async fn migrates_once(url: &str, test: &str) {
    let mut killed = open_in_child(url, test, None);
    let dying = open_in_child(url, test, Some("migrate:kill"));
    let others: Vec<_> = (0..3).map(|_| open_in_child(url, test, None)).collect();
    let opened = (0..4).map(|_| Database::open(url));
    let opened = futures::future::join_all(opened).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    dying.wait_with_output().unwrap();
    for other in others {
        let output = other.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for (number, database) in opened.into_iter().enumerate() {
        works(&ledger(database.unwrap()), &format!("{number}.csv")).await;
    }
    assert_eq!(migrations(url).await, all_migrations());
}

async fn migrations(url: &str) -> usize {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let applied = sqlx::query("SELECT version FROM _sqlx_migrations");
    applied.fetch_all(&mut connection).await.unwrap().len()
}

/// Each has a number: of a file for both databases, or of one for each.
fn all_migrations() -> usize {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let numbers = names.map(|name| name.to_str().unwrap()[..4].to_owned());
    numbers.collect::<std::collections::BTreeSet<_>>().len()
}

fn open_in_child(url: &str, test: &str, failpoint: Option<&str>) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test, "--nocapture"]).env(OPEN, url);
    child.envs(failpoint.map(|armed| ("SLUICE_FAILPOINT", armed)));
    child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// In a child process: opens the database, and that is all.
async fn opened_for_the_parent() -> bool {
    let Ok(url) = std::env::var(OPEN) else { return false };
    let ledger = ledger(Database::open(&url).await.unwrap());
    assert_eq!(ledger.unknown(vec![new_run("yellow", "x").arrival]).await.unwrap().len(), 1);
    true
}

fn ledger(database: Database) -> SqlRunLedger {
    SqlRunLedger::new(database, "dev".parse().unwrap())
}

async fn works(ledger: &SqlRunLedger, file: &str) {
    let recorded = ledger.record(&new_run("yellow", file), at(0)).await.unwrap();
    assert!(matches!(recorded, Recorded::New(_)), "{recorded:?}");
}

async fn is_unavailable(ledger: &SqlRunLedger, advice: &str) {
    let error = ledger.record(&new_run("yellow", "refused.csv"), at(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.message().contains(advice), "{error}");
}

/// For this session and all that come; the present ones end.
fn set_read_only(postgres: &Postgres, value: &str) {
    postgres.sql(&format!("ALTER DATABASE outage SET default_transaction_read_only = {value}"));
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'outage'");
}
