//! Both flows over a link that loses, doubles and breaks calls, with processes killed on the way
//! (promises A1, A3, B1, C5 and C6): what is there afterwards is what would have been there anyway.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws::testing::Fault;
use serde_json::Value;

use super::data::{YELLOW, files, first_runs};
use super::site::Site;
use crate::support::sluice::WorkerProcess;

/// Calls of a thousand that meet with a fault.
const PER_MILLE: u64 = 40;
/// What an execution or a run may take with all that happens to it.
const PATIENCE: Duration = Duration::from_secs(180);
/// Seconds that a claim holds without a sign of life. A sign of life is a call too, which may meet with a
/// fault and has to be repeated.
const LEASE: &str = "5";
/// How long a question to the queue lasts at most, with a little room.
const ASKED_FOR: Duration = Duration::from_secs(3);
/// Where workers are killed, one after the other, for each file.
const KILLS: [[&str; 2]; 3] = [
    ["raw_to_conformed.committing", "conformed_to_purpose_built.committing"],
    ["raw_to_conformed.data_in_place", "conformed_to_purpose_built.data_in_place"],
    ["raw_to_conformed.in_catalog", "run.before_end"],
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a1_a3_b1_c5_c6_both_flows_survive_a_broken_link_and_kills() {
    let Some((site, link)) = Site::over_a_link().await else { return };
    let Some([_, yellow]) = files() else {
        eprintln!(
            "SKIPPED both flows over a broken link: shared/data is not beside the repository"
        );
        return;
    };
    site.push().await;
    site.well(&["bootstrap", "deployment", "--create"]);
    site.well(&["bootstrap", "target", "dev", "--create"]);
    site.well(&["bootstrap", "deployment", "--create"]);
    link.by_chance(11, PER_MILLE, &Fault::ALL);

    let execution = planned(&site);
    approve(&site, &execution);
    for place in ["delivery.stack", "delivery.executed", "delivery.data"] {
        killed(&site, place).await;
    }
    let ended = delivered(&site, execution["id"].as_str().unwrap()).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_made_once(&site).await;

    let body = std::fs::read(yellow).unwrap();
    let mut rows = 0;
    for (number, places) in KILLS.iter().enumerate() {
        let key = format!("{}/{number}.csv.gz", YELLOW.dataset);
        put(&site, &key, &body).await;
        for place in places {
            killed(&site, place).await;
        }
        rows += written(&site, &key).await;
    }
    let met: Vec<_> = link.seen().into_iter().filter_map(|(_, fault)| fault).collect();
    assert!(met.len() > 20, "only {} calls met with a fault", met.len());
    assert!(Fault::ALL.iter().all(|fault| met.contains(fault)), "{met:?}");
    link.heal();
    let runs = site.json(0, &["runs", "list"]);
    assert_eq!(first_runs(&runs).len(), KILLS.len(), "no arrival is taken for two: {runs}");
    assert_eq!(count(&site, "datalake_raw_source"), rows);
    let sql = format!("SELECT sum(count) AS n FROM datablog_arg.{}", YELLOW.table);
    let trips = site.json(0, &["query", &sql]);
    assert_eq!(trips["rows"][0]["n"].as_f64(), Some(f64::from(u32::try_from(rows).unwrap())));
    assert_eq!(site.ends(0, &["doctor"]).code(), Some(0));
}

/// Starts the pipeline until it waits for people: what fails on the way is begun again by who looks.
fn planned(site: &Site) -> Value {
    let begin = Instant::now();
    loop {
        let output = site.command(&["deploy", "--all", "--output", "json"]).output().unwrap();
        if output.status.code() == Some(3) {
            return serde_json::from_slice(&output.stdout).unwrap();
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(begin.elapsed() < PATIENCE, "{said}");
    }
}

/// A decision that is sent again, because its answer was lost, is refused and stands once.
fn approve(site: &Site, execution: &Value) {
    let (id, digest) = (execution["id"].as_str().unwrap(), execution["plan"].as_str().unwrap());
    let approve = ["approve", id, "--digest", digest];
    site.well(&approve);
    let again = site.ends(1, &approve);
    assert!(again.stderr.contains("there is nothing to decide"), "{again:?}");
    let page = site.well(&["plan", "show", id]).stdout;
    assert_eq!(page.matches(" approved at ").count(), 1, "{page}");
}

/// A worker that a failpoint kills. What it was about to do is not done, or done and not known.
async fn killed(site: &Site, place: &'static str) {
    let mut worker = worker(site, Some(&format!("{place}:kill")));
    let wait = move || worker.wait_killed_within(place, PATIENCE);
    let killed = tokio::task::spawn_blocking(wait).await;
    if killed.is_err() {
        let shown = site.json(0, &["pipelines", "list"]);
        let log = site.well(&["pipelines", "log", shown[0]["id"].as_str().unwrap()]).stdout;
        panic!("{place}: {shown}\n{log}");
    }
}

fn worker(site: &Site, failpoint: Option<&str>) -> WorkerProcess {
    let identity = site.identity();
    let mut settings: Vec<_> = identity.iter().map(|(name, value)| (*name, &**value)).collect();
    settings.extend([
        ("SLUICE_ENVIRONMENTS", r#"["dev","test","prod"]"#),
        ("SLUICE_ENGINE__LEASE_SECONDS", LEASE),
        ("SLUICE_DELIVERY__LEASE_SECONDS", LEASE),
    ]);
    WorkerProcess::delivering_with(&site.data(), failpoint, &settings)
}

async fn delivered(site: &Site, id: &str) -> Value {
    let _worker = worker(site, None);
    let begin = Instant::now();
    loop {
        let shown = site.json(0, &["pipelines", "show", id]);
        if !["QUEUED", "RUNNING"].contains(&shown["status"].as_str().unwrap()) {
            return shown;
        }
        assert!(begin.elapsed() < PATIENCE, "{shown}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Every stack was made by one change set, and none was executed after it, whatever was sent twice.
async fn assert_made_once(site: &Site) {
    let dev = site.account("dev").await;
    let stacks = aws_sdk_cloudformation::Client::new(dev.sdk());
    let mut made = BTreeMap::new();
    for stack in stacks.describe_stacks().send().await.unwrap().stacks() {
        let name = stack.stack_name().unwrap_or_default().to_owned();
        let statuses = statuses(&stacks, &name).await;
        made.insert(name, statuses);
    }
    assert_eq!(made.len(), 7, "six stacks and the bootstrap: {made:?}");
    let once = ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"];
    assert!(made.values().all(|statuses| *statuses == once), "{made:?}");
    let sql = site.json(0, &["transformations", "history", YELLOW.dataset]);
    assert_eq!(sql.as_array().map(Vec::len), Some(1), "SQL is saved once: {sql}");
}

/// What a stack itself went through, in order. Change sets that nobody executed left no more than a review,
/// which is not told.
async fn statuses(stacks: &aws_sdk_cloudformation::Client, name: &str) -> Vec<String> {
    let events = stacks.describe_stack_events().stack_name(name).into_paginator().items();
    let mut events = events.send().try_collect().await.unwrap();
    // The newest come first.
    events.reverse();
    let own = events.iter().filter(|event| event.logical_resource_id() == Some(name));
    let statuses = own.filter_map(|event| event.resource_status()).map(|status| status.as_str());
    statuses.filter(|status| *status != "REVIEW_IN_PROGRESS").map(str::to_owned).collect()
}

/// Puts a file without the link, as a producer does, once nobody asks the queue any more: the emulator
/// would hand its event to a worker that was killed while asking, and hide it from others for half a minute.
async fn put(site: &Site, key: &str, body: &[u8]) {
    tokio::time::sleep(ASKED_FOR).await;
    let s3 = aws_sdk_s3::Client::new(site.account("dev").await.sdk());
    let put = s3.put_object().bucket(site.bucket("dev", "raw")).key(key);
    put.body(body.to_vec().into()).send().await.unwrap();
}

/// Lets a worker end the run of a file. The rows that it wrote.
async fn written(site: &Site, key: &str) -> u64 {
    let _worker = worker(site, None);
    let begin = Instant::now();
    loop {
        let runs = site.json(0, &["runs", "list", "--key", key]);
        let run = first_runs(&runs).into_iter().next().unwrap_or(&Value::Null);
        if run["status"] == "SUCCEEDED" {
            let counts = &run["steps"][0]["counts"];
            let count = |name: &str| counts[name].as_u64().unwrap();
            assert_eq!(count("rows_read"), count("rows_written") + count("rows_rejected"));
            return count("rows_written");
        }
        let goes_on = ["QUEUED", "RUNNING"].contains(&run["status"].as_str().unwrap_or("QUEUED"));
        assert!(goes_on && begin.elapsed() < PATIENCE, "{runs}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn count(site: &Site, database: &str) -> u64 {
    let sql = format!("SELECT count(*) AS n FROM {database}.{}", YELLOW.table);
    site.json(0, &["query", &sql])["rows"][0]["n"].as_u64().unwrap()
}
