//! Servers with clients of their own, all at work at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use aws::testing::Emulator;
use aws::{Account, AwsSettings};
use domain::dataset::DatasetId;
use domain::notification::Notification;
use domain::run::{Counts, Run, RunId, RunStatus, StepStatus};
use domain::zone::Hop;
use etl_aws::DynamoDbRunLedger;
use etl_engine::run::{
    Claim, ClaimRequest, NewRun, Recorded, RunCommand, RunFilter, RunLedger, RunReports, SoFar,
};
use etl_engine::testing::sample::{new_run, step};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{account, settings};

const TABLES: [&str; 4] = ["yellow", "green", "fhv", "hvfhv"];
const FILES: usize = 6;
const RECORDERS: usize = 3;
const WORKERS: usize = 5;

/// What the workers saw.
#[derive(Debug, Default)]
struct Seen {
    at_work: HashSet<DatasetId>,
    done: HashMap<DatasetId, Vec<RunId>>,
}

/// A server of its own: nothing is shared but the tables.
async fn server(settings: &AwsSettings) -> Arc<DynamoDbRunLedger> {
    let account = Account::open(settings).await;
    Arc::new(DynamoDbRunLedger::new(&account, self::settings()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b13_servers_that_race_lose_no_run_and_work_on_none_twice() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = account(&emulator).await;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let expected = TABLES.len() * FILES;
    let mut tasks = Vec::new();
    for number in 0..RECORDERS {
        let ledger = server(account.settings()).await;
        tasks.push(tokio::spawn(record_all(ledger, number)));
    }
    for number in 0..WORKERS {
        let (ledger, seen) = (server(account.settings()).await, seen.clone());
        tasks.push(tokio::spawn(work(ledger, format!("worker-{number}"), seen, expected)));
    }
    for task in join_all(tasks).await {
        task.unwrap();
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.at_work.len(), 0);
    for done in seen.done.values() {
        assert_eq!(done.iter().collect::<HashSet<_>>().len(), FILES, "{done:?}");
    }
    let ledger = server(account.settings()).await;
    check_counts(&ledger, expected).await;
}

/// Every recorder tells of every file, as events that come more than once do.
async fn record_all(ledger: Arc<DynamoDbRunLedger>, number: usize) {
    for file in 0..FILES {
        for table in TABLES {
            let new = new_run(table, &format!("{file}.csv"));
            let recorded = ledger.record(&new, Timestamp::now()).await.unwrap();
            if let Recorded::Duplicate(run) = &recorded {
                assert!(run.original.is_some(), "recorder {number}");
            }
        }
    }
}

async fn work(
    ledger: Arc<DynamoDbRunLedger>,
    worker: String,
    seen: Arc<Mutex<Seen>>,
    expected: usize,
) {
    let lease = SignedDuration::from_secs(300);
    let request = ClaimRequest { worker, lease, max_attempts: 3 };
    let done = || seen.lock().unwrap().done.values().map(Vec::len).sum::<usize>();
    while done() < expected {
        let Some(claim) = ledger.claim(&request, Timestamp::now()).await.unwrap() else {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        let dataset = claim.run.dataset.clone();
        assert!(seen.lock().unwrap().at_work.insert(dataset.clone()), "{dataset} twice at once");
        carry_out(&ledger, &claim, &seen).await;
    }
}

async fn carry_out(ledger: &DynamoDbRunLedger, claim: &Claim, seen: &Mutex<Seen>) {
    let hop = Hop::RawToConformed;
    let begun = Run { steps: vec![step(hop, StepStatus::Running)], ..claim.run.clone() };
    ledger.checkpoint(claim, &begun, None).await.unwrap();
    let counts = Counts { rows_read: 10, rows_written: 9, rows_rejected: 1, ..Counts::default() };
    let until = Timestamp::now() + SignedDuration::from_secs(300);
    let so_far = Some(SoFar { hop, counts });
    // A worker's heartbeat and a person's wish do not wait for each other.
    let (heartbeat, asked) = tokio::join!(
        ledger.heartbeat(claim, until, so_far),
        ledger.command(claim.run.id, RunCommand::Cancel, Timestamp::now())
    );
    heartbeat.unwrap();
    assert_eq!(asked.unwrap().status, RunStatus::Running);
    let mut done = step(hop, StepStatus::Succeeded);
    done.counts = counts;
    let now = Timestamp::now();
    let status = RunStatus::Succeeded;
    let run = Run { status, steps: vec![done], finished_at: Some(now), ..claim.run.clone() };
    {
        // Before it ends, because another worker may begin the next one right after.
        let mut seen = seen.lock().unwrap();
        seen.at_work.remove(&run.dataset);
        seen.done.entry(run.dataset.clone()).or_default().push(run.id);
    }
    ledger.finish(claim, &run, &Notification::of_run(&run, now)).await.unwrap();
}

/// Counters and lists say the same as the runs.
async fn check_counts(ledger: &DynamoDbRunLedger, expected: usize) {
    let all = ledger.list(&RunFilter { limit: 10_000, ..RunFilter::default() }).await.unwrap();
    assert_eq!(all.len(), RECORDERS * expected);
    let mut counted: BTreeMap<RunStatus, u64> = BTreeMap::new();
    for run in &all {
        *counted.entry(run.status).or_default() += 1;
    }
    assert_eq!(counted.get(&RunStatus::Succeeded), Some(&(expected as u64)));
    let counted: Vec<_> = counted.into_iter().collect();
    assert_eq!(ledger.by_status().await.unwrap(), counted);
    let days = ledger.by_day(Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(days.iter().map(|day| day.runs).sum::<u64>(), all.len() as u64);
    assert_eq!(ledger.arrivals().await.unwrap().files, expected as u64);
    let rejecting = ledger.rejecting_datasets().await.unwrap();
    assert_eq!(rejecting.len(), TABLES.len());
    for rejects in rejecting {
        let files = FILES as u64;
        let sums = (rejects.runs, rejects.rows_read, rejects.rows_rejected);
        assert_eq!(sums, (files, 10 * files, files), "{}", rejects.dataset);
    }
    let request = ClaimRequest {
        worker: "last".into(),
        lease: SignedDuration::from_secs(60),
        max_attempts: 3,
    };
    assert_eq!(ledger.claim(&request, Timestamp::now()).await.unwrap(), None);
    let held = NewRun { held: Some("nobody registered it".into()), ..new_run("yellow", "held") };
    ledger.record(&held, Timestamp::now()).await.unwrap();
    let now = Timestamp::now();
    assert_eq!(ledger.release_held(&held.dataset, now).await.unwrap(), 1);
    assert!(ledger.claim(&request, now).await.unwrap().is_some());
}
