//! What operators rely on: notifications, clean-up, faults of the disk, held runs, retries.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;
use std::time::Duration;

use domain::run::{RunStatus, StepStatus};
use domain::zone::Hop;
use etl_engine::run::{EngineSettings, RunCommand, clean_up};
use jiff::{SignedDuration, Timestamp};

use super::leases::until;
use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, files_below, orders, source};
use crate::support::sluice::{PATIENCE, WorkerProcess, command, sluice};

/// A server that answers 200 to every request and passes its head and body on.
fn receiver() -> (String, mpsc::Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut text = Vec::new();
            let mut buffer = [0; 4096];
            loop {
                let length = stream.read(&mut buffer).unwrap();
                text.extend_from_slice(&buffer[..length]);
                let whole = String::from_utf8_lossy(&text).into_owned();
                let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
                let head = head.to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if length.is_some_and(|length| length.trim().parse() == Ok(body.len())) {
                    let answer =
                        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    stream.write_all(answer).unwrap();
                    if sender.send((head, body.to_owned())).is_err() {
                        return;
                    }
                    break;
                }
            }
        }
    });
    (url, received)
}

#[test]
fn b10_c8_a_webhook_learns_the_outcome_under_a_stable_id() {
    let folder = tempfile::tempdir().unwrap();
    let (url, received) = receiver();
    let input = folder.path().join("a.csv");
    let registration = folder.path().join("orders.json");
    std::fs::write(&registration, serde_json::to_string(&orders()).unwrap()).unwrap();
    let lake = folder.path().join("lake");
    let args = ["sources", "register", registration.to_str().unwrap()];
    assert_eq!(sluice(&lake, &args).code(), Some(0));
    for (text, status, said) in [
        (file([(1, 1)]), "SUCCEEDED", "succeeded"),
        ("id,on_date\n1,2020-08-01\n".to_owned(), "FAILED", "FAILED"),
    ] {
        std::fs::write(&input, text).unwrap();
        let args = ["ingest", input.to_str().unwrap(), "--dataset", ORDERS, "--webhook-url", &url];
        command(&lake, &args).output().unwrap();
        let (head, body) = received.recv_timeout(PATIENCE).unwrap();
        let told: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(told["subject"], format!("[dev] shop/orders {said}: shop/orders/a.csv"));
        assert_eq!(told["body"]["status"], status);
        let id = told["id"].as_str().unwrap();
        assert!(id.starts_with(told["body"]["id"].as_str().unwrap()));
        assert!(head.contains(&format!("idempotency-key: {id}")), "{head}");
    }
    let more = received.recv_timeout(Duration::from_millis(1));
    assert!(more.is_err(), "an outcome was told twice: {more:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a17_clean_up_keeps_what_a_run_may_still_need() {
    let lake = TestLake::with_orders().await;
    let arrival = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let run = lake.record(&arrival).await.id;
    let place = "raw_to_conformed.committing";
    WorkerProcess::start(lake.path(), Some(&format!("{place}:kill"))).wait_killed(place);
    let staged = |lake: &TestLake| files_below(&lake.zone("conformed").join("_staging"));
    let needed = staged(&lake);
    assert_eq!(needed.len(), 1);
    let orphan = lake
        .zone("conformed")
        .join(format!("_staging/{}/raw_to_conformed-1/0.parquet", domain::run::RunId::generate()));
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, "left over").unwrap();

    let settings = EngineSettings::default();
    let now = Timestamp::now();
    assert_eq!(clean_up(&lake.embedded.lake, &settings, now).await.unwrap(), 0, "all is young");
    let later = now + settings.staging_grace + SignedDuration::from_mins(1);
    assert_eq!(clean_up(&lake.embedded.lake, &settings, later).await.unwrap(), 1);
    assert_eq!(staged(&lake), needed);
    lake.carry_out_all().await;
    assert_eq!(lake.run(run).await.status, RunStatus::Succeeded);

    // Replaced files go when their time is over, files of the tables never do.
    lake.ingest("shop/orders/a.csv", file([(2, 1)])).await;
    let tables = lake.table_files();
    let history = |lake: &TestLake| files_below(&lake.zone("conformed").join("_history")).len();
    assert_eq!(history(&lake), 1);
    let much_later = now + settings.history_retention + SignedDuration::from_hours(1);
    clean_up(&lake.embedded.lake, &settings, much_later).await.unwrap();
    assert_eq!(history(&lake), 0);
    assert!(lake.table_files() == tables);
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_b4_after_an_error_anywhere_the_catalog_points_at_files() {
    for place in [
        "raw_to_conformed.committing",
        "commit.before_move",
        "commit.after_move",
        "raw_to_conformed.data_in_place",
        "conformed_to_purpose_built.committing",
        "conformed_to_purpose_built.data_in_place",
    ] {
        let lake = TestLake::with_orders().await;
        let arrival = lake.land("shop/orders/a.csv", file([(1, 1)])).await;
        let run = lake.record(&arrival).await.id;
        let _worker = WorkerProcess::start(lake.path(), Some(&format!("{place}:error")));
        let failed = |run: &domain::run::Run| run.failure.is_some();
        until(&lake, run, failed).await;
        assert!(
            !lake.catalog().await.keys().any(|(table, _)| table == "shop_purpose_built.orders")
        );
        if place.starts_with("raw") || place.starts_with("commit") {
            assert!(lake.catalog().await.is_empty(), "{place}: the catalog was first");
        }
        let outcome = sluice(lake.path(), &["doctor", "--output", "json"]);
        assert_eq!(outcome.code(), Some(0), "{place}: {outcome:?}");
        drop(_worker);
        lake.carry_out_all().await;
        assert_eq!(lake.run(run).await.status, RunStatus::Succeeded, "{place}");
        lake.check_catalog().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_a_zone_that_cannot_be_written_fails_closed_and_recovers() {
    let lake = TestLake::with_orders().await;
    lake.ingest("shop/orders/a.csv", file([(1, 1)])).await;
    let before = (lake.table_files(), lake.catalog().await);
    let conformed = lake.zone("conformed");
    let aside = lake.path().join("aside");
    std::fs::rename(&conformed, &aside).unwrap();
    // A file in its place: nothing can be made below it, whoever tries.
    std::fs::write(&conformed, "").unwrap();
    let arrival = lake.land("shop/orders/a.csv", file([(2, 1)])).await;
    let run = lake.record(&arrival).await.id;
    lake.carry_out_all().await;
    let failed = lake.run(run).await;
    assert_eq!(failed.status, RunStatus::Failed, "{:?}", failed.failure);
    assert_eq!(failed.attempt, lake.embedded.settings.max_attempts);
    let outcome = sluice(lake.path(), &["doctor"]);
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");

    std::fs::remove_file(&conformed).unwrap();
    std::fs::rename(&aside, &conformed).unwrap();
    assert!((lake.table_files(), lake.catalog().await) == before, "something was written");
    let ledger = &lake.embedded.lake.ledger;
    ledger.command(run, RunCommand::Retry, Timestamp::now()).await.unwrap();
    lake.carry_out_all().await;
    assert_eq!(lake.run(run).await.status, RunStatus::Succeeded);
    lake.check_catalog().await;
}

#[test]
fn b15_a_data_folder_that_cannot_be_made_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
    let outcome = sluice(&file.join("lake"), &["doctor"]);
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("--data-dir"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_an_unknown_dataset_is_held_until_it_is_registered() {
    let lake = TestLake::new().await;
    let held = lake.ingest("shop/orders/a.csv", file([(1, 1)])).await;
    assert_eq!(held.status, RunStatus::Held);
    assert!(held.failure.unwrap().message.contains("sluice sources register"));
    assert!(lake.catalog().await.is_empty() && lake.table_files().is_empty());
    lake.register(&orders()).await;
    assert_eq!(lake.run(held.id).await.status, RunStatus::Queued);
    lake.carry_out_all().await;
    let run = lake.run(held.id).await;
    assert_eq!(run.status, RunStatus::Succeeded);
    let second = run.step(Hop::ConformedToPurposeBuilt).unwrap();
    assert_eq!(second.status, StepStatus::Skipped, "no transformation is set");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_goes_on_from_the_step_that_failed() {
    let lake = TestLake::new().await;
    lake.register(&orders()).await;
    lake.transform(ORDERS, "SELECT nothing FROM shop.orders").await;
    let run = lake.ingest("shop/orders/a.csv", file([(1, 1), (2, 1)])).await;
    assert_eq!((run.status, run.attempt), (RunStatus::Failed, 1), "repeating cannot help");
    let failure = run.failure.clone().unwrap();
    assert_eq!(failure.hop, Some(Hop::ConformedToPurposeBuilt));
    assert!(failure.message.contains("nothing"), "{}", failure.message);
    let first = run.step(Hop::RawToConformed).unwrap().clone();
    assert_eq!(first.status, StepStatus::Succeeded);

    lake.transform(ORDERS, ORDERS_SQL).await;
    // Without its file the first hop could not run again.
    std::fs::remove_file(lake.zone("raw").join("shop/orders/a.csv")).unwrap();
    let ledger = &lake.embedded.lake.ledger;
    ledger.command(run.id, RunCommand::Retry, Timestamp::now()).await.unwrap();
    lake.carry_out_all().await;
    let run = lake.run(run.id).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.failure);
    assert_eq!(run.step(Hop::RawToConformed), Some(&first), "the first hop was not repeated");
    assert_eq!(lake.query("SELECT orders FROM shop_purpose_built.orders").await, [["2"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_two_systems_with_one_table_name_do_not_meet() {
    let lake = TestLake::new().await;
    for (system, id) in [("shop", 1), ("store", 2)] {
        let dataset = format!("{system}/orders");
        lake.register(&source(&dataset)).await;
        lake.transform(&dataset, &ORDERS_SQL.replace("shop.", &format!("{system}."))).await;
        lake.ingest(&format!("{dataset}/a.csv"), file([(id, 1)])).await;
    }
    for (system, id) in [("shop", "1"), ("store", "2")] {
        let sql = format!("SELECT ids FROM {system}_purpose_built.orders");
        assert_eq!(lake.query(&sql).await, [[id]]);
    }
    // Two datasets may not share a table either: the second one fails and changes nothing.
    let mut clash = source("depot/orders");
    clash.conformed_database = Some("shop".into());
    lake.register(&clash).await;
    let before = lake.table_files();
    let run = lake.ingest("depot/orders/a.csv", file([(3, 1)])).await;
    assert_eq!((run.status, run.attempt), (RunStatus::Failed, 1), "repeating cannot help");
    assert!(run.failure.unwrap().message.contains("another database"));
    assert!(lake.table_files() == before, "the files of a refused table were written");
    assert_eq!(lake.query("SELECT id FROM shop.orders").await, [["1"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c1_c2_c5_c10_the_watch_takes_every_data_file_whatever_its_name() {
    let lake = TestLake::with_orders().await;
    let raw = lake.zone("raw");
    let long = format!("{}.csv", "x".repeat(200));
    let good = ["a b.csv", "ünï.csv", "100%.csv", "+plus.csv", &long, "2020/08/deep.csv"];
    let ignored = ["_SUCCESS", ".hidden.csv", "x.csv.part", "x.csv.tmp"];
    std::fs::create_dir_all(raw.join("shop/orders/2020/08")).unwrap();
    for (number, name) in (1..).zip(good) {
        std::fs::write(raw.join("shop/orders").join(name), file([(number, 1)])).unwrap();
    }
    for name in ignored {
        std::fs::write(raw.join("shop/orders").join(name), file([(100, 1)])).unwrap();
    }
    std::fs::write(raw.join("root.csv"), file([(100, 1)])).unwrap();
    let _worker = WorkerProcess::start(lake.path(), None);
    let begin = std::time::Instant::now();
    let done = |run: &domain::run::Run| run.status.is_terminal();
    while lake.runs().await.iter().filter(|run| done(run)).count() < good.len() {
        assert!(begin.elapsed() < PATIENCE, "{:?}", lake.runs().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let runs = lake.runs().await;
    assert_eq!(runs.len(), good.len());
    assert!(runs.iter().all(|run| run.status == RunStatus::Succeeded), "{runs:?}");
    assert_eq!(lake.query("SELECT count(*), sum(id) FROM shop.orders").await, [["6", "21"]]);
    // What names no dataset is put aside with its reason, and blocks nobody.
    let letters = std::fs::read_to_string(raw.join(".dead-letters.jsonl")).unwrap();
    assert!(letters.contains("root.csv"), "{letters}");
    lake.check_catalog().await;
}
